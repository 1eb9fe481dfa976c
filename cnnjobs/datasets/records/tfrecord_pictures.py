"""Data sets in TFRecord files, read without TensorFlow."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.records.record_source import Records, RecordSource
from cnnjobs.datasets.records.tf_example import Bytes, Feature, features_of
from cnnjobs.datasets.records.tfrecord_contents import TFRecordContents
from cnnjobs.datasets.records.tfrecord_features import UNREADABLE, Found, Keys, found_in, keys_of
from cnnjobs.datasets.records.tfrecord_file import RecordIndex, index_of
from cnnjobs.datasets.records.tfrecord_names import class_names_beside, named
from cnnjobs.datasets.storage.cache import remembered
from cnnjobs.errors import DatasetError
from cnnjobs.files.file_facts import files_manifest
from cnnjobs.spec import TFRecordPictures
from cnnjobs.wording.sentences import clause

NAME = re.compile(r"\.(tfrecords?|tfrec)(\.gz)?(-\d+-of-\d+)?(\.gz)?$|^[^.]*-\d{5}-of-\d{5}$", re.IGNORECASE)
"""How files are called: x.tfrecord, x.tfrecord-00000-of-00002, train-00000-of-00128."""

INDEX_VERSION = 1
"""Raised when something else is kept of the records of a file."""

LOOKED_AT = 20
"""Records whose features tell what they are called."""


class TFRecordSource(RecordSource[TFRecordPictures]):
    """TFRecord files with pictures in them."""

    spec_type = TFRecordPictures
    noun = "a TFRecord file"
    nouns = "TFRecord files"
    beside = "labels.txt"

    @classmethod
    def fits(cls, name: str) -> bool:
        """Say whether a file is of this kind, by its name."""
        return NAME.search(name) is not None

    def read(
        self, files: Sequence[str], root: Path, name: str
    ) -> tuple[Records, Callable[[NDArray[np.int64]], Contents]]:
        """Return the labels of the records of files, and what returns the pictures of some of them."""
        keys = _keys(files, self.spec)
        places = [os.path.relpath(path, root) for path in files]
        indices = [_indexed(path, place, keys) for path, place in zip(files, places, strict=True)]
        damaged = [f"{place}: {index.damage}" for place, index in zip(places, indices, strict=True) if index.damage]
        if damaged and self.spec.strict:
            raise DatasetError(f"{damaged[0]}. Write the file anew, or leave it out.")
        notes = [f"{clause(one)}; what follows there is not read" for one in damaged]
        every: list[Found] = [one for index in indices for one in index.found]
        is_example = np.array([one.start != UNREADABLE.start for one in every], dtype=np.bool_)
        if others := int((~is_example).sum()):
            are = ("record is", "is") if others == 1 else ("records are", "are")
            notes.append(f"{name}: {others:,} {are[0]} no tf.train.Example and {are[1]} left out")
        found = [one for one in every if one.start != UNREADABLE.start]
        table = _table(indices, every)[is_example]
        labels = named(found, class_names_beside([Path(files[0]).parent, root], keys.label), keys, name)
        records = Records(
            labels.labels,
            table[:, 0],
            order=labels.order,
            splits=None if keys.split is None else [one.split for one in found],
            groups=None if keys.group is None else [one.group for one in found],
            weights=None if keys.weight is None else [one.weight for one in found],
            notes=(*notes, *labels.notes),
        )
        return records, lambda kept: TFRecordContents(root, files, table[kept])


def _keys(files: Sequence[str], spec: TFRecordPictures) -> Keys:
    """Return the features to read, by the first records of the first file that has any."""
    for path in files:
        features = _first_features(path)
        if features:
            return keys_of(features, spec, path)
    count = f"{len(files)} file{'' if len(files) == 1 else 's'}"
    raise DatasetError(f"{files[0]} must have records. Received: none, in {count}.")


def _first_features(path: str) -> dict[str, Feature]:
    """Return the features of the first records of a file.

    Raises:
        DatasetError: if it cannot be read, or its records are no examples.
    """
    looked: list[dict[str, Feature]] = []
    wrong: list[str] = []

    def look(record: Bytes) -> None:
        try:
            looked.append(features_of(record))
        except (ValueError, IndexError) as error:
            wrong.append(str(error))

    index_of(path, look, most=LOOKED_AT)
    if wrong and not looked:
        raise DatasetError(f"{path}: a record must be a tf.train.Example. Received: another message.")
    found: dict[str, Feature] = {}
    for features in looked:
        for name, feature in features.items():
            if name not in found or not found[name].kind:
                found[name] = feature
    return found


def _indexed(path: str, place: str, keys: Keys) -> RecordIndex:
    """Return the records of a file, with what each says; it is kept, because a record takes 0.05 ms."""

    def read() -> str:
        count = 0

        def look(record: Bytes) -> Found:
            nonlocal count
            count += 1
            try:
                return found_in(record, keys, f"{place}, record {count - 1}")
            except (ValueError, IndexError):
                return UNREADABLE

        index = index_of(path, look)
        return json.dumps([index.starts.tolist(), index.sizes.tolist(), index.found, index.damage])

    known = files_manifest([path])
    key = None if known is None else hashlib.sha256(f"{known}{keys}{INDEX_VERSION}".encode()).hexdigest()[:32]
    starts, sizes, found, damage = json.loads(remembered(key, read))
    return RecordIndex(np.array(starts, np.int64), np.array(sizes, np.int64), [Found(*one) for one in found], damage)


def _table(indices: Sequence[RecordIndex], found: Sequence[Found]) -> NDArray[np.int64]:
    """Return where each record is and its picture, as `TFRecordContents` has them."""
    pictures = [(one.start, one.size, *(*one.shape, 0, 0, 0)[:3]) for one in found]
    return np.column_stack(
        [
            np.repeat(np.arange(len(indices)), [len(index.starts) for index in indices]),
            np.concatenate([np.arange(len(index.starts)) for index in indices]),
            np.concatenate([index.starts for index in indices]),
            np.concatenate([index.sizes for index in indices]),
            np.array(pictures, np.int64).reshape(-1, 5),
        ]
    )
