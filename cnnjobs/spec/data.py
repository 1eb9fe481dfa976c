"""Data sets as values: a built-in name, an `.npz` file, a folder of pictures or a table that names pictures."""

import re
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.files.uris import has_keys
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import flag, number, one_of, whole
from cnnjobs.spec.fields import later_field
from cnnjobs.wording.nearest import near_it
from cnnjobs.wording.sentences import cause

RESIZES = ("stretch", "crop", "pad")
"""Ways to bring pictures to one size."""

INTERPOLATIONS = ("nearest", "box", "bilinear", "bicubic", "lanczos")
"""Interpolation filters for resizing."""

AHEAD, AS_NEEDED = "ahead", "as needed"

DECODE = (None, AHEAD, AS_NEEDED)
"""When pictures are decoded; None chooses by their size and the free space."""

BUILTIN_DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100")

DROP_FROM_TRAIN, DROP_REPEATS = "drop from train", "drop repeats"

DEDUPE = (None, DROP_FROM_TRAIN, DROP_REPEATS)
"""Values of `dedupe`."""


@dataclass(frozen=True)
class DatasetSpec:
    """A data set as a job file describes it, one class per kind; `cnnjobs.datasets.kinds` maps kinds to sources."""

    kind: ClassVar[str]
    """Name of the kind in stored jobs and model files; it never changes."""


@dataclass(frozen=True)
class PathSpec(DatasetSpec):
    """A data set at a path.

    Args:
        path: its path.
    """

    path: str


@dataclass(frozen=True)
class BuiltinDataset(DatasetSpec):
    """A data set that has a name: the embedded digits, or one of `keras.datasets`."""

    kind: ClassVar[str] = "Named"

    name: str

    def __post_init__(self) -> None:
        if self.name not in BUILTIN_DATASETS:
            raise SpecError(
                f"`dataset` must be one of {', '.join(BUILTIN_DATASETS)}, or the path of an .npz file, a table, a "
                f"folder of pictures, Parquet files or TFRecords. Received: dataset={self.name!r}, which is neither a "
                f"name nor a file here.{near_it(self.name, BUILTIN_DATASETS)}"
            )


@arguments_named
@dataclass(frozen=True)
class Npz(PathSpec):
    """A NumPy archive with `x_train`, `y_train` and, if it has its own test set, `x_test`, `y_test`.

    `x_valid`, `y_valid` (or `x_val`, `y_val`) are its own validation set. The names of MedMNIST are accepted as well:
    `train_images`, `train_labels`, `val_images` and so on.

    Images are (n, height, width) or (n, height, width, channels) with 1 or 3 channels. uint8 and floats in [0, 1] are
    used as they are; other numbers are scaled to [0, 1], and a note says how. Labels are whole numbers or text, (n,) or
    (n, 1), or one-hot, (n, classes). Pickled objects are never loaded.

    Args:
        path: path or URI of the file; a relative path is resolved against the working directory.
        test: fraction that is held out as the test set if the file has none, in (0, 1); stratified, with at least one
            image of each class.
        value_range: the values of black and white, such as (-1024, 3071). None infers them from the type and the values
            of the arrays: 0 and 255, 1,023, 4,095, 16,383 or 65,535 for whole numbers from 0; -1 and 1 for floats
            between these; otherwise the smallest and the largest value. A fitted model applies the same values to other
            files.
        dedupe: which duplicates, equal pixel for pixel, are left out of the training pictures: "drop from train" drops
            pictures that are also in the test or validation set; "drop repeats" also drops pictures that repeat an
            earlier picture of their class. None keeps all; in any case a note gives their number.
        group: name of the arrays with the group (patient, scene, burst) of each picture: "patient" for `patient_train`
            and `patient_test` (or `train_patient`, or only `patient` for the training pictures), numbers or text, (n,).
            Pictures of one group are never on both sides of a split.
        weight: name of the arrays with the weight of each picture in the training loss: "w" for `w_train` and, for the
            data set's own validation set, `w_valid`, numbers of at least 0, (n,). Metrics are not weighted.

    Raises:
        SpecError: for an empty path, or an invalid fraction or range. The file is read when the job is planned or
            submitted; wrong contents raise a `DatasetError` then.

    Example:
        >>> from cnnjobs import Npz
        >>> Npz("scans.npz", test=0.25)
        Npz(path='scans.npz', test=0.25, value_range=None, dedupe=None, group=None, weight=None)
    """

    kind: ClassVar[str] = "Npz"

    test: float = 0.2
    value_range: tuple[float, float] | None = later_field(None)
    dedupe: str | None = later_field(None)
    group: str | None = later_field(None)
    weight: str | None = later_field(None)

    def __post_init__(self) -> None:
        check_path("Npz.path", self.path)
        one_of("Npz.dedupe", self.dedupe, DEDUPE)
        number("Npz.test", self.test, above=0, below=1)
        for name in ("group", "weight"):
            value: object = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value.strip()):
                raise SpecError(f"`Npz.{name}` must be the name of an array. Received: {name}={value!r}.")
        object.__setattr__(self, "value_range", value_range_of("Npz", self.value_range))


