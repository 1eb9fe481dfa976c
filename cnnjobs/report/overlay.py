"""Learning curves of several models, also of different jobs, in one figure with its CSV."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cnnjobs.errors import StoreError
from cnnjobs.messages import Status
from cnnjobs.report.figures.bands import Model, bands_of, bands_plot
from cnnjobs.report.figures.curves import drawable, metric_label
from cnnjobs.report.model import Chart
from cnnjobs.report.sections.bands import BAND_COLUMNS, band_rows
from cnnjobs.report.variant_styles import VariantStyle, variant_styles
from cnnjobs.spec.metrics import CURVES, HEADLINE, TEST, column_of
from cnnjobs.store.files import plain_name
from cnnjobs.store.store import Store
from cnnjobs.store.watched import with_watched
from cnnjobs.wording.nearest import near_it

LONGEST_NAME = 120
"""Names of files are cut to so many letters."""

RESULT = column_of(TEST, HEADLINE)
"""What a completed run has a finite value of."""


@dataclass(frozen=True)
class JobVariant:
    """A variant of a job.

    Args:
        store: of the job.
        variant: name.
    """

    store: Store
    variant: str

    @property
    def job(self) -> str:
        """Name of the job's folder."""
        return self.store.files.name

    @property
    def name(self) -> str:
        """JOB:VARIANT."""
        return f"{self.job}:{self.variant}"

    @property
    def condition(self) -> str:
        """What its trials are known by."""
        return self.store.kept_job().variants[self.variant].condition_id

    @property
    def classes(self) -> int:
        """Classes of its data set."""
        return self.store.kept_job().dataset.classes


@dataclass(frozen=True)
class History:
    """The epochs of a model's runs.

    Args:
        model: whose.
        epochs: rows of `epochs`.
        without_result: runs that diverged, or have no finite test accuracy; their epochs are there all the same.
    """

    model: JobVariant
    epochs: pa.Table
    without_result: int = 0

    @property
    def runs(self) -> int:
        """How many."""
        return len(pc.unique(self.epochs["trial_id"]))


def choose(stores: Sequence[Store], wanted: Sequence[str]) -> list[JobVariant]:
    """Return the models of that name.

    Args:
        stores: a job each.
        wanted: JOB:VARIANT each; VARIANT is enough where there is one job.

    Raises:
        StoreError: for a name that is none, or fewer than two models.
    """
    models = [JobVariant(store, variant) for store in stores for variant in store.kept_job().variants]
    chosen = list(dict.fromkeys(_one(models, name, alone=len(stores) == 1) for name in wanted))
    if len(chosen) < 2:
        raise StoreError(f"`overlay` must be given for two models or more. Received: {', '.join(wanted)}.")
    return chosen


def _one(models: Sequence[JobVariant], name: str, *, alone: bool) -> JobVariant:
    named = [model for model in models if name == model.name or (alone and name == model.variant)]
    if len(named) != 1:
        names = ", ".join(model.name for model in models)
        near = near_it(name, [model.variant if alone and ":" not in name else model.name for model in models])
        raise StoreError(f"`overlay` must name one model as JOB:VARIANT, of these: {names}. Received: {name!r}.{near}")
    return named[0]


def read_histories(models: Sequence[JobVariant]) -> tuple[list[History], tuple[str, ...]]:
    """Return the epochs of the models, and files that could not be read.

    Raises:
        StoreError: if a model has no epochs yet.
    """
    recorded: list[History] = []
    damaged: list[str] = []
    for model in models:
        read = model.store.read("trials", columns=["trial_id", "condition_id", "status", RESULT])
        own = read.table.filter(pc.equal(read.table["condition_id"], model.condition)).to_pylist()
        stored = model.store.read("epochs", [trial["trial_id"] for trial in own])
        damaged += (*read.damaged, *stored.damaged)
        if not stored.table.num_rows:
            raise StoreError(f"{model.name} has no epochs yet. Run `cnnjobs submit` for its job first.")
        recorded.append(History(model, with_watched(stored.table), sum(map(_is_without_result, own))))
    return recorded, tuple(dict.fromkeys(damaged))


def _is_without_result(trial: Mapping[str, Any]) -> bool:
    result = trial[RESULT]
    broken = trial["status"] == Status.COMPLETED and result is not None and not math.isfinite(result)
    return bool(broken or trial["status"] == Status.DIVERGED)


def overlay_chart(recorded: Sequence[History], metrics: Sequence[str]) -> Chart:
    """Return the figure of several models.

    Args:
        recorded: two or more.
        metrics: names without a part, a panel each, empty for `CURVES`; ones that no model stored are left out.

    Raises:
        StoreError: if no metric is left.
    """
    everything = pa.concat_tables([history.epochs for history in recorded], promote_options="default")
    classes = max(history.model.classes for history in recorded)
    drawn = drawable(metrics or CURVES, everything, classes)
    if not drawn:
        raise StoreError(
            f"`curves` must name a metric that was stored and says something of {classes} classes, such as loss. "
            f"Received: {', '.join(metrics)}."
        )
    names = [history.model.variant for history in recorded]
    models = [(history.model.job, model) for history, model in zip(recorded, _drawn(recorded, drawn), strict=True)]
    return Chart(
        f"overlay-{'-vs-'.join(plain_name(name) for name in names)}"[:LONGEST_NAME],
        f"learning curves of {', '.join(names)}",
        lambda: bands_plot(" and ".join(map(metric_label, drawn)), [model for _, model in models], drawn),
        BAND_COLUMNS,
        lambda: [row for job, model in models for row in band_rows((job, model.variant), model, drawn)],
    )


def _drawn(recorded: Sequence[History], metrics: Sequence[str]) -> list[Model]:
    """Return what is drawn of the models; of several jobs the jobs are named, too."""
    several = len({history.model.job for history in recorded}) > 1
    styles = styles_of([history.model for history in recorded])
    models = []
    for history in recorded:
        label = f"{history.model.name if several else history.model.variant}, {history.runs} runs"
        label += f" ({history.without_result} without a result)" if history.without_result else ""
        bands = bands_of(history.epochs, metrics)
        models.append(Model(history.model.variant, label, styles[history.model.name], bands))
    return models


def styles_of(models: Sequence[JobVariant]) -> dict[str, VariantStyle]:
    """Return how models are drawn, by their full names: those of one job as in its report, others in their order."""
    jobs = {model.job: model for model in models}
    if len(jobs) > 1:
        return variant_styles(model.name for model in models)
    [of_job] = jobs.values()
    names = [replace(of_job, variant=variant).name for variant in of_job.store.kept_job().variants]
    return variant_styles(names)
