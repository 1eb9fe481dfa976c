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
"""How pictures are brought to one size."""

INTERPOLATIONS = ("nearest", "box", "bilinear", "bicubic", "lanczos")
"""Filters of resizing."""

AHEAD, AS_NEEDED = "ahead", "as needed"

DECODE = (None, AHEAD, AS_NEEDED)
"""When pictures are decoded; None leaves it to their size and the space that is free."""

BUILTIN_DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100")

DROP_FROM_TRAIN, DROP_REPEATS = "drop from train", "drop repeats"

DEDUPE = (None, DROP_FROM_TRAIN, DROP_REPEATS)
"""What `dedupe` may be."""


@dataclass(frozen=True)
class DatasetSpec:
    """What a job file says of a data set; a class a kind, and `cnnjobs.datasets.kinds` knows what to do with each."""

    kind: ClassVar[str]
    """What stored jobs and model files call the kind; it never changes."""


@dataclass(frozen=True)
class PathSpec(DatasetSpec):
    """A data set at a path.

    Args:
        path: where it lies.
    """

    path: str


@dataclass(frozen=True)
class BuiltinDataset(DatasetSpec):
    """One of the data sets that have a name: the embedded digits, or those of `keras.datasets`."""

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

    `x_valid`, `y_valid` (or `x_val`, `y_val`) are its own validation set. The names of MedMNIST will do as well:
    `train_images`, `train_labels`, `val_images` and so on.

    Images are (n, height, width) or (n, height, width, channels) with 1 or 3 channels. uint8 and floats in [0, 1] are
    taken as they are; other numbers are brought to [0, 1], and a note says how. Labels are whole numbers or text, (n,)
    or (n, 1), or one-hot, (n, classes). Pickled objects are never loaded.

    Args:
        path: the file, or its URI; a relative path is taken from the working directory.
        test: fraction held out as test set, stratified, one of each class at least, if the file has none; in (0, 1).
        value_range: the values of black and white, such as (-1024, 3071); None tells them from type and values of the
            arrays: 0 and 255, 1,023, 4,095, 16,383 or 65,535 for whole numbers from 0, -1 and 1 for floats between
            these, else the least and the greatest value. A fitted model remembers them for other files.
        dedupe: what is left out of the training pictures for being the same, pixel for pixel: "drop from train", what
            is in the test or validation set as well; "drop repeats", also what is an earlier picture of its class.
            None leaves nothing out; a note counts such pictures in any case.
        group: name of the arrays that say which group (patient, scene, burst) each picture is of: "patient" for
            `patient_train` and `patient_test` (or `train_patient`, or `patient` alone for the training pictures),
            numbers or text, (n,). Pictures of one group never stand on both sides of a split.
        weight: name of the arrays that say how much each picture counts in what is minimised: "w" for `w_train` and, of
            its own validation set, `w_valid`, numbers of at least 0, (n,). Metrics are of plain pictures.

    Raises:
        SpecError: for an empty path, or a fraction or range that makes no sense. The file is read, and `DatasetError`
            raised for wrong contents, when the job is planned or submitted.

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
    """Encoded pictures at a path: what all kinds of them say of how they are read. Each kind documents it.

    Args:
        path: where they lie.
        size: side of all pictures, or (height, width), in pixels.
        color: "rgb", "grey" or "auto".
        test: fraction held out as test set, if there is none.
        strict: whether an unreadable picture is an error.
        dedupe: which training pictures are left out for being the same as others.
        resize: how a picture is brought to `size`: one of `RESIZES`.
        interpolation: one of `INTERPOLATIONS`.
        antialias: whether the filter widens where a picture becomes smaller.
        value_range: the values of black and white of pictures with more than 8 bits a channel.
        one_scale: whether grey pictures of 8 bits have the same values as black and white.
        decode: one of `DECODE`; changes no bit of the pictures.
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
        """(height, width) that all pictures become; None where it follows from the pictures."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


