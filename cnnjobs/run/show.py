"""Shows a data set: sizes, classes and pictures, plain or augmented."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnjobs.datasets import Dataset, load_dataset, source_of
from cnnjobs.datasets.duplicates.duplicates import Duplicates, Pair, find_duplicates
from cnnjobs.datasets.origin import Origin
from cnnjobs.datasets.overview import class_cells, class_counts, class_note, part_cells
from cnnjobs.engine.quiet import quietly
from cnnjobs.errors import SpecError
from cnnjobs.planning.rows import plan_on, used_by
from cnnjobs.report.figures.dataset import MOST_PAIRS, MOST_ROWS, dataset_figure
from cnnjobs.report.figures.dataset_view import DatasetView, DrawnPair, shown_classes
from cnnjobs.report.figures.pictures import versions_grid
from cnnjobs.report.figures.style import Figure, render
from cnnjobs.report.render.text import table_text
from cnnjobs.run.backends import open_preview
from cnnjobs.run.duplicates import duplicates_csv, likeness_text, pair_cells
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import read_dataset, read_job
from cnnjobs.run.progress import Waiting
from cnnjobs.spec import DatasetSpec, Job
from cnnjobs.spec.transforms.fits import check_transforms
from cnnjobs.spec.transforms.words import written
from cnnjobs.store.files import Files, plain_name
from cnnjobs.wording.nearest import near_it
from cnnjobs.wording.sentences import clause
from cnnjobs.wording.terminal import visible

VERSIONS = 5
"""Augmented versions of each picture."""

KINDS = (".png", ".svg", ".pdf")
"""Endings of the file that pictures are drawn into."""


@dataclass(frozen=True)
class Pictures:
    """Which pictures, and where they are drawn.

    Args:
        count: how many of each class, or, of those that are drawn augmented, in all.
        output: the file; None for one in the current folder that is named by the data set.
        image_size: side of encoded pictures, pixels.
        strict: a broken picture is an error.
        duplicates: look for pictures that are alike, and list them.

    Raises:
        SpecError: if the file has another ending than those of `KINDS`.
    """

    count: int
    output: str | None
    image_size: int | None
    strict: bool
    duplicates: bool = False

    def __post_init__(self) -> None:
        if self.output is not None and Path(self.output).suffix.lower() not in KINDS:
            raise SpecError(f"`output` must end in .png, .svg or .pdf. Received: {self.output!r}.")


@dataclass(frozen=True)
class Looked:
    """What was looked at in a data set without a job.

    Args:
        origin: where its pictures come from.
        duplicates: which of them are the same, or alike.
        file: list of all such pairs, CSV; None if none was asked for.
    """

    origin: Origin
    duplicates: Duplicates
    file: str | None


@dataclass(frozen=True)
class ShownData:
    """A data set that was drawn.

    Args:
        data: what was loaded.
        pictures: the file of the drawing.
        looked: what was looked at in it; None with a job.
        variant: whose augmentation was drawn; None for none.
        transforms: the settings of its augmentation.
    """

    data: Dataset
    pictures: str
    looked: Looked | None = None
    variant: str | None = None
    transforms: tuple[Any, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it."""
        found = () if self.looked is None or self.looked.file is None else self.looked.duplicates.notes
        return (*self.data.handling, *self.data.notes, *found)

    def text(self) -> str:
        """Return what `cnnjobs show` shows, with ANSI codes."""
        data, looked = self.data, self.looked
        tables = [
            table_text(data.name, *part_cells(data)),
            table_text("Images per class", *class_cells(data), class_note(data)),
        ]
        lines = ["" if looked is None else looked.origin.sizes_text(), *(f"note: {clause(one)}" for one in self.notes)]
        if looked is not None and looked.file is not None:
            if looked.duplicates.pairs:
                cells = pair_cells(looked.duplicates, data, looked.origin)
                tables.append(table_text("Pictures that are the same or alike", *cells))
            lines += [looked.duplicates.summary(), f"pairs: {looked.file}"]
        return "\n".join([*tables, *map(visible, filter(None, [*lines, f"pictures: {self.pictures}"]))])


def show_dataset(dataset: str | None, variant: str | None, pictures: Pictures) -> ShownData:
    """Draw a data set.

    Args:
        dataset: a name or a path.
        variant: must be None: there is no job that it could be of.
        pictures: which, and where they are drawn.
    """
    spec = read_dataset(_named(dataset, variant), image_size=pictures.image_size, strict=pictures.strict)
    data = load_dataset(spec, Waiting())
    origin, found = _looked_at(spec, data, pictures)
    path = Path(pictures.output or f"{plain_name(data.name)}.png")
    _write(path, render(dataset_figure(_view(data, origin, found, pictures)), _kind(path)))
    file = path.with_name(f"{path.stem}-duplicates.csv") if pictures.duplicates else None
    if file is not None:
        _write(file, duplicates_csv(found, data, origin).encode())
    return ShownData(data, str(path), Looked(origin, found, None if file is None else str(file)))


def _looked_at(spec: DatasetSpec, data: Dataset, pictures: Pictures) -> tuple[Origin, Duplicates]:
    """Return where the pictures come from, and which are the same or alike."""
    return source_of(spec).origin(data), find_duplicates(data, Waiting(), near=pictures.duplicates)


def dataset_view(spec: DatasetSpec, data: Dataset, pictures: Pictures) -> DatasetView:
    """Return what is drawn of a data set.

    Args:
        spec: which one.
        data: what was loaded of it.
        pictures: which are drawn.
    """
    return _view(data, *_looked_at(spec, data, pictures), pictures)


