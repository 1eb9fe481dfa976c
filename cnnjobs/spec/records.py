"""Data sets of encoded pictures that lie in files of many: Parquet and TFRecord."""

from dataclasses import dataclass
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.data import PicturesSpec, check_path
from cnnjobs.spec.fields import later_field


@dataclass(frozen=True)
class RecordsSpec(PicturesSpec):
    """Pictures in files that hold many each: what both kinds say of what is read there. Each kind documents it.

    Args:
        image: where the bytes of a picture are.
        label: where its class is.
        split: where it says which part of the data set it is of.
        group: where it says what it shows.
        test_path: files of the test set.
        weight: where it says how much it counts.
    """

    image: str | None = None
    label: str | None = None
    split: str | None = None
    group: str | None = None
    test_path: str | None = None
    weight: str | None = later_field(None)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("image", "label", "split", "group", "weight"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value):
                raise SpecError(f"`{self.kind}.{name}` must be a name, or None. Received: {name}={value!r}.")
        if self.test_path is not None:
            check_path(f"{self.kind}.test_path", self.test_path)


@arguments_named
@dataclass(frozen=True)
class ParquetPictures(RecordsSpec):
    """Parquet files with encoded pictures in a column, such as those of Hugging Face.

    A picture is a struct of `bytes` and `path`, or binary. Classes have the names that the files' metadata
    (`ClassLabel`) give the numbers, or else the labels themselves as names; a label that is null or -1 is none, and
    such rows are left out and counted. The names of files and folders tell train, validation and test
    (`train-00000-of-00002.parquet`), or a column does. Messages count rows of each file from 0. Files are read a few
    rows at a time. Folders that `datasets.save_to_disk` has written (`.arrow`) are read as well.

    Args:
        path: a file, a folder that is searched with the folders in it, or a pattern such as "data/*.parquet", also as
            URIs; a relative path is taken from the working directory.
        size: side of all pictures, or (height, width), in pixels from 1 to 10,000. None keeps the pictures' own size
            if all have the same, and is 96 x 96 otherwise.
        color: "rgb", "grey", or "auto": grey if every picture is grey.
        test: fraction held out as test set, stratified, one of each class at least, if there is no test set; in (0, 1).
        strict: an unreadable picture is an error; otherwise it is left out and counted.
        dedupe: as for `ImageFolder`.
        resize: as for `ImageFolder`.
        interpolation: as for `ImageFolder`.
        antialias: as for `ImageFolder`.
        value_range: as for `ImageFolder`.
        one_scale: as for `ImageFolder`.
        decode: as for `ImageFolder`.
        image: the column of the pictures; None for the only one there is.
        label: the column of the classes; None for the only one with class names, or with a usual name such as "label".
        split: a column that says "train", "validation" or "test"; None where the names of files say it, or a column
            "split" does.
        group: a column that says what a picture shows (a patient, a scene); None where that does not matter.
        test_path: file, folder or pattern of the test set, where names do not tell it.
        weight: the column of how much each picture counts in what is minimised, as for `PictureTable`.

    Raises:
        SpecError: for an empty path, or a value out of range. The files are read, and `DatasetError` raised for wrong
            contents, when the job is planned or submitted.

    Example:
        >>> from cnnjobs import ParquetPictures
        >>> ParquetPictures("cifar100/data/*.parquet", label="fine_label").label
        'fine_label'
    """

    kind: ClassVar[str] = "ParquetPictures"


@arguments_named
@dataclass(frozen=True)
class TFRecordPictures(RecordsSpec):
    """TFRecord files with encoded pictures in `tf.train.Example`s, such as those of TensorFlow Datasets.

    They are read without TensorFlow, also where they are compressed. A picture is whatever Pillow reads, or raw pixels
    beside their height and width. Labels are whole numbers, with `image/class/text` or the file `label.labels.txt` as
    names, or text; a label of -1, or none, leaves a record out, which is counted. The names of files tell train,
    validation and test. A record whose checksum is not that of its bytes is left out and counted, like all after a
    place where a file is cut short. Messages count records of each file from 0.

    Args:
        path: a file, a folder that is searched with the folders in it, or a pattern such as "flowers/*.tfrec", also as
            URIs; a relative path is taken from the working directory.
        size: side of all pictures, or (height, width), in pixels from 1 to 10,000. None keeps the pictures' own size
            if all have the same, and is 96 x 96 otherwise.
        color: "rgb", "grey", or "auto": grey if every picture is grey.
        test: fraction held out as test set, stratified, one of each class at least, if there is no test set; in (0, 1).
        strict: an unreadable picture is an error; otherwise it is left out and counted.
        dedupe: as for `ImageFolder`.
        resize: as for `ImageFolder`.
        interpolation: as for `ImageFolder`.
        antialias: as for `ImageFolder`.
        value_range: as for `ImageFolder`.
        one_scale: as for `ImageFolder`.
        decode: as for `ImageFolder`.
        image: the feature with the pictures; None for the usual names, such as "image/encoded" and "image".
        label: the feature with the classes; None for the usual names, such as "image/class/label" and "label".
        split: a feature that says "train", "validation" or "test"; None where the names of files say it.
        group: a feature that says what a picture shows (a patient, a scene); None where that does not matter.
        test_path: file, folder or pattern of the test set, where names do not tell it.
        weight: the feature of how much each picture counts in what is minimised, as for `PictureTable`.

    Raises:
        SpecError: for an empty path, or a value out of range. The files are read, and `DatasetError` raised for wrong
            contents, when the job is planned or submitted.

    Example:
        >>> from cnnjobs import TFRecordPictures
        >>> TFRecordPictures("flowers/*.tfrec", size=192, label="class").sides
        (192, 192)
    """

    kind: ClassVar[str] = "TFRecordPictures"
