"""Which features of TFRecords hold pictures, classes, parts and groups, and what a record says by them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cnnjobs.datasets.records.record_labels import Label, plain_label
from cnnjobs.datasets.records.tf_example import Bytes, Feature, features_of
from cnnjobs.errors import DatasetError
from cnnjobs.spec.records import TFRecordPictures
from cnnjobs.wording.labels import listed

USUAL_IMAGES = ("image/encoded", "image", "image_raw", "image_bytes", "img", "encoded", "jpeg", "png", "picture")
"""What a feature of pictures is called; the first that is there."""

USUAL_LABELS = (
    "image/class/label", "label", "class", "image/label", "labels", "class_label", "category", "target", "y",
    "image/class/text", "class_name", "label_name", "text",
)  # fmt: skip
"""What a feature of classes is called; the first that is there."""

HEIGHTS = ("image/height", "height", "rows")
WIDTHS = ("image/width", "width", "cols")
DEPTHS = ("image/channels", "image/depth", "depth", "channels")
"""What features are called that say how large a picture is."""

NONE, SEVERAL = -1, -2
"""In the place of a picture's size: the record has no picture, or several."""


@dataclass(frozen=True)
class Keys:
    """Names of features.

    Args:
        image: of the pictures.
        label: of the classes.
        text: of the classes' names; None if there is none.
        split: of the parts; None if there is none.
        group: of what pictures show; None if that was not asked for.
        weight: of how much they count; None if that was not asked for.
        shape: height, width and channels; those that are there.
    """

    image: str
    label: str
    text: str | None
    split: str | None
    group: str | None
    weight: str | None
    shape: tuple[str, ...]

    @property
    def all(self) -> frozenset[str]:
        """All of them."""
        names = (self.image, self.label, self.text, self.split, self.group, self.weight, *self.shape)
        return frozenset(name for name in names if name is not None)


class Found(NamedTuple):
    """What a record says: first byte and length of its picture, its class, the name of that, part, group and weight."""

    start: int
    size: int
    label: Label
    text: str
    split: str
    group: str
    weight: str
    shape: Sequence[int]


UNREADABLE = Found(-1, NONE, None, "", "", "", "", ())
"""What a record says that is no example."""


def keys_of(features: Mapping[str, Feature], spec: TFRecordPictures, path: str) -> Keys:
    """Return the features to read.

    Args:
        features: of the first records of a file.
        spec: what the job file says.
        path: of the file, for messages.

    Raises:
        DatasetError: for features that are not there, or hold something else.
    """
    for option in ("image", "label", "split", "group", "weight"):
        name = getattr(spec, option)
        if name is not None and name not in features:
            raise DatasetError(
                f"{path}: `{option}` must be one of the features of its records: {_told(features)}. Received: "
                f"{option}={name!r}."
            )
    image = spec.image or _first(USUAL_IMAGES, features, "picture", "image", path)
    if features[image].kind != "bytes":
        raise DatasetError(
            f"{path}: `image` must be a feature with the bytes of a picture. Received: {image} "
            f"({features[image].kind or 'empty'}). If its numbers are pixels, save them as arrays: "
            "np.savez(path, x_train=pictures, y_train=labels)."
        )
    label = spec.label or _first(USUAL_LABELS, features, "class", "label", path)
    texts = (f"{label}_text", f"{label}_name", label.replace("label", "text"), label.replace("label", "name"))
    text = next((one for one in texts if one != label and one in features and features[one].kind == "bytes"), None)
    split = spec.split or ("split" if label != "split" and "split" in features else None)
    shape = [next((one for one in names if one in features), None) for names in (HEIGHTS, WIDTHS, DEPTHS)]
    sides = tuple(one for one in shape if one is not None)
    return Keys(image, label, text, split, spec.group, spec.weight, sides)


def found_in(record: Bytes, keys: Keys, where: str) -> Found:
    """Return what a record says.

    Args:
        record: its bytes.
        keys: what is read.
        where: it is, for messages.

    Raises:
        ValueError: if it is no example.
        DatasetError: for a label that is none.
    """
    features = features_of(record, keys.all)
    pictures = features.get(keys.image, Feature()).spans
    start, size = (pictures[0][0], pictures[0][1] - pictures[0][0]) if pictures else (0, NONE)
    label = _only(features, keys.label, record)
    if isinstance(label, list):
        raise DatasetError(
            f"{where}: {keys.label} must have one value, the class. Received: {len(label)} values. If they are columns "
            "of classes, or boxes of objects, write one label a picture."
        )
    shape = (features.get(name, Feature()).numbers for name in keys.shape)
    return Found(
        start,
        SEVERAL if len(pictures) > 1 else size,
        plain_label(label, f"{where}: {keys.label}"),
        _text(features, keys.text, record),
        _text(features, keys.split, record),
        _text(features, keys.group, record),
        _text(features, keys.weight, record),
        tuple(int(one[0]) for one in shape if one),
    )


def _only(features: Mapping[str, Feature], name: str, record: Bytes) -> Any:
    """Return the value of a feature; None for an empty one, a list for several."""
    feature = features.get(name, Feature())
    values = [*feature.numbers, *(record[first:last] for first, last in feature.spans[:2])]
    return values[0] if len(values) == 1 else values or None


def _text(features: Mapping[str, Feature], name: str | None, record: Bytes) -> str:
    value = None if name is None else _only(features, name, record)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _first(usual: Sequence[str], features: Mapping[str, Feature], what: str, option: str, path: str) -> str:
    for name in usual:
        if name in features:
            return name
    raise DatasetError(
        f"{path}: a record must have a feature with its {what}, called {usual[0]} or {usual[1]}, or named in "
        f"TFRecordPictures(..., {option}=...). Received: {_told(features)}."
    )


def _told(features: Mapping[str, Feature]) -> str:
    return listed(f"{name} ({feature.kind or 'empty'})" for name, feature in sorted(features.items())) or "no features"