def _view(data: Dataset, origin: Origin, found: Duplicates, pictures: Pictures) -> DatasetView:
    """Return what is drawn of a data set."""
    height, width, channels = data.image_shape
    counts = class_counts(data)
    shown = shown_classes(counts["train"], MOST_ROWS)
    rows = {label: np.flatnonzero(data.y_train == label)[: pictures.count] for label in shown}
    drawn = found.pairs[:MOST_PAIRS]
    many = "" if len(drawn) == len(found.pairs) else f"; the first {len(drawn)} are drawn"
    return DatasetView(
        title=f"{data.name}: {len(data.y_train):,} training and {len(data.y_test):,} test pictures of "
        f"{len(data.class_names):,} classes, {height} x {width} x {channels}",
        class_names=data.class_names,
        counts=counts,
        pictures={label: data.x_train[own] for label, own in rows.items()},
        size=(height, width),
        sizes=origin.sizes if origin.sizes is not None and len(np.unique(origin.sizes, axis=0)) > 1 else None,
        sizes_text=origin.sizes_text(),
        passed_over=origin.passed_over,
        pairs=[_drawn(data, origin, pair) for pair in drawn],
        pairs_text=f"{found.summary()}{many}",
        notes=[clause(note) for note in (*data.notes, *found.notes)],
    )


def _drawn(data: Dataset, origin: Origin, pair: Pair) -> DrawnPair:
    """Return a pair as it is drawn."""
    first, second = (
        (data.x_test if part == "test" else data.x_train)[row] for part, row in zip(pair.parts, pair.rows, strict=True)
    )
    names = tuple(
        name if (called := data.class_names[label]) in name else f"{name}, {called}"
        for label, name in zip(pair.labels, map(origin.name, pair.parts, pair.rows), strict=True)
    )
    return DrawnPair((first, second), (names[0], names[1]), f"{pair.where}: {likeness_text(pair)}")


def show_variant(job: str | Path | Job, variant: str | None, dataset: str | None, pictures: Pictures) -> ShownData:
    """Draw training pictures beside what a variant's augmentation makes of them.

    Args:
        job: a job, or the file that defines one.
        variant: its name; None for the only one with augmentation.
        dataset: another data set.
        pictures: which, and where they are drawn.
    """
    if pictures.duplicates:
        raise SpecError("`duplicates` is for a data set alone. Leave out `job`.")
    overrides = Overrides(dataset=dataset, image_size=pictures.image_size, strict=pictures.strict)
    read = read_job(job, overrides)
    name = _augmented(read.job, variant)
    data = load_dataset(read.dataset, Waiting())
    path = Path(pictures.output or f"{plain_name(data.name)}-{plain_name(name)}.png")
    figure, transforms = _versions(data, read.job, name, pictures.count)
    _write(path, render(figure, _kind(path)))  # whole or not at all
    return ShownData(data, str(path), variant=name, transforms=transforms)


def _kind(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def _write(path: Path, content: bytes) -> None:
    Files(path.absolute().parent).write(path.name, content)


def _named(dataset: str | None, variant: str | None) -> str:
    """Return the data set that was named, without a job."""
    if variant is not None:
        raise SpecError(f"`variant` needs `job=JOB`, the job it is a variant of. Received: variant={variant!r}.")
    if dataset is None:
        raise SpecError(
            "`dataset` must be given: a name such as digits, an .npz file, a table or a folder of pictures. Received: "
            "none. Or use `job=JOB` for the data set of a job."
        )
    return dataset


def _augmented(job: Job, variant: str | None) -> str:
    """Return the variant whose augmentation is to be shown.

    Raises:
        SpecError: if the job has no such variant, it has no augmentation, or it is not clear which is meant.
    """
    names = [name for name, one in job.variants.items() if one.augment is not None]
    listed = ", ".join(names) or "none"
    if variant is None and len(names) == 1:
        return names[0]
    if variant is None:
        raise SpecError(
            f"`variant` must say which variant of {job.name} with augmentation to show: {listed}."
            if names
            else f"{job.name} has no variant with augmentation. Add `augment=Augment(...)` to one."
        )
    if variant not in job.variants:
        raise SpecError(
            f"`variant` must be a variant of {job.name} with augmentation: {listed}. Received: {variant!r}."
            f"{near_it(variant, names)}"
        )
    if variant not in names:
        raise SpecError(f"Variant {variant!r} of {job.name} has no augmentation. Those that have: {listed}.")
    return variant


def _versions(data: Dataset, job: Job, variant: str, count: int) -> tuple[Figure, tuple[Any, ...]]:
    """Draw training pictures, each beside what the first epochs of the first repeat make of it; by which settings."""
    data = used_by(job, data)
    trial = next(one for one in plan_on(job, data).trials if one.variant == variant)
    check_transforms(variant, trial.spec.transforms, data.image_shape)
    with quietly():  # TensorFlow prints while it is imported and first used
        rows, versions, mixes = open_preview()(data, trial, count, VERSIONS)
    transforms = (*trial.spec.transforms, *trial.spec.mixings)
    made = ", ".join(map(written, transforms))
    title = f"{data.name}: training pictures, and what {variant!r} makes of them in repeat 1, by {made}"
    names = [data.class_names[label] for label in data.y_train[rows]]
    return versions_grid(title, data.x_train[rows], versions, names, mixes), transforms