@arguments_named
@dataclass(frozen=True)
class ImageFolder(PicturesSpec):
    """A folder of pictures: a sub-folder a class, or `train/` and `test/` with such sub-folders.

    The parts may have other names (`Training/` and `Testing/`, `training_set/`, `seg_train/`), lie in the single
    folder of an archive, or in each class. `valid/` is the validation set of every trial (`Job.validation`), and the
    test set where there is no other. Without either a test set is held out.
    Where a folder may be a part or a class it is an error or a note; a note also says what lies in no class and what
    links are not followed. Hidden files and what systems leave behind (`__MACOSX`, `Thumbs.db`) are passed over.

    Pictures are what Pillow reads: JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF, JPEG 2000, PPM, TGA and others, told by
    content; a file with an unknown ending is looked at. What is passed over is counted by ending, HEIC and raw photos
    with what to do about them. Pictures are turned upright by EXIF and laid on white where they are transparent; of
    several frames or pages the first counts; colour profiles (ICC) are not applied. Decoded once, they are kept in a
    cache, from which those that do not fit the memory are read as they are needed.

    Args:
        path: the folder, or a URI such as "s3://bucket/photos" without keys, whose pictures are downloaded once into
            the cache; a relative path is taken from the working directory.
        size: side of all pictures, or (height, width), in pixels from 1 to 10,000. None keeps the pictures' own size
            if all have the same, and is 96 x 96 otherwise.
        color: "rgb", "grey", or "auto": grey if every picture is grey.
        test: fraction held out as test set, stratified, one of each class at least, if there is no test set; in (0, 1).
        strict: an unreadable picture is an error; otherwise it is left out and counted.
        dedupe: what is left out of the training pictures for being the same, pixel for pixel: "drop from train", what
            is in the test or validation set as well; "drop repeats", also what is an earlier picture of its class.
            None leaves nothing out; a note counts such pictures in any case.
        resize: "stretch" fits both sides to `size`; "crop" scales a picture until it covers `size` and keeps the
            centre; "pad" scales it until it fits, with black around it.
        interpolation: "nearest", "box", "bilinear", "bicubic" or "lanczos".
        antialias: the filter widens where a picture becomes smaller; without it "box" and "lanczos" are not there.
        value_range: the values of black and white of pictures with more than 8 bits a channel (16-bit PNG, TIFF of
            integers or floats), such as (0, 4095). None tells them from the training pictures: 0 and 255, 1,023,
            4,095, 16,383 or 65,535 for whole numbers from 0, 0 and 1 or -1 and 1 for floats between these, else the
            least and the greatest value. All become 8 bits. A fitted model remembers them for other pictures.
        one_scale: grey pictures of 8 bits have the black and white of `value_range` as well: values of one sensor,
            saved with as many bits as each picture needed.
        group: a regular expression (Python's `re`) that finds in a picture's place below its class's folder which group
            (patient, scene, burst) it is of: what its first pair of parentheses holds, or all of the match. `"^[^_]+"`
            finds P017 in `tumor/P017_03.png`, `"(.+)/"` in `tumor/P017/03.png`. Pictures of one group never stand on
            both sides of a split, whatever their classes.
        decode: "ahead", all are decoded into the cache before trials start; "as needed", they stay as they are, and
            each is decoded whenever it is trained on. None decodes ahead unless the pictures fit neither the memory
            nor half of the space that is free for the cache; a note says which. All give the same bits.

    Raises:
        SpecError: for an empty path, a value out of range, or no regular expression. The folder is read, and
            `DatasetError` raised for wrong contents, when the job is planned or submitted.

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
    """A table of pictures and their classes, a row a picture: CSV, TSV or Parquet.

    A CSV is read whatever separates its columns (comma, semicolon, tab, bar), in UTF-8, UTF-16 or Windows-1252. All
    values are text: 000123 keeps its zeros, and NA is a class; only an empty value is missing. Class names are those of
    the table, numbers in the order of numbers.

    Pictures may be named with or without folders and suffix, by another machine's paths, or in another case. A file
    name alone is also looked for in the folders below `folder`; where several files fit it is an error. Rows
    without a label or without a picture, rows that repeat one, pictures that rows put into several classes, and
    pictures that no row names are left out, counted and named.

    Args:
        path: the table, or its URI; a relative path is taken from the working directory.
        size: as for `ImageFolder`.
        color: as for `ImageFolder`.
        test: as for `ImageFolder`.
        strict: rows that would be left out, and unreadable pictures, are an error.
        dedupe: as for `ImageFolder`.
        resize: as for `ImageFolder`.
        interpolation: as for `ImageFolder`.
        antialias: as for `ImageFolder`.
        value_range: as for `ImageFolder`.
        one_scale: as for `ImageFolder`.
        decode: as for `ImageFolder`.
        folder: where the pictures lie; None for the folder of the table.
        image: the column that names the pictures; None where only one column does.
        label: the column of the classes, or the columns of 0 and 1, one a class; None where only one can be meant.
        split: the column that says what is for training, validation and test, in the words that `ImageFolder` knows for
            its parts, or 0 and 1 in a column such as "is_test"; None for a test set that is held out.
        group: the column of the patient, scene or burst, pictures of which belong together.
        suffix: what follows the names in the table, such as ".jpg"; None where they have it, or it may be any.
        test_path: a table of the test set, with the same columns; None where there is one table.
        weight: the column of how much each picture counts in what is minimised, numbers of at least 0, which every row
            to train on must have. Metrics are of plain pictures.

    Raises:
        SpecError: for an empty path or name, or a value out of range. The table is read, and `DatasetError` raised for
            wrong contents, when the job is planned or submitted.

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
            raise SpecError(f"`PictureTable.label` must be columns, one a class. Received: label={self.label!r}.")
        if self.suffix is not None and (not isinstance(self.suffix, str) or "." not in self.suffix):
            raise SpecError(f'`PictureTable.suffix` must be such as ".jpg". Received: suffix={self.suffix!r}.')

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The columns of the classes that are named."""
        if self.label is None:
            return ()
        return self.label if isinstance(self.label, tuple) else (self.label,)


def value_range_of(kind: str, given: object) -> tuple[float, float] | None:
    """Return the values of black and white as two floats; None where they are not given.

    Args:
        kind: of data set, for messages.
        given: by the user.

    Raises:
        SpecError: if they are no two numbers, the lower first.
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
    """Raise a SpecError if `value` is no text and no path, or a URI with keys.

    Args:
        name: of the argument.
        value: what was given.
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
