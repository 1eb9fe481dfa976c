"""The probability that the rule's statistic ever crosses a bound although nothing differs, and its inverse."""

import functools

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from cnnjobs.stats.distributions import t_exceeded
from cnnjobs.stats.outcomes import Reals

FIRST_LOOK = 5
"""Pairs at the first look: symmetric differences of any law have five of one sign in 6.25% of studies."""

MOST_PAIRS = 100
"""Pairs up to which one may look."""

STEP = 10 ** (1 / 8)

KNOTS = (
    (1e-6, 1.2618309282674822e-05),
    (10**-5.5, 3.7608746157546946e-05),
    (1e-5, 0.00011125148352453262),
    (10**-4.5, 0.0003261892383791265),
    (1e-4 * STEP**0, 0.0009452240263603251),
    (1e-4 * STEP**1, 0.0012306317428822933),
    (1e-4 * STEP**2, 0.0016007067756681481),
    (1e-4 * STEP**3, 0.0020799425083761758),
    (1e-4 * STEP**4, 0.002699773297046626),
    (1e-4 * STEP**5, 0.0035003175523132812),
    (1e-4 * STEP**6, 0.004532669622825836),
    (1e-4 * STEP**7, 0.005861872712983329),
    (1e-4 * STEP**8, 0.0075703163723522815),
    (1e-4 * STEP**9, 0.009762215252595352),
    (1e-4 * STEP**10, 0.01256882527093961),
    (1e-4 * STEP**11, 0.01615494533323869),
    (1e-4 * STEP**12, 0.02072660735312115),
    (1e-4 * STEP**13, 0.02654025747647948),
    (1e-4 * STEP**14, 0.03391375389639095),
    (1e-4 * STEP**15, 0.043238488328734226),
    (1e-4 * STEP**16, 0.05499374053688011),
    (1e-4 * STEP**17, 0.06976200452881187),
    (1e-4 * STEP**18, 0.0882452434548664),
    (1e-4 * STEP**19, 0.11128060313576282),
    (1e-4 * STEP**20, 0.13985347820782934),
    (1e-4 * STEP**21, 0.17510390343279203),
    (1e-4 * STEP**22, 0.21831921803439336),
    (1e-4 * STEP**23, 0.2709004186468278),
    (0.1, 0.3342794124448688),
    (0.15, 0.4442850310028552),
    (0.25, 0.6187326562450088),
    (0.4, 0.8026039180861787),
)
"""(x, F(x)), by an exact recursion: under a mean of 0, u_n = sum of d / root of the sum of d^2 goes on as u cos(phi) +
sin(phi), with phi independent of the past and of density proportional to cos(phi)^(n - 1) on (-pi/2, pi/2). Between
knots log F is interpolated over log x: to 1e-5 of its value up to x = 0.05, to 0.2% up to 0.4."""

TAIL = 0.9
"""Below the first knot F falls no slower than x to this power."""

_LEAST, _MOST = KNOTS[0], KNOTS[-1]


@functools.cache
def _log_f() -> PchipInterpolator:
    x, f = np.log(np.array(KNOTS)).T
    return PchipInterpolator(x, f)


def crossing_probability(x: ArrayLike) -> Reals:
    """Return F(x): how often some of the looks at 5 to 100 pairs has p_n sqrt(n / 5) <= x, where nothing differs.

    Args:
        x: of any shape, at least 0.

    Returns:
        Of the same shape. 1 from 0.4 on; below 1e-6 an upper bound.

    Example:
        >>> round(float(crossing_probability(0.0089199477)), 6)
        0.05
    """
    values = np.asarray(x, dtype=np.float64)
    inside = np.clip(values, _LEAST[0], _MOST[0])
    f = np.exp(_log_f()(np.log(inside)))
    f = np.where(values < _LEAST[0], _LEAST[1] * (np.maximum(values, 0.0) / _LEAST[0]) ** TAIL, f)
    found: Reals = np.where(values >= _MOST[0], 1.0, f)
    return found


@functools.lru_cache(maxsize=1024)
def bound_of_x(alpha: float) -> float:
    """Return x_alpha, with F(x_alpha) = alpha.

    Args:
        alpha: in (0, 0.8).

    Example:
        >>> round(bound_of_x(0.05), 7)
        0.0089199
    """
    if alpha <= _LEAST[1]:
        return float(_LEAST[0] * (alpha / _LEAST[1]) ** (1 / TAIL))
    found = brentq(
        lambda log_x: float(_log_f()(log_x)) - np.log(alpha), np.log(_LEAST[0]), np.log(_MOST[0]), xtol=1e-14
    )
    return float(np.exp(found))


def nominal_level(n: ArrayLike, alpha: float) -> Reals:
    """Return the p that a look at n pairs needs for a verdict at alpha.

    Args:
        n: pairs, of any shape, at least 5.
        alpha: of all looks together.

    Example:
        >>> [round(float(nominal_level(n, 0.05)), 5) for n in (5, 10, 20)]
        [0.00892, 0.00631, 0.00446]
    """
    level: Reals = bound_of_x(alpha) * np.sqrt(FIRST_LOOK / np.asarray(n, dtype=np.float64))
    return level


def critical_t(n: ArrayLike, alpha: float) -> Reals:
    """Return the absolute t that a look at n pairs needs for a verdict at alpha.

    Args:
        n: pairs, of any shape, at least 5.
        alpha: of all looks together.

    Example:
        >>> round(float(critical_t(5, 0.05)), 5)
        4.75775
    """
    t: Reals = t_exceeded(nominal_level(n, alpha) / 2, np.asarray(n, dtype=np.float64) - 1)
    return t
