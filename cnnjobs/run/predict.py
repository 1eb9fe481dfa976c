"""Predicts pictures and arrays with a saved model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.pictures.deep_pictures import deep_text, facts_notes, range_text
from cnnjobs.datasets.pictures.picture_kinds import passed_over_text
from cnnjobs.datasets.pictures.pictures import Reading, quiet_pillow
from cnnjobs.engine.quiet import quietly
from cnnjobs.errors import ModelError, SpecError
from cnnjobs.files.uris import has_keys
from cnnjobs.models.annotate import annotate, check_folder
from cnnjobs.models.model_file import ModelMetadata, read_metadata
from cnnjobs.models.predict import Answer, answers, channel_note, expand, reading_of
from cnnjobs.models.trained_pictures import trained_note
from cnnjobs.report.render.csv import csv_text
from cnnjobs.run.backends import open_model
from cnnjobs.run.progress import Waiting
from cnnjobs.spec.checks import whole

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Answers:
    """The predictions for pictures. `print` shows the output of `cnnjobs predict`; a notebook shows a table.

    Args:
        answers: one entry per picture, with `.path`, `.top` (class names and probabilities, most probable first),
            `.truth`, `.right` and `.error`.
        metadata: class names, image shape and origin of the model.
        reading: settings with which the pictures were read.
        passed_over: mapping from suffixes to numbers of skipped files, which are not pictures or have no supported
            format.
    """

    answers: tuple[Answer, ...]
    metadata: ModelMetadata
    reading: Reading
    passed_over: Mapping[str, int]

    @property
    def table(self) -> pd.DataFrame:
        """One row per picture: path, label, label_name, probability, truth, right, error.

        `label` is the number of the class, counted from 0; `label_name` and `truth` are names of classes. With `top_k`,
        further classes are in label_2, label_name_2, probability_2 and so on.
        """
        import pandas as pd

        header, *rows = _rows(self)
        return pd.DataFrame(rows, columns=header)

    @property
    def notes(self) -> list[str]:
        """Notes on skipped files and on the conversion of pictures that differ from those of training, with numbers."""
        return list(_notes(self))

    @property
    def broken(self) -> str:
        """The unreadable pictures with reasons; empty if there are none."""
        broken = [answer for answer in self.answers if answer.error]
        lines = [f"{_shown(answer.path)}: {answer.error}" for answer in broken]
        return (
            "\n".join([*lines, f"{len(broken)} of {len(self.answers)} pictures could not be read."]) if broken else ""
        )

    def formatted(self, form: str) -> str:
        """Return the predictions as "text" or "csv"."""
        return {"text": _as_text, "csv": _as_csv}[form](self)

    def label_of(self, name: str) -> int:
        """Return the number of a class."""
        return self.metadata.class_names.index(name)

    def __str__(self) -> str:
        """Return one line per picture."""
        return self.formatted("text")

    __repr__ = __str__  # at the prompt it is read

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        return str(self.table.to_html(index=False, na_rep=""))


def predict_files(model: str, images: Sequence[str], top_k: int, annotated: str | None = None) -> Answers:
    """Return what a model sees in pictures.

    Args:
        model: a file of `cnnjobs fit`.
        images: pictures, and folders of such; also URIs, without keys.
        top_k: name so many classes.
        annotated: a folder into which they will be drawn, checked before anything is read.

    Raises:
        ModelError: if the file is no such model.
        StoreError: if the folder is that of the pictures.
        SpecError: if there are no pictures, or a URI holds keys.
    """
    whole("top_k", top_k, least=1)
    if not images:
        raise SpecError("`images` must name at least one picture, or a folder of pictures. Received: none.")
    if any(map(has_keys, images)):
        raise SpecError("`images` must not hold keys, which would be shown. Give access by the environment.")
    metadata = read_metadata(model)
    if annotated is not None:
        check_folder(Path(annotated), images)
    pictures, passed_over = expand(images, Waiting())
    reading = reading_of(metadata, pictures)
    with quietly():  # TensorFlow prints while it is imported and first used
        network = open_model(model)
        found = tuple(answers(pictures, metadata, network.predict, min(top_k, len(metadata.class_names)), reading))
    return Answers(found, metadata, reading, passed_over)


def predict_arrays(model: str, images: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return the probabilities of pictures that are in memory.

    Args:
        model: a file of `cnnjobs fit`.
        images: (n, height, width, channels), of the size that the model was trained on: uint8, or float in [0, 1].

    Returns:
        (n, classes) float32, in the order of the model's classes.

    Raises:
        ModelError: for images of another shape or type, or if the file is no such model.
    """
    metadata = read_metadata(model)
    if images.ndim != 4 or images.shape[1:] != tuple(metadata.image_shape):
        shape = ", ".join(map(str, metadata.image_shape))
        raise ModelError(f"`images` must be of shape (n, {shape}). Received: shape {images.shape}.")
    if images.dtype != np.uint8 and not (np.issubdtype(images.dtype, np.floating) and _in_unit(images)):
        raise ModelError(
            f"`images` must be uint8, or floating-point numbers in [0, 1]. Received: {images.dtype}"
            f"{'' if not images.size else f' from {images.min():g} to {images.max():g}'}."
        )
    with quietly():
        probabilities: NDArray[np.float32] = open_model(model).predict(
            images if images.dtype == np.uint8 else images * 255
        )
    return probabilities


