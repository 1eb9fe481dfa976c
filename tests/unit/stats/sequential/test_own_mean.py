"""The usual interval of a variant's own mean, after its repeats ended by the rule."""

import numpy as np
import pytest
from scipy import stats

from cnnjobs.stats.sequential import FIRST_LOOK, critical_t

JOBS, MOST = 10_000, 20


def stops(d):
    """Pairs after which the rule stops, of (jobs, pairs) differences, with giving up."""
    n = np.arange(1, MOST + 1)
    mean = d.cumsum(axis=1) / n
    sd = np.sqrt(np.maximum((d**2).cumsum(axis=1) - n * mean**2, 1e-12) / np.maximum(n - 1, 1))
    effect, needed = np.abs(mean) / sd, float(critical_t(MOST, 0.05)) / MOST**0.5
    ends = effect + 1.5 / np.sqrt(n) < needed
    ends[:, FIRST_LOOK - 1 :] |= (effect * np.sqrt(n))[:, FIRST_LOOK - 1 :] >= critical_t(n[FIRST_LOOK - 1 :], 0.05)
    ends[:, : FIRST_LOOK - 1], ends[:, -1] = False, True
    return ends.argmax(axis=1) + 1


@pytest.mark.parametrize("shared", [0.0, 0.5])
@pytest.mark.parametrize("effect", [0, 0.5, 1, 2])
def test_the_interval_of_a_mean_at_the_stop_covers_in_94_to_96_percent(effect, shared):
    """`shared` is how far runs of both sides with the same seeds go together; the effect is in SDs of pairs."""
    rng = np.random.default_rng(3)
    common = rng.standard_normal((JOBS, MOST)) * shared**0.5
    own, other = (common + rng.standard_normal((JOBS, MOST)) * (1 - shared) ** 0.5 for _ in range(2))
    n = stops(own - other + effect * (2 * (1 - shared)) ** 0.5)
    used = np.arange(MOST) < n[:, None]
    mean = (own * used).sum(axis=1) / n
    sd = np.sqrt((((own - mean[:, None]) * used) ** 2).sum(axis=1) / (n - 1))
    covers = np.abs(mean) <= stats.t.isf(0.025, n - 1) * sd / np.sqrt(n)
    assert 0.94 - 4 * 0.0024 < covers.mean() < 0.96 + 4 * 0.002
