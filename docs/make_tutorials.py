"""Writes the measured tables of docs/tutorials/*.md, from the tables of reports that are kept beside them.

python docs/make_tutorials.py                 writes the tables from what is kept
python docs/make_tutorials.py REPORT...       first keeps tables and figures of reports, folders such as
                                              results/small-cnn/report of complete jobs
"""

import csv
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).with_name("tutorials")
KEPT = PAGES / "measured"
IMAGES = Path(__file__).with_name("images") / "tutorials"

TABLES = ("summary", "differences")
FIGURES = {
    "box": "Accuracy of every run of each variant",
    "bands": "Learning curves of all variants: medians, and bands that hold 80% of the runs",
    "bands-accuracy": "Accuracy of all variants over the epochs: medians, and bands that hold 80% of the runs",
    "differences": "Paired differences to the first variant, with their intervals",
}
"""Maps figures of a report that a page shows, as SVG where the report has them, to what they show."""

BEGIN, END = "<!-- measured: written by docs/make_tutorials.py -->\n", "<!-- end of measured -->\n"

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Tutorial:
    """A tutorial and what it published.

    Args:
        job: the name of the job.
        page: its page.
        published: variant -> the published figure, one run unless the page says otherwise.
        heading: over the column of published figures.
        runs: over what the mean is.
    """

    job: str
    page: str
    published: Mapping[str, str]
    heading: str = "published, one run"
    runs: str = "repeats"


TUTORIALS = (
    Tutorial(
        "regularization-grid",
        "regularization",
        {
            "baseline": "73.50",
            "dropout": "83.45",
            "weight decay": "72.55",
            "augmentation": "84.47",
            "increasing dropout": "84.69",
            "dropout + augmentation": "85.88",
            "increasing dropout + augmentation + batch norm": "88.62",
        },
    ),
    Tutorial("small-cnn", "small-cnn", {"baseline": "71.17", "dropout": "73.29"}),
    Tutorial("cifar100-cnn-vs-mlp", "cifar100", {"CNN": "21.83"}, "published for CIFAR-100, one run"),
    Tutorial(
        "mnist-kfold",
        "mnist-kfold",
        {"baseline": "98.68 (0.11)", "batch normalisation": "98.64 (0.10)", "deeper": "99.06 (0.10)"},
        "published, mean of 5 folds (SD)",
        "folds",
    ),
    Tutorial("image-folder", "image-folder", {"augmented": "97.07"}),
)


def keep(report: Path) -> str:
    """Keep the tables and figures of a report that a page shows; return the name of its job."""
    job = str(json.loads((report.parent / "job.json").read_text(encoding="utf-8"))["name"])
    (KEPT / job).mkdir(parents=True, exist_ok=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        shutil.copyfile(report / "tables" / f"{name}.csv", KEPT / job / f"{name}.csv")
    for name in FIGURES:
        (IMAGES / f"{job}-{name}.svg").unlink(missing_ok=True)
        if (report / "figures" / f"{name}.svg").exists():
            shutil.copyfile(report / "figures" / f"{name}.svg", IMAGES / f"{job}-{name}.svg")
    return job


def page(tutorial: Tutorial) -> str:
    """Return a page with its measured part as the kept tables have it; as it is where none are kept."""
    text = (PAGES / f"{tutorial.page}.md").read_text(encoding="utf-8")
    if not (KEPT / tutorial.job).is_dir():
        return text
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    return f"{before}{BEGIN}\n{measured(tutorial)}\n{END}{after}"


def measured(tutorial: Tutorial) -> str:
    """Return the table and the figures of a tutorial in Markdown."""
    summary, differences = (_rows(KEPT / tutorial.job / f"{name}.csv") for name in TABLES)
    lines = [*_table(tutorial, summary, {row["variant"]: row for row in differences}), ""]
    for name, about in FIGURES.items():
        if (IMAGES / f"{tutorial.job}-{name}.svg").exists():
            lines += [f'<img src="../images/tutorials/{tutorial.job}-{name}.svg" width="640" alt="{about}">', ""]
    return "\n".join(lines)


def _rows(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _table(tutorial: Tutorial, summary: Rows, differences: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    reference = summary[0]["variant"]
    headings = (
        *("variant", f"{tutorial.heading}, %", f"mean over {tutorial.runs} (SD), %", "95% CI of the mean"),
        *(f"minus {reference}, points", "CI of the difference", "verdict"),
    )
    yield f"| {' | '.join(headings)} |"
    yield "| --- | ---: | ---: | :---: | ---: | :---: | --- |"
    for row in summary:
        cells = [row["variant"], tutorial.published.get(row["variant"], ""), *_of_variant(row)]
        cells += _of_difference(differences[row["variant"]]) if row["variant"] in differences else ["", "", ""]
        yield f"| {' | '.join(cells)} |"


def _of_variant(row: Mapping[str, str]) -> list[str]:
    mean, sd, low, high = (100 * float(row[name]) for name in ("mean", "sd", "ci_low", "ci_high"))
    return [f"{mean:.2f} ({sd:.2f})", f"[{low:.2f}, {min(high, 100):.2f}]"]


def _of_difference(row: Mapping[str, str]) -> list[str]:
    mean, low, high = (100 * float(row[name]) for name in ("mean", "ci_low", "ci_high"))
    level = f" at {100 * float(row['level']):.4g}%" if float(row["level"]) != 0.95 else ""
    return [f"{mean:+.2f}", f"[{low:+.2f}, {high:+.2f}]{level}", row["verdict"]]


def main() -> None:
    """Keep what the reports of the command line have; write all pages."""
    for report in map(Path, sys.argv[1:]):
        keep(report)
    for tutorial in TUTORIALS:
        (PAGES / f"{tutorial.page}.md").write_text(page(tutorial), encoding="utf-8")


if __name__ == "__main__":
    main()
