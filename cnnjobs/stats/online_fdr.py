"""Significance levels for a stream of tests that limit the false discovery rate of the accepted ones.

A test's level depends on how many were accepted before it, never on tests to come. The rule is LORD++ of Ramdas, Yang,
Wainwright and Jordan, Online control of the false discovery rate with decaying memory (NeurIPS 2017, arXiv 1710.00499),
after Javanmard and Montanari (Annals of Statistics 46, 2018). It controls the false discovery rate for independent
p-values, and only needs to know whether each test was accepted. SAFFRON (Ramdas, Zrnic, Wainwright and Jordan, ICML
2018, arXiv 1802.09098), which needs every p, did not accept more true effects in simulated streams. If tests begin
before others have ended, an acceptance counts from the time when it is known: Zrnic, Ramdas and Jordan, Asynchronous
online testing of multiple hypotheses (JMLR 22, 2021).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import zeta

from cnnjobs.stats.outcomes import ALPHA, Reals

LORD_SUM = 0.07720838
"""Normalises the sequence of Javanmard and Montanari to the sum 1."""

POWER = 1.6
"""Exponent of the sequence that Ramdas et al. (2018) use."""

Gamma = Callable[[ArrayLike], Reals]
"""Maps j = 1, 2, ... to the share of the wealth for the j-th test after a gain; decreases, and sums to at most 1."""


def long_memory(j: ArrayLike) -> Reals:
    """Return log(max(j, 2)) / (j exp(sqrt(log j))), scaled: the sequence of LORD's authors, for thousands of tests.

    Args:
        j: number of tests since a gain, of any shape, at least 1.

    Example:
        >>> [round(float(long_memory(j)), 5) for j in (1, 2, 100)]
        [0.05352, 0.01164, 0.00042]
    """
    tests = np.asarray(j, dtype=np.float64)
    gamma: Reals = LORD_SUM * np.log(np.maximum(tests, 2.0)) / (tests * np.exp(np.sqrt(np.log(tests))))
    return gamma


def short_memory(j: ArrayLike) -> Reals:
    """Return j^-1.6, scaled: the sequence of Ramdas et al. (2018), which gives more to the first tests.

    Args:
        j: number of tests since a gain, of any shape, at least 1.

    Example:
        >>> [round(float(short_memory(j)), 5) for j in (1, 2, 100)]
        [0.43749, 0.14432, 0.00028]
    """
    gamma: Reals = np.asarray(j, dtype=np.float64) ** -POWER / zeta(POWER)
    return gamma


def lord_level(
    number: int,
    accepted: Sequence[int] = (),
    alpha: float = ALPHA,
    wealth: float | None = None,
    gamma: Gamma = short_memory,
) -> float:
    """Return the level of a test by LORD++.

    Args:
        number: number of the test, counted from 1.
        accepted: one entry for each test that was accepted and known to be accepted before this one began: the number
            of the last test that had begun when it became known. If there is one test at a time, that is its own
            number.
        alpha: false discovery rate of the stream.
        wealth: the initial wealth, which the first tests share, above 0 and below `alpha`; None for half of `alpha`.
        gamma: sequence by which wealth is spent.

    Example:
        >>> round(lord_level(1), 5), round(lord_level(2), 5), round(lord_level(2, accepted=[1]), 5)
        (0.01094, 0.00361, 0.01455)
    """
    start = alpha / 2 if wealth is None else wealth
    level = start * float(gamma(number))
    for place, known in enumerate(sorted(accepted)):
        level += (alpha if place else alpha - start) * float(gamma(number - known))
    return level


def lord_levels(
    p_values: Sequence[float], alpha: float = ALPHA, wealth: float | None = None, gamma: Gamma = short_memory
) -> Reals:
    """Return the levels of consecutive tests by LORD++; a test is accepted if its p is at most its level.

    Args:
        p_values: (tests,) in their order.
        alpha: as for `lord_level`.
        wealth: as for `lord_level`.
        gamma: as for `lord_level`.

    Returns:
        (tests,) levels.
    """
    levels: list[float] = []
    accepted: list[int] = []
    for number, p in enumerate(p_values, start=1):
        levels.append(lord_level(number, accepted, alpha, wealth, gamma))
        if p <= levels[-1]:
            accepted.append(number)
    return np.array(levels, dtype=np.float64)
