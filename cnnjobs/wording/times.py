"""Moments and lengths of time, in words for people."""

import time


def clock_time(at: float) -> str:
    """Return a moment, in seconds since 1970, as this machine's clocks show it."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def duration(seconds: float) -> str:
    """Return seconds as people say them: 8 s, 3 min, 2 h 05 min."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
