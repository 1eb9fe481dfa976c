"""Probabilities and quantiles of the distributions behind tests and intervals.

They are the functions of `scipy.special` that `scipy.stats` itself calls, because importing the latter takes half a
second. Arguments and results are numbers or arrays, which are broadcast.
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
    """Return the t below which the given fraction of Student's t distribution lies."""
    quantile: Reals = special.stdtrit(freedom, share)
    return quantile


def t_exceeded(share: float | Reals, freedom: float | Reals) -> Reals:
    """Return the t above which the given fraction of Student's t distribution lies."""
    return -t_quantile(share, freedom)


def normal_quantile(share: float) -> float:
    """Return the z below which the given fraction of the standard normal distribution lies."""
    return float(special.ndtri(share))


def chi_squared_above(value: float, freedom: int) -> float:
    """Return P(X > value) of the chi-squared distribution."""
    return float(special.chdtrc(freedom, value))


def chi_squared_quantile(share: float, freedom: int) -> float:
    """Return the value below which the given fraction of the chi-squared distribution lies."""
    return float(2 * special.gammaincinv(freedom / 2, share))


def f_above(value: float, freedom: int, freedom_below: int) -> float:
    """Return P(F > value) of Fisher's F, with the degrees of freedom of numerator and denominator."""
    return float(special.fdtrc(freedom, freedom_below, value))


def binomial_below(most: int, n: int) -> float:
    """Return P(X <= most) for the number of heads in n tosses of a fair coin."""
    return float(special.bdtr(most, n, 0.5))


def share_interval(count: int, n: int, confidence: float) -> tuple[float, float]:
    """Return the exact interval of a proportion after `count` successes in n (Clopper and Pearson, 1934)."""
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(count, n - count + 1, tail)) if count else 0.0
    high = float(special.betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return low, high
