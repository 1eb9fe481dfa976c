"""Sizes of data, in words for people."""

UNITS = ("kB", "MB", "GB", "TB")
"""Each a thousand of the one before, as disks and downloads are sold."""


def data_size(count: float) -> str:
    """Return a number of bytes as people say it: 812 bytes, 3.4 kB, 25 MB, 6.4 GB."""
    if round(count) < 1000:
        return f"{round(count)} byte" + ("s" if round(count) != 1 else "")
    size = float(count)
    for unit in UNITS:
        size /= 1000
        if float(f"{size:.2g}") < 10:
            return f"{size:.1f} {unit}"
        if round(size) < 1000:
            return f"{size:.0f} {unit}"
    return f"{size:,.0f} {UNITS[-1]}"
