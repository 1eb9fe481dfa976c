"""TFRecords that TensorFlow itself has written are read without it, to the byte."""

import numpy as np
import pytest
import tensorflow as tf
from support.datasets import load
from support.records import example, png

from cnnjobs import TFRecordPictures
from cnnjobs.datasets import source_of
from cnnjobs.datasets.records.tf_example import features_of


def feature(value):
    if isinstance(value, int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def written(path, compression):
    """Write 300 pictures of two classes as TF-Slim does."""
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type=compression)) as writer:
        for seed in range(300):
            features = {
                "image/encoded": feature(tf.io.encode_jpeg(np.full((8, 6, 3), seed % 256, np.uint8)).numpy()),
                "image/class/label": feature(1 + seed % 2),
                "image/class/text": feature([b"daisy", b"rose"][seed % 2]),
            }
            made = tf.train.Example(features=tf.train.Features(feature={key: features[key] for key in features}))
            writer.write(made.SerializeToString())
    return path


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_every_record_is_found_and_every_checksum_right(tmp_path, compression):
    path = written(tmp_path / "train-00000-of-00001", compression)
    listing = source_of(TFRecordPictures(str(path))).listing()
    told = [
        tf.io.parse_single_example(
            one,
            {
                "image/encoded": tf.io.FixedLenFeature([], tf.string),
                "image/class/label": tf.io.FixedLenFeature([], tf.int64),
            },
        )
        for one in tf.data.TFRecordDataset(str(path), compression)
    ]
    assert [listing.contents.open(index).read() for index in range(300)] == [
        one["image/encoded"].numpy() for one in told
    ]
    assert listing.labels.tolist() == [int(one["image/class/label"]) - 1 for one in told]
    assert listing.class_names == ("daisy", "rose")
    data = load(TFRecordPictures(str(path)))
    assert len(data.y_train) + len(data.y_test) == 300
    assert data.notes[:1] == (f"{path.name}: there is no test set beside train: one is held out of it",)


def test_the_writer_of_other_tests_writes_what_tensorflow_reads():
    features = {"a": [1, -1, 1 << 40], "b": [0.5, 2.0], "c": [b"x", png(0)], "d/e": 7}
    made = tf.train.Example.FromString(example(a=features["a"], b=features["b"], c=features["c"], d__e=7))
    assert list(made.features.feature["a"].int64_list.value) == features["a"]
    assert list(made.features.feature["b"].float_list.value) == features["b"]
    assert list(made.features.feature["c"].bytes_list.value) == features["c"]
    assert features_of(made.SerializeToString())["d/e"].numbers == (7,)