def _in_unit(images: NDArray[np.generic]) -> bool:
    return not images.size or bool(np.min(images) >= 0 and np.max(images) <= 1)


def annotate_all(found: Answers, folder: str) -> int:
    """Write the pictures that could be read, with label, probability, right or wrong; return how many.

    Args:
        found: what the model says of them.
        folder: where they are written.
    """
    taken: set[str] = set()
    with quiet_pillow():
        for answer in found.answers:
            if answer.top:
                annotate(answer, Path(folder), taken, found.reading)
    return len(taken)


def _notes(found: Answers) -> Iterator[str]:
    """Say what was passed over, which pictures were given other channels, and what was made of deep ones."""
    if found.passed_over:
        yield f"passed over: {passed_over_text(found.passed_over)}"
    facts = [answer.facts for answer in found.answers if answer.facts is not None]
    grey = found.metadata.image_shape[2] == 3
    other = sum(one.grey == grey for one in facts)
    if other:
        yield channel_note(other, len(found.answers), grey=grey)
    told = found.reading.value_range
    if told is not None and told != Reading.of(found.metadata.dataset, found.reading.size).value_range:
        yield f"{deep_text(facts)}; the model was not trained on such pictures: {range_text(told)}"
    yield from facts_notes(found.reading, facts)
    if found.metadata.trained is not None:
        known = sum(answer.trained_on for answer in found.answers)
        yield from filter(None, [trained_note(known, len(facts), found.metadata.trained)])


def _shown(path: str) -> str:
    """Return a path on one line."""
    return path if path.isprintable() else path.encode("unicode_escape").decode("ascii")


def _as_text(answers: Answers) -> str:
    """Return one line per picture, and how many are right where the truth is known."""
    found = answers.answers
    width = max(len(_shown(answer.path)) for answer in found)
    lines = []
    for answer in found:
        named = ", ".join(f"{name} {probability:.1%}" for name, probability in answer.top) or "not readable"
        lines.append(f"{_shown(answer.path):{width}}  {named}  {answer.outcome}".rstrip())
    known = [answer.right for answer in found if answer.right is not None]
    if len(known) > 1:
        lines.append(f"{sum(known)} of {len(known)} right ({sum(known) / len(known):.1%})")
    return "\n".join(lines)


def _as_csv(answers: Answers) -> str:
    """Return one row per picture; further classes in columns of their own."""
    header, *rows = _rows(answers)
    return csv_text(header, rows)


def _rows(answers: Answers) -> list[list[Any]]:
    """Return a header, and one row per picture."""
    columns = ("label", "label_name", "probability")
    most = max(1, *(len(answer.top) for answer in answers.answers))
    more = [f"{name}_{place}" for place in range(2, most + 1) for name in columns]
    rows: list[list[Any]] = [["path", *columns, "truth", "right", "error", *more]]
    for answer in answers.answers:
        cells: list[Any] = [cell for name, share in answer.top for cell in (answers.label_of(name), name, share)]
        cells += [None] * (len(columns) * most - len(cells))
        rows.append([answer.path, *cells[:3], answer.truth, answer.right, answer.error, *cells[3:]])
    return rows
