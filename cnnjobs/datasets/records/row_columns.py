"""Which columns of a file of rows hold pictures, classes, parts and groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from cnnjobs.datasets.records.row_files import RowFile
from cnnjobs.errors import DatasetError
from cnnjobs.spec.records import ParquetPictures
from cnnjobs.wording.labels import listed

USUAL_LABELS = ("label", "labels", "class", "class_label", "class_name", "category", "target", "y")
"""What a column of classes is called where nothing declares it; the first that is there."""

SPLIT = "split"
"""What a column of parts is called."""


@dataclass(frozen=True)
class Columns:
    """Names of columns.

    Args:
        image: of the pictures.
        label: of the classes.
        split: of the parts; None if there is none.
        group: of what pictures show; None if that was not asked for.
        weight: of how much they count; None if that was not asked for.
    """

    image: str
    label: str
    split: str | None
    group: str | None
    weight: str | None


def columns_of(file: RowFile, spec: ParquetPictures) -> Columns:
    """Return the columns of a file.

    Args:
        file: one of the data set.
        spec: what the job file says.

    Raises:
        DatasetError: a column that is not there, or holds something else, or of several nothing says which is meant.
    """
    for option in ("image", "label", "split", "group", "weight"):
        name = getattr(spec, option)
        if name is not None and name not in file.schema.names:
            raise DatasetError(
                f"{file.path}: `{option}` must be one of its columns: {_columns(file)}. Received: {option}={name!r}."
            )
    image = spec.image or _image(file)
    _check_image(file, image)
    label = spec.label or _label(file, image)
    split = spec.split or (SPLIT if SPLIT in file.schema.names and label != SPLIT else None)
    return Columns(image, label, split, spec.group, spec.weight)


def class_names_of(file: RowFile, label: str) -> tuple[str, ...]:
    """Return the names that a file's metadata give the numbers of a column; none if they give none."""
    names = file.features.get(label, {}).get("names")
    return tuple(map(str, names)) if isinstance(names, list) else ()


def holds_pictures(kind: pa.DataType) -> bool:
    """Say whether values of a type may be encoded pictures."""
    if pa.types.is_struct(kind):
        return any(kind.field(place).name == "bytes" for place in range(kind.num_fields))
    return _is_binary(kind)


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _image(file: RowFile) -> str:
    """Return the column of the pictures."""
    names: list[str] = list(file.schema.names)
    there = [name for name in names if holds_pictures(file.schema.field(name).type)]
    declared = [name for name in there if file.features.get(name, {}).get("_type") == "Image"]
    structs = [name for name in there if pa.types.is_struct(file.schema.field(name).type)]
    for fitting in (declared, structs, there):
        if len(fitting) == 1:
            return fitting[0]
    if there:
        raise DatasetError(
            f"{file.path}: several columns hold pictures: {listed(there)}. Name the one to use: "
            f"ParquetPictures(..., image={there[0]!r})."
        )
    raise DatasetError(
        f"{file.path} must have a column of encoded pictures: binary, or a struct of bytes and path. Received: "
        f"{_columns(file)}.{_instead(file)}"
    )


def _check_image(file: RowFile, image: str) -> None:
    kind = file.schema.field(image).type
    if not holds_pictures(kind):
        raise DatasetError(
            f"{file.path}: `image` must be a column of encoded pictures: binary, or a struct of bytes and path. "
            f"Received: {image} ({kind}).{_instead(file)}"
        )


def _instead(file: RowFile) -> str:
    """Return what to do with a file that has no encoded pictures."""
    kinds = [field.type for field in file.schema]
    if any(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind) for kind in kinds
    ):
        return " If lists of numbers are pixels, save them as arrays: np.savez(path, x_train=pictures, y_train=labels)."
    if any(pa.types.is_string(kind) or pa.types.is_large_string(kind) for kind in kinds):
        return (
            f" If it names files of pictures, it is a table of them: PictureTable({file.path!r}, image=..., label=...)."
        )
    return ""


def _label(file: RowFile, image: str) -> str:
    """Return the column of the classes."""
    declared = [name for name, one in file.features.items() if one.get("_type") == "ClassLabel"]
    declared = [name for name in declared if name in file.schema.names]
    if len(declared) == 1:
        return declared[0]
    if declared:
        raise DatasetError(
            f"{file.path}: several columns hold classes: {listed(declared)}. Name the one to use: "
            f"ParquetPictures(..., label={declared[0]!r})."
        )
    names: list[str] = list(file.schema.names)
    usual = [name for wanted in USUAL_LABELS for name in names if name.lower() == wanted]
    others = [name for name in names if name != image and _may_be_label(file.schema.field(name).type)]
    if usual or len(others) == 1:
        return usual[0] if usual else others[0]
    raise DatasetError(
        f"{file.path} must have a column of classes, called {USUAL_LABELS[0]!r} or named in "
        f"ParquetPictures(..., label=...). Received: {_columns(file)}."
    )


def _may_be_label(kind: pa.DataType) -> bool:
    of = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_integer(of) or pa.types.is_string(of) or pa.types.is_large_string(of))


def _columns(file: RowFile) -> str:
    """Return the columns of a file with their types."""
    fields: Sequence[pa.Field] = list(file.schema)
    return listed(f"{field.name} ({_brief(field.type)})" for field in fields) or "none"


def _brief(kind: pa.DataType) -> str:
    text = str(kind)
    return text if len(text) <= 60 else f"{text[:57]}..."
