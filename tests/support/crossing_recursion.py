"""The probability that the statistic of the rule of deciding crosses its bound, by an exact recursion of its own.

Under a mean of 0 the direction of (d_1, ..., d_n) is independent of its length, so u_n = sum of d / root of the sum of
d^2 goes on as u cos(phi) + sin(phi), with phi independent of the past and of density proportional to cos(phi)^(n - 1)
on (-pi/2, pi/2). The survival of every u is integrated backward, by pieces between which it is not smooth.
"""

from functools import partial
from itertools import pairwise

import numpy as np
from scipy import stats
from scipy.special import gammaln

POINTS = 36
"""Of the polynomial on a piece, and of the integral over it."""

BREAKS = 3
"""From so many pairs before a crossing becomes possible on, its onset is smooth enough."""

FAR = 8.5
"""Standard deviations beyond which the density of phi is left out."""

CHEBYSHEV = -np.cos(np.linspace(0, np.pi, POINTS))
ANGLES = (CHEBYSHEV + 1) * np.pi / 2
"""Points of a piece are at lo + (hi - lo) (1 - cos(angle)) / 2, which makes square roots at its ends smooth."""
COEFFICIENTS = np.linalg.inv(np.polynomial.chebyshev.chebvander(CHEBYSHEV, POINTS - 1))
_AT, _WEIGHTS = np.polynomial.legendre.leggauss(POINTS)
WHERE = (1 - np.cos((_AT + 1) * np.pi / 2)) / 2
WEIGHTS = _WEIGHTS * np.pi / 4 * np.sin((_AT + 1) * np.pi / 2)


def crossing_by_recursion(x, looks=range(5, 101)):
    """Return P(some n of these looks has p_n sqrt(n / 5) <= x) where nothing differs."""
    looks = sorted(looks)
    t = {n: stats.t.isf(x * np.sqrt(n / 5) ** -1 / 2, n - 1) for n in looks}
    bounds = {n: t[n] * np.sqrt(n / (n - 1 + t[n] ** 2)) for n in looks}
    stays = [(piece, np.ones_like) for piece in _pieces(bounds, looks[-1])]
    for n in range(looks[-1] - 1, looks[0] - 1, -1):
        pieces = _pieces(bounds, n)
        u = np.concatenate([lo + (hi - lo) * (1 - np.cos(ANGLES)) / 2 for lo, hi in pieces])
        values = _step(stays, u, n).reshape(len(pieces), POINTS)
        stays = [
            (piece, partial(_polynomial, COEFFICIENTS @ value)) for piece, value in zip(pieces, values, strict=True)
        ]
    return 1 - _first(stays, looks[0])


def _pieces(bounds, n):
    """Return the pieces of [0, bound] at n pairs, between values from which a crossing j pairs later is possible."""
    edge = bounds.get(n, np.sqrt(n))
    later = [bounds[n + j] ** 2 - j for j in range(1, BREAKS + 1) if n + j in bounds]
    edges = sorted({0.0, edge, *(v**0.5 for v in later if 0 < v < edge**2 * (1 - 1e-9))})
    return list(pairwise(edges))


def _step(stays, u, n):
    """Return the survival of each u at n pairs, from that of the pieces at n + 1."""
    angle, length = np.arctan(u), np.sqrt(1 + u**2)
    far = min(np.pi / 2, FAR / np.sqrt(n))
    total = np.zeros_like(u)
    for piece, survival in stays:
        low, high = (np.arcsin(np.minimum(1, edge / length)) for edge in piece)
        for start, end in ((low, high), (-high, -low), (np.pi - high, np.pi - low)):
            start, end = np.clip(start - angle, -far, far), np.clip(end - angle, -far, far)
            if (end > start).any():
                phi = start[:, None] + (end - start)[:, None] * WHERE
                later = np.abs(u[:, None] * np.cos(phi) + np.sin(phi))
                weights = (end - start)[:, None] * WEIGHTS * np.cos(phi) ** (n - 1)
                total += (weights * survival(_angle(later, piece))).sum(axis=1)
    return total * np.exp(gammaln((n + 1) / 2) - gammaln(n / 2)) / np.sqrt(np.pi)


def _first(stays, n):
    """Return the probability to survive the first look and all later ones: u is sqrt(n) sin(phi) there."""
    total = 0.0
    for piece, survival in stays:
        low, high = (np.arcsin(min(1, edge / np.sqrt(n))) for edge in piece)
        phi = low + (high - low) * WHERE
        u = np.sqrt(n) * np.sin(phi)
        total += 2 * ((high - low) * WEIGHTS * np.cos(phi) ** (n - 2) * survival(_angle(u, piece))).sum()
    return total * np.exp(gammaln(n / 2) - gammaln((n - 1) / 2)) / np.sqrt(np.pi)


def _angle(u, piece):
    low, high = piece
    return np.arccos(np.clip(1 - 2 * (u - low) / (high - low), -1, 1))


def _polynomial(coefficients, angle):
    return np.polynomial.chebyshev.chebval(angle * 2 / np.pi - 1, coefficients)
