"""Draws the figures of docs/statistics.md, from measured runs and from simulations with fixed seeds.

python docs/_site/figures.py [FOLDER]
"""

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from scipy import stats
from simulations import (
    TRUE_MEAN,
    Numbers,
    false_by_looks,
    false_by_variants,
    floor_sd,
    intervals_of_five,
    one_sign,
)

HERE = Path(__file__).parent
BLUE, ORANGE, RED, GREY = "#3f90da", "#ffa90e", "#bd1f01", "#717581"
STYLE: Any = {
    "svg.hashsalt": "cnnjobs",
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
}


def measured() -> dict[str, Numbers]:
    """Return the test accuracies, in percent, of 30 repeats of the quickstart's variants, in the order of repeats."""
    with (HERE / "measured.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in ("baseline", "dropout", "augmentation")}


@contextmanager
def figure(folder: Path, name: str, width: float = 6.0, height: float = 2.6) -> Iterator[Axes]:
    """Give axes to draw on, and write them as SVG."""
    drawn, axes = plt.subplots(figsize=(width, height), layout="constrained")
    yield axes
    drawn.savefig(folder / f"statistics-{name}.svg", metadata={"Date": None})
    plt.close(drawn)


def seeds(folder: Path) -> None:
    """Draw every run of 30 repeats, with mean and SD."""
    runs = measured()["baseline"]
    mean, sd = runs.mean(), runs.std(ddof=1)
    with figure(folder, "seeds") as axes:
        axes.axhspan(mean - sd, mean + sd, color=BLUE, alpha=0.15, label=f"mean ± SD ({sd:.2f} points)")
        axes.axhline(mean, color=BLUE, label=f"mean ({mean:.2f}%)")
        axes.plot(np.arange(1, runs.size + 1), runs, "o", color=BLUE, markersize=4)
        axes.set(xlabel="repeat", ylabel="test accuracy (%)", xlim=(0, runs.size + 1))
        axes.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def intervals(folder: Path) -> None:
    """Draw the intervals of 40 experiments of five runs."""
    mean, low, high = intervals_of_five()
    misses = (low > TRUE_MEAN) | (high < TRUE_MEAN)
    places = np.arange(1, mean.size + 1)
    with figure(folder, "intervals") as axes:
        for chosen, colour, label in ((~misses, BLUE, "contains the true mean"), (misses, RED, "does not")):
            axes.vlines(places[chosen], low[chosen], high[chosen], color=colour, label=label)
            axes.plot(places[chosen], mean[chosen], "o", color=colour, markersize=3)
        axes.axhline(TRUE_MEAN, color=GREY, linestyle="--")
        axes.set(xlabel="experiment of five runs", ylabel="95% interval (%)", xlim=(0, mean.size + 1))
        axes.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def error_of_the_mean(folder: Path) -> None:
    """Draw SD, standard error and half the interval of the mean as repeats are added."""
    runs = measured()["baseline"]
    n = np.arange(2, runs.size + 1)
    sd = np.array([runs[:count].std(ddof=1) for count in n])
    with figure(folder, "error") as axes:
        half = stats.t.ppf(0.975, n - 1) * sd / np.sqrt(n)
        axes.plot(n, half, color=RED, label="half of the 95% interval")
        axes.plot(n, sd, color=BLUE, label="SD")
        axes.plot(n, sd / np.sqrt(n), color=ORANGE, label="standard error of the mean")
        axes.set(xlabel="repeats so far", ylabel="points", ylim=(0, 3), xlim=(2, runs.size))
        axes.legend(frameon=False)
        axes.grid(axis="y")


def pairs(folder: Path, repeats: int = 10) -> None:
    """Draw the first repeats of two variants, joined in pairs, and their differences."""
    runs = {name: values[:repeats] for name, values in measured().items()}
    d = runs["augmentation"] - runs["baseline"]
    half = stats.t.ppf(0.975, repeats - 1) * d.std(ddof=1) / np.sqrt(repeats)
    drawn, (left, right) = plt.subplots(1, 2, figsize=(6, 2.8), layout="constrained", width_ratios=(3, 2))
    left.plot([0, 1], [runs["baseline"], runs["augmentation"]], "o-", color=GREY, linewidth=0.8, markersize=4)
    left.set_xticks([0, 1], ["baseline", "augmentation"])
    left.set(ylabel="test accuracy (%)", xlim=(-0.3, 1.3), title="the same seeds, joined")
    right.axhline(0, color=GREY, linestyle="--")
    right.plot(np.linspace(-0.12, 0.12, repeats), d, "o", color=BLUE, markersize=4)
    right.errorbar([0.3], [d.mean()], yerr=[half], fmt="s", color=RED, capsize=4)
    right.set_xticks([0, 0.3], ["pairs", "mean, 95%"])
    right.set(ylabel="difference (points)", xlim=(-0.25, 0.45), title="augmentation - baseline")
    drawn.savefig(folder / "statistics-pairs.svg", metadata={"Date": None})
    plt.close(drawn)


def five(folder: Path) -> None:
    """Draw how probable it is that all pairs agree by chance."""
    counts = list(range(2, 9))
    with figure(folder, "five") as axes:
        bars = axes.bar(counts, [100 * p for p in one_sign(counts)], color=[GREY] * 3 + [BLUE] * 4)
        axes.bar_label(bars, fmt="%.3g%%")
        axes.set(xlabel="pairs", ylabel="all have one sign (%)", ylim=(0, 58))


def holm(folder: Path) -> None:
    """Draw how often something is called better or worse where nothing differs, by the number of variants."""
    plain, adjusted = false_by_variants()
    counts = np.arange(1, plain.size + 1)
    with figure(folder, "holm") as axes:
        axes.plot(counts, 100 * plain, "o-", color=RED, label="p below 0.05, not adjusted")
        axes.plot(counts, 100 * adjusted, "s-", color=BLUE, label="adjusted by Holm")
        axes.axhline(5, color=GREY, linestyle="--")
        axes.set(xlabel="variants compared with the reference", ylabel="false alarms (% of jobs)", ylim=(0, 36))
        axes.legend(frameon=False)


def looks(folder: Path) -> None:
    """Draw how often something is called better or worse where nothing differs, by the number of looks."""
    share = false_by_looks()
    with figure(folder, "looks") as axes:
        axes.plot(list(share), [100 * one for one in share.values()], "o-", color=RED)
        axes.axhline(5, color=GREY, linestyle="--")
        axes.set(xlabel="pairs, looking after each from the fifth on", ylabel="false alarms (% of jobs)", ylim=(0, 22))


def floor(folder: Path) -> None:
    """Draw the SD that a finite test set alone causes."""
    images = np.geomspace(100, 100_000, 50)
    with figure(folder, "floor") as axes:
        for accuracy, colour in ((0.7, RED), (0.9, ORANGE), (0.97, BLUE)):
            axes.plot(images, [floor_sd(accuracy, n) for n in images], color=colour, label=f"accuracy {accuracy:.0%}")
        axes.set(xscale="log", xlabel="test images", ylabel="floor SD (points)", ylim=(0, None))
        axes.grid()
        axes.legend(frameon=False)


def equal(folder: Path, margin: float = 0.5) -> None:
    """Draw what an interval says, with a margin and without."""
    cases = {
        "better": (0.55, 0.9),
        "better, but within the margin": (0.1, 0.4),
        "equal": (-0.2, 0.3),
        "not resolved": (-0.3, 1.0),
    }
    with figure(folder, "equal", height=2.2) as axes:
        axes.axvspan(-margin, margin, color=BLUE, alpha=0.12)
        axes.axvline(0, color=GREY, linestyle="--")
        for place, (low, high) in enumerate(cases.values()):
            axes.errorbar([(low + high) / 2], [place], xerr=[(high - low) / 2], fmt="o", color=BLUE, capsize=4)
        axes.set_yticks(range(len(cases)), list(cases))
        axes.set_xticks([-1, -0.5, 0, 0.5, 1])
        axes.set(xlabel="difference (points); the band is the margin of 0.5", xlim=(-1.1, 1.1), ylim=(3.6, -0.6))


DRAWN: tuple[Callable[[Path], None], ...] = (
    seeds,
    intervals,
    error_of_the_mean,
    pairs,
    five,
    holm,
    looks,
    floor,
    equal,
)


def main(folder: Path) -> None:
    """Draw all figures into a folder."""
    with mpl.rc_context(STYLE):
        for draw in DRAWN:
            draw(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "images")
