"""Probabilities and quantiles of the distributions that tests and intervals are made of.

They are the functions of `scipy.special` that `scipy.stats` itself calls: importing the latter takes half a second.
Arguments and results are numbers or arrays, broadcast.
"""

from scipy import special

from cnnjobs.stats.outcomes import Reals


def t_below(t: float | Reals, freedom: float | Reals) -> Reals:
    """Return P(T <= t) of Student's t."""
    below: Reals = special.stdtr(freedom, t)
    return below


def t_above(t: float | Reals, freedom: float | Reals) -> Reals:
    """Return P(T > t) of Student's t."""
    return t_below(-t, freedom)


def t_quantile(share: float | Reals, freedom: float | Reals) -> Reals:
    """Return the t below which a share of Student's distribution lies."""
    quantile: Reals = special.stdtrit(freedom, share)
    return quantile


def t_exceeded(share: float | Reals, freedom: float | Reals) -> Reals:
    """Return the t above which a share of Student's distribution lies."""
    return -t_quantile(share, freedom)


def normal_quantile(share: float) -> float:
    """Return the z below which a share of the standard normal distribution lies."""
    return float(special.ndtri(share))


def chi_squared_above(value: float, freedom: int) -> float:
    """Return P(X > value) of chi squared."""
    return float(special.chdtrc(freedom, value))


def chi_squared_quantile(share: float, freedom: int) -> float:
    """Return the value below which a share of chi squared lies."""
    return float(2 * special.gammaincinv(freedom / 2, share))


def f_above(value: float, freedom: int, freedom_below: int) -> float:
    """Return P(F > value) of Fisher's F, by the degrees of freedom above and below the line."""
    return float(special.fdtrc(freedom, freedom_below, value))


def binomial_below(most: int, n: int) -> float:
    """Return P(X <= most) of n tosses of a fair coin."""
    return float(special.bdtr(most, n, 0.5))


def share_interval(count: int, n: int, confidence: float) -> tuple[float, float]:
    """Return the exact interval of a share of which `count` in n were counted (Clopper and Pearson, 1934)."""
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(count, n - count + 1, tail)) if count else 0.0
    high = float(special.betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return low, high
