"""Statistics of repeats: of one variant, of a difference, of a family of differences, and for planning repeats.

Every function is pure: functions that draw random numbers take a generator as an argument. If there is too little data,
the result is None with a sentence that gives the reason, and never a number that claims too much.
"""

from cnnjobs.stats.agreement import churn, ensemble_accuracy
from cnnjobs.stats.best import BestChance, best_chances
from cnnjobs.stats.examples import (
    Components,
    Noise,
    cochrans_q,
    components,
    distribution_variance,
    floor_variance,
    new_examples_interval,
    noise,
)
from cnnjobs.stats.factorial import Contrast, contrast_sides, contrasts
from cnnjobs.stats.families import (
    Friedman,
    critical_difference,
    friedman,
    holm,
    holm_levels,
    pairwise_wilcoxon,
    rank_error,
)
from cnnjobs.stats.folds import FoldComponents, corrected_t, fold_components, fold_means
from cnnjobs.stats.outcomes import ALPHA, CONFIDENCE, Interval, Outcome
from cnnjobs.stats.pairs import Difference, Superiority, not_compared, paired_difference, sign_flip, superiority
from cnnjobs.stats.planning import (
    equivalence,
    noether_pairs,
    repeats_to_resolve,
    resolvable_difference,
    stein_interval,
    stein_repeats,
)
from cnnjobs.stats.single_models import mcnemar
from cnnjobs.stats.spread import sd_ratio_interval
from cnnjobs.stats.summary import (
    MedianInterval,
    Summary,
    mean_interval,
    median_interval,
    quartiles,
    sd_interval,
    summarize,
)

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "BestChance",
    "Components",
    "Contrast",
    "Difference",
    "FoldComponents",
    "Friedman",
    "Interval",
    "MedianInterval",
    "Noise",
    "Outcome",
    "Summary",
    "Superiority",
    "best_chances",
    "churn",
    "cochrans_q",
    "components",
    "contrast_sides",
    "contrasts",
    "corrected_t",
    "critical_difference",
    "distribution_variance",
    "ensemble_accuracy",
    "equivalence",
    "floor_variance",
    "fold_components",
    "fold_means",
    "friedman",
    "holm",
    "holm_levels",
    "mcnemar",
    "mean_interval",
    "median_interval",
    "new_examples_interval",
    "noether_pairs",
    "noise",
    "not_compared",
    "paired_difference",
    "pairwise_wilcoxon",
    "quartiles",
    "rank_error",
    "repeats_to_resolve",
    "resolvable_difference",
    "sd_interval",
    "sd_ratio_interval",
    "sign_flip",
    "stein_interval",
    "stein_repeats",
    "summarize",
    "superiority",
]