@dataclass(frozen=True)
class PicturesSpec(PathSpec):
    """Encoded pictures at a path, with the options for reading them that all kinds share. Each kind documents them.

    Args:
        path: path of the pictures.
        size: side of all pictures, or (height, width), in pixels.
        color: "rgb", "grey" or "auto".
        test: fraction that is held out as the test set if there is none.
        strict: whether an unreadable picture is an error.
        dedupe: which duplicates are left out of the training pictures.
        resize: how a picture is brought to `size`: one of `RESIZES`.
        interpolation: one of `INTERPOLATIONS`.
        antialias: whether the filter widens where a picture becomes smaller.
        value_range: the values of black and white of pictures with more than 8 bits per channel.
        one_scale: whether grey pictures of 8 bits use the same values of black and white.
        decode: one of `DECODE`; it does not change the pictures.
    """

    size: int | tuple[int, int] | None = None
    color: str = "auto"
    test: float = 0.2
    strict: bool = False
    dedupe: str | None = later_field(None)
    resize: str = later_field("stretch")
    interpolation: str = later_field("bilinear")
    antialias: bool = later_field(True)
    value_range: tuple[float, float] | None = later_field(None)
    one_scale: bool = later_field(False)
    decode: str | None = later_field(None)

    def __post_init__(self) -> None:
        kind = self.kind
        check_path(f"{kind}.path", self.path)
        one_of(f"{kind}.color", self.color, ("auto", "rgb", "grey"))
        one_of(f"{kind}.dedupe", self.dedupe, DEDUPE)
        one_of(f"{kind}.decode", self.decode, DECODE)
        number(f"{kind}.test", self.test, above=0, below=1)
        if isinstance(self.size, tuple) and len(self.size) != 2:
            raise SpecError(f"`{kind}.size` must be one side or (height, width). Received: size={self.size!r}.")
        if self.size is not None:
            for side in self.size if isinstance(self.size, tuple) else (self.size,):
                whole(f"{kind}.size", side, least=1, most=10_000)
        self._check_reading(kind)

    def _check_reading(self, kind: str) -> None:
        """Raise a SpecError for a way of reading that there is not."""
        one_of(f"{kind}.resize", self.resize, RESIZES)
        one_of(f"{kind}.interpolation", self.interpolation, INTERPOLATIONS)
        flag(f"{kind}.antialias", self.antialias)
        flag(f"{kind}.one_scale", self.one_scale)
        if not self.antialias and self.interpolation in ("box", "lanczos"):
            raise SpecError(
                f"`{kind}.antialias` must be True with interpolation={self.interpolation!r}. Received: "
                "antialias=False. Without it use interpolation='nearest', 'bilinear' or 'bicubic'."
            )
        object.__setattr__(self, "value_range", value_range_of(kind, self.value_range))
        if self.one_scale and self.value_range is None:
            raise SpecError(
                f"`{kind}.one_scale` must come with `value_range`, the values of black and white of all grey pictures. "
                "Received: one_scale=True without it."
            )

    @property
    def sides(self) -> tuple[int, int] | None:
        """(height, width) of all pictures after resizing; None if it follows from the pictures."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


@arguments_named
@dataclass(frozen=True)
class ImageFolder(PicturesSpec):
    """A folder of pictures with one sub-folder per class, or with `train/` and `test/` that have such sub-folders.

    The parts may have other names (`Training/` and `Testing/`, `training_set/`, `seg_train/`), and may be in the single
    folder of an archive, or inside each class. `valid/` is the validation set of every trial (`Job.validation`), and
    the test set if there is no other. If there is neither, a test set is held out. If it is unclear whether a folder is
    a part or a class, there is an error or a note. Notes also name files outside of all classes and links that are not
    followed. Hidden files and files of operating systems (`__MACOSX`, `Thumbs.db`) are ignored.

    Every format that Pillow reads is accepted: JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF, JPEG 2000, PPM, TGA and others.
    Formats are recognised by content, also of files with an unknown suffix. Other files are skipped and counted by
    suffix; for HEIC and raw photos, a note says how to convert them. Pictures are rotated according to EXIF, and
    transparent ones are put on a white background; of several frames or pages, the first is used; colour profiles (ICC)
    are not applied. Decoded pictures are kept in a cache; those that do not fit into memory are read from it as needed.

    Args:
        path: the folder, or a URI without credentials such as "s3://bucket/photos", whose pictures are downloaded once
            into the cache; a relative path is resolved against the working directory.
        size: side of all pictures, or (height, width), in pixels from 1 to 10,000. None keeps the original size if it
            is the same for all pictures, and otherwise uses 96 x 96.
        color: "rgb", "grey", or "auto", which is grey if every picture is grey.
        test: fraction that is held out as the test set if there is none, in (0, 1); stratified, with at least one
            picture of each class.
        strict: whether an unreadable picture is an error; otherwise it is left out and counted.
        dedupe: which duplicates, equal pixel for pixel, are left out of the training pictures: "drop from train" drops
            pictures that are also in the test or validation set; "drop repeats" also drops pictures that repeat an
            earlier picture of their class. None keeps all; in any case a note gives their number.
        resize: "stretch" resizes both sides to `size`; "crop" scales a picture until it covers `size` and keeps the
            centre; "pad" scales it until it fits into `size` and pads it with black.
        interpolation: interpolation filter: "nearest", "box", "bilinear", "bicubic" or "lanczos".
        antialias: whether the filter is widened when a picture is downscaled; False is not possible with "box" and
            "lanczos".
        value_range: the values of black and white of pictures with more than 8 bits per channel (16-bit PNG, TIFF of
            integers or floats), such as (0, 4095). None infers them from the training pictures: 0 and 255, 1,023,
            4,095, 16,383 or 65,535 for whole numbers from 0; 0 and 1 or -1 and 1 for floats between these; otherwise
            the smallest and the largest value. All pictures are converted to 8 bits. A fitted model applies the same
            values to other pictures.
        one_scale: whether the values of black and white in `value_range` also apply to grey pictures of 8 bits, as for
            values of one sensor that were saved with as many bits as each picture needed.
        group: a regular expression (Python's `re`) that finds the group (patient, scene, burst) of a picture in its
            path below the folder of its class: the first group in parentheses, or the whole match. `"^[^_]+"` finds
            P017 in `tumor/P017_03.png`, `"(.+)/"` finds it in `tumor/P017/03.png`. Pictures of one group are never on
            both sides of a split, whatever their classes.
        decode: "ahead" decodes all pictures into the cache before trials start; "as needed" keeps them encoded and
            decodes each one whenever it is trained on. None decodes ahead unless the pictures fit neither into memory
            nor into half of the free space of the cache; a note says which. The pixels are the same in all cases.

    Raises:
        SpecError: for an empty path, a value out of range, or an invalid regular expression. The folder is read when
            the job is planned or submitted; wrong contents raise a `DatasetError` then.

    Example:
        >>> from cnnjobs import ImageFolder
        >>> ImageFolder("photos", size=(64, 96)).color
        'auto'
    """

    kind: ClassVar[str] = "ImageFolder"

    group: str | None = later_field(None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.group is None:
            return
        try:
            re.compile(self.group)
        except (TypeError, re.error) as error:
            raise SpecError(
                "`ImageFolder.group` must be a regular expression that finds the group of a picture in its name. "
                f"Received: group={self.group!r} ({cause(error)})."
            ) from error


@arguments_named
@dataclass(frozen=True)
class PictureTable(PicturesSpec):
    """A table of pictures and their classes with one row per picture: CSV, TSV or Parquet.

    A CSV may use any usual separator (comma, semicolon, tab, bar), and UTF-8, UTF-16 or Windows-1252. All values are
    text: 000123 keeps its zeros, and NA is a class; only an empty value is missing. Class names are the labels in the
    table; classes that are numbers are in numerical order.

    The table may name pictures with or without folders and suffix, by paths of another machine, or in another case. A
    file name without a folder is also searched for in the folders below `folder`; several matches are an error. Rows
    without a label or without a picture, rows that repeat another one, pictures with several classes, and pictures that
    no row names are left out, counted and named.

    Args:
        path: path or URI of the table; a relative path is resolved against the working directory.
        size: as for `ImageFolder`.
        color: as for `ImageFolder`.
        test: as for `ImageFolder`.
        strict: whether rows that would be left out, and unreadable pictures, are an error.
        dedupe: as for `ImageFolder`.
        resize: as for `ImageFolder`.
        interpolation: as for `ImageFolder`.
        antialias: as for `ImageFolder`.
        value_range: as for `ImageFolder`.
        one_scale: as for `ImageFolder`.
        decode: as for `ImageFolder`.
        folder: folder of the pictures; None for the folder of the table.
        image: column with the names of the pictures; None if there is only one such column.
        label: column with the classes, or columns of 0 and 1, one per class; None if only one column can be meant.
        split: column that assigns rows to training, validation and test, by the names that `ImageFolder` knows for its
            parts, or by 0 and 1 in a column such as "is_test"; None to hold out a test set.
        group: column with the patient, scene or burst whose pictures belong together.
        suffix: suffix that is added to the names in the table, such as ".jpg"; None if the names include it, or if any
            suffix may follow.
        test_path: table of the test set, with the same columns; None if there is only one table.
        weight: column with the weight of each picture in the training loss, numbers of at least 0; every training row
            must have one. Metrics are not weighted.

    Raises:
        SpecError: for an empty path or name, or a value out of range. The table is read when the job is planned or
            submitted; wrong contents raise a `DatasetError` then.

    Example:
        >>> from cnnjobs import PictureTable
        >>> PictureTable("labels.csv", folder="photos", image="id", label="breed", suffix=".jpg").label
        'breed'
    """

    kind: ClassVar[str] = "PictureTable"

    _: KW_ONLY
    folder: str | None = None
    image: str | None = None
    label: str | tuple[str, ...] | None = None
    split: str | None = None
    group: str | None = None
    suffix: str | None = None
    test_path: str | None = None
    weight: str | None = later_field(None)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("folder", "test_path"):
            if getattr(self, name) is not None:
                check_path(f"PictureTable.{name}", getattr(self, name))
        for name in ("image", "split", "group", "weight"):
            value = getattr(self, name)
            if value is not None:
                _check_column(name, value)
        given: object = self.label
        if isinstance(given, list):
            object.__setattr__(self, "label", tuple(given))
        for column in self.label_columns:
            _check_column("label", column)
        if isinstance(self.label, tuple) and len(set(self.label)) < max(2, len(self.label)):
            raise SpecError(f"`PictureTable.label` must be columns, one per class. Received: label={self.label!r}.")
        if self.suffix is not None and (not isinstance(self.suffix, str) or "." not in self.suffix):
            raise SpecError(f'`PictureTable.suffix` must be such as ".jpg". Received: suffix={self.suffix!r}.')

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The label columns that are named."""
        if self.label is None:
            return ()
        return self.label if isinstance(self.label, tuple) else (self.label,)


def value_range_of(kind: str, given: object) -> tuple[float, float] | None:
    """Return the values of black and white as two floats; None if they are not given.

    Args:
        kind: kind of data set, for messages.
        given: the value that the user gave.

    Raises:
        SpecError: if they are not two numbers, the lower one first.
    """
    if given is None:
        return None
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise SpecError(f"`{kind}.value_range` must be (black, white). Received: value_range={given!r}.")
    black, white = (number(f"{kind}.value_range", value) for value in given)
    if black >= white:
        raise SpecError(f"`{kind}.value_range` must be (black, white), black below white. Received: {given!r}.")
    return black, white


def _check_column(name: str, value: object) -> None:
    """Raise a SpecError if `value` is no name of a column."""
    if not isinstance(value, str) or not value.strip():
        raise SpecError(f"`PictureTable.{name}` must be the name of a column. Received: {name}={value!r}.")


def check_path(name: str, value: object) -> None:
    """Raise a SpecError if `value` is neither text nor a path, or is a URI with credentials.

    Args:
        name: name of the argument.
        value: the value that was given.
    """
    if not isinstance(value, str | Path) or not str(value).strip():
        raise SpecError(f"`{name}` must be a name, a path or a URI. Received: {value!r}.")
    if has_keys(str(value)):
        raise SpecError(
            f"`{name}` must not hold keys: it is kept with the results. Give access by AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, by GOOGLE_APPLICATION_CREDENTIALS, or by a profile or role."
        )
    if broken := re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)", str(value)):
        raise SpecError(
            f"`{name}` must be a path or a URI such as {broken[1]}://bucket/folder. Received: {str(value)!r}."
        )
