"""The model file: a `.keras` archive that also carries what prediction needs to know."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cnnjobs.datasets import dataset_from_json
from cnnjobs.datasets.pictures.pictures import Reading
from cnnjobs.errors import ModelError, SpecError
from cnnjobs.files.regular_files import refuse_special
from cnnjobs.files.zip_sizes import why_suspect
from cnnjobs.models.predict_script import predict_script
from cnnjobs.models.trained_pictures import TrainedPictures
from cnnjobs.planning.identity import canonical
from cnnjobs.spec import DatasetSpec
from cnnjobs.wording.sentences import cause
from cnnjobs.wording.terminal import visible

FORMAT = 1
"""Raised when the layout of `cnnjobs.json` changes; readers refuse newer files."""

MOST_BYTES = 64 << 20
"""Of each part of a model file that is text: what it says of itself, and its layers."""

MEMBER = "cnnjobs.json"
"""Name of the entry in the archive that Keras passes over."""


TRAINED_MEMBER = "trained_pictures"
"""Name of the entry with digests of the pictures that the network was trained on."""

SCRIPT_MEMBER = "predict.py"
"""Name of the entry that predicts pictures with Keras and Pillow alone."""

PICTURES = (
    "The network takes float32 pixels from 0 to 255 of just image_shape, and itself only scales them. Before that, "
    "pictures are turned upright by EXIF, laid on white where they are transparent, {deep}{resize} with Pillow's "
    "{interpolation} filter{aliased}, which no layer of Keras equals, and made grey where there is one channel (ITU-R "
    "601). The script "
    "predict.py in this archive does that with Keras and Pillow alone, and predicts to the bit what `cnnjobs predict` "
    "does: unzip -p MODEL.keras predict.py > predict.py; python predict.py MODEL.keras PICTURE..."
)
"""What is said in the file of pictures that are predicted without cnnjobs."""

RESIZED = {
    "stretch": "stretched",
    "crop": "scaled until they cover that size, of which the centre is kept,",
    "pad": "scaled until they fit that size, with black around them,",
}
"""What `resize` does."""


@dataclass(frozen=True)
class ModelMetadata:
    """What is known of a saved network, whose input is pixels from 0 to 255 and whose output is probabilities.

    Args:
        class_names: one per class, in the order of the outputs.
        image_shape: (height, width, channels) of the input.
        dataset: what it was trained on.
        facts: how it was made: job, variant, settings, seeds, test metrics, versions.
        trained: on which pictures; None where the file does not say.
    """

    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    dataset: DatasetSpec
    facts: Mapping[str, Any] = field(default_factory=dict)
    trained: TrainedPictures | None = field(default=None, compare=False)


def with_metadata(archive: bytes, metadata: ModelMetadata) -> bytes:
    """Return a `.keras` archive with `metadata` in it, and the script that predicts without cnnjobs."""
    reading = Reading.of(metadata.dataset, metadata.image_shape[:2])
    document = {
        "format": FORMAT,
        "class_names": list(metadata.class_names),
        "image_shape": list(metadata.image_shape),
        "pictures": _pictures_text(reading),
        "dataset": canonical(metadata.dataset),
        **metadata.facts,
    }
    sink = io.BytesIO(archive)
    with zipfile.ZipFile(sink, "a", zipfile.ZIP_DEFLATED) as added:
        added.writestr(MEMBER, json.dumps(document, indent=1))
        if metadata.trained is not None:
            added.writestr(TRAINED_MEMBER, metadata.trained.content())
        added.writestr(SCRIPT_MEMBER, predict_script(metadata.image_shape, metadata.class_names, reading))
    return sink.getvalue()


def _pictures_text(reading: Reading) -> str:
    """Return what is done to pictures before they come to the network."""
    deep = ""
    if reading.value_range is not None:
        black, white = reading.value_range
        which = "grey or with more than 8 bits per channel" if reading.one_scale else "of more than 8 bits per channel"
        deep = f"brought to 0 to 255 where they are {which} ({black:.7g} is black, {white:.7g} white), "
    aliased = "" if reading.antialias else " without antialiasing"
    resize, interpolation = RESIZED[reading.resize], reading.interpolation
    return PICTURES.format(deep=deep, resize=resize, interpolation=interpolation, aliased=aliased)


def read_metadata(path: str | Path) -> ModelMetadata:
    """Return what a model file says of itself; the network is not loaded.

    Raises:
        ModelError: no such file, no model, not one of cnnjobs, or of a newer version.
    """
    try:
        refuse_special(path)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            _check_sizes(archive, path)
            text = archive.read(MEMBER) if MEMBER in names else None
            trained = archive.read(TRAINED_MEMBER) if TRAINED_MEMBER in names else b""
    except FileNotFoundError:
        raise ModelError(f"There is no model file {path}.") from None
    except ModelError:
        raise
    except Exception as error:  # damaged archives make zipfile and its codecs raise many kinds
        raise ModelError(
            f"{path} is no model file ({cause(error)}). Expected a .keras file that `cnnjobs fit` has written."
        ) from error
    if text is None:
        what = "a Keras model, but lacks" if "model.weights.h5" in names else "no model; it lacks"
        raise ModelError(
            f"{path} is {what} {MEMBER}, which says class names, size and scaling of pictures. "
            "Save the model with `cnnjobs fit`."
        )
    return replace(_understood(text, path), trained=TrainedPictures.read(trained))


def _check_sizes(archive: zipfile.ZipFile, path: str | Path) -> None:
    """Refuse what is made to fill the memory; Keras would unpack it."""
    for member in archive.infolist():
        suspect = why_suspect(member)
        if member.filename.endswith(".json") and member.file_size > MOST_BYTES:
            suspect = f"must have at most {MOST_BYTES:,} bytes, not {member.file_size:,}"
        if suspect:
            raise ModelError(f"{path} is damaged, or made to do harm: its {member.filename[:100]!r} {suspect}.")


def _understood(text: bytes, path: str | Path) -> ModelMetadata:
    try:
        fields = json.loads(text)
        version = int(fields.pop("format"))
        fields.pop("pictures", None)
        if version > FORMAT:
            raise ModelError(
                f"{path} was saved by a newer cnnjobs: its layout is version {version}, this one reads up to {FORMAT}. "
                "Install that version of cnnjobs, or a newer one."
            )
        names, (height, width, channels) = fields.pop("class_names"), fields.pop("image_shape")
        dataset = dataset_from_json(fields.pop("dataset"))
        shape = (int(height), int(width), int(channels))
        return ModelMetadata(tuple(visible(name, lines=False) for name in names), shape, dataset, fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, SpecError) as error:
        raise ModelError(
            f"{path}: its {MEMBER} cannot be understood ({type(error).__name__}: {cause(error)})."
        ) from error
