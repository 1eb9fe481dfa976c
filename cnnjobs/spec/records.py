"""Data sets of encoded pictures in files with many pictures each: Parquet and TFRecord."""

from dataclasses import dataclass
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.data import PicturesSpec, check_path
from cnnjobs.spec.fields import later_field


@dataclass(frozen=True)
class RecordsSpec(PicturesSpec):
    """Pictures in files that hold many each, with the options that both kinds share. Each kind documents them.

    Args:
        image: column or feature with the encoded pictures.
        label: column or feature with their classes.
        split: column or feature with the part of the data set.
        group: column or feature with the group.
        test_path: files of the test set.
        weight: column or feature with the weight in the training loss.
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

    A picture is a struct of `bytes` and `path`, or binary. The class names are those that the files' metadata
    (`ClassLabel`) assigns to the numbers; without such metadata they are the labels themselves. Rows whose label is
    null or -1 are left out and counted. The names of files and folders (`train-00000-of-00002.parquet`) or a column
    assign rows to training, validation and test. Messages count the rows of each file from 0. Files are read a few rows
    at a time. Folders written by `datasets.save_to_disk` (`.arrow`) are read as well.

    Args:
        path: a file, a folder, which is searched recursively, or a pattern such as "data/*.parquet"; also as a URI. A
            relative path is resolved against the working directory.
        size: side of all pictures, or (height, width), in pixels from 1 to 10,000. None keeps the original size if it
            is the same for all pictures, and otherwise uses 96 x 96.
        color: "rgb", "grey", or "auto", which is grey if every picture is grey.
        test: fraction that is held out as the test set if there is none, in (0, 1); stratified, with at least one
            picture of each class.
        strict: whether an unreadable picture is an error; otherwise it is left out and counted.
        dedupe: as for `ImageFolder`.
        resize: as for `ImageFolder`.
        interpolation: as for `ImageFolder`.
        antialias: as for `ImageFolder`.
        value_range: as for `ImageFolder`.
        one_scale: as for `ImageFolder`.
        decode: as for `ImageFolder`.
        image: column with the pictures; None if there is only one such column.
        label: column with the classes; None for the only one with class names, or with a usual name such as "label".
        split: column with the values "train", "validation" or "test"; None if the file names say it, or a column named
            "split" does.
        group: column with the group of each picture (a patient, a scene); None if there are no groups.
        test_path: file, folder or pattern of the test set, if the names do not tell it.
        weight: column with the weight of each picture in the training loss, as for `PictureTable`.

    Raises:
        SpecError: for an empty path, or a value out of range. The files are read when the job is planned or submitted;
            wrong contents raise a `DatasetError` then.

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

    The files are read without TensorFlow, also if they are compressed. A picture is in any format that Pillow reads, or
    raw pixels with features for height and width. Labels are whole numbers, named by `image/class/text` or the file
    `label.labels.txt`, or text; records whose label is -1 or missing are left out and counted. The names of files
    assign records to training, validation and test. A record with a wrong checksum is left out and counted, as are all
    records from the place on where a file is truncated. Messages count the records of each file from 0.

    Args:
        path: a file, a folder, which is searched recursively, or a pattern such as "flowers/*.tfrec"; also as a URI. A
            relative path is resolved against the working directory.
        size: side of all pictures, or (height, width), in pixels from 1 to 10,000. None keeps the original size if it
            is the same for all pictures, and otherwise uses 96 x 96.
        color: "rgb", "grey", or "auto", which is grey if every picture is grey.
        test: fraction that is held out as the test set if there is none, in (0, 1); stratified, with at least one
            picture of each class.
        strict: whether an unreadable picture is an error; otherwise it is left out and counted.
        dedupe: as for `ImageFolder`.
        resize: as for `ImageFolder`.
        interpolation: as for `ImageFolder`.
        antialias: as for `ImageFolder`.
        value_range: as for `ImageFolder`.
        one_scale: as for `ImageFolder`.
        decode: as for `ImageFolder`.
        image: feature with the pictures; None for the usual names, such as "image/encoded" and "image".
        label: feature with the classes; None for the usual names, such as "image/class/label" and "label".
        split: feature with the values "train", "validation" or "test"; None if the file names say it.
        group: feature with the group of each picture (a patient, a scene); None if there are no groups.
        test_path: file, folder or pattern of the test set, if the names do not tell it.
        weight: feature with the weight of each picture in the training loss, as for `PictureTable`.

    Raises:
        SpecError: for an empty path, or a value out of range. The files are read when the job is planned or submitted;
            wrong contents raise a `DatasetError` then.

    Example:
        >>> from cnnjobs import TFRecordPictures
        >>> TFRecordPictures("flowers/*.tfrec", size=192, label="class").sides
        (192, 192)
    """

    kind: ClassVar[str] = "TFRecordPictures"
