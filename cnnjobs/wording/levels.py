"""Probabilities as people read them: p values and the levels of intervals."""

THRESHOLDS = ("0.001", "0.010", "0.050", "0.100")
"""Where three decimals may hide on which side p is."""


def p_text(p: float) -> str:
    """Return p with three decimals, or as many as show on which side of a usual level it is: "0.038", "< 0.001".

    Args:
        p: a probability.
    """
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if f"{p:.3f}" not in THRESHOLDS else f"{p:.5f}".rstrip("0")


def level_text(level: float) -> str:
    """Return the level of an interval: "95%", "98.33%".

    Args:
        level: a probability.
    """
    return f"{100 * level:.2f}".rstrip("0").rstrip(".") + "%" if level < 0.9995 else f"{100 * level:.6g}%"
