"""TFRecord files with pictures in them, read without TensorFlow."""

import gzip
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.datasets import load, refused
from support.records import crc32c, example, pixels_of, png, record, write_tfrecord

from cnnjobs import TFRecordPictures
from cnnjobs.datasets import dataset_from_json, dataset_spec, source_of
from cnnjobs.datasets.records import tfrecord_file
from cnnjobs.datasets.records.tf_example import features_of
from cnnjobs.planning.identity import canonical


def slim(seeds, labels=(1, 2), names=("daisy", "rose"), **more):
    """Return records as TF-Slim and Model Garden write them: labels from 1, 0 is the background."""
    return [
        example(
            image__encoded=png(seed, form="JPEG"),
            image__format="jpeg",
            image__class__label=labels[place % 2],
            image__class__text=names[place % 2],
            image__height=8,
            image__width=8,
            image__filename=f"{place}.jpg",
            **more,
        )
        for place, seed in enumerate(seeds)
    ]


def plain(seeds, labels=(0, 1)):
    """Return records as TensorFlow Datasets writes them."""
    return [example(image=png(seed), label=labels[place % 2]) for place, seed in enumerate(seeds)]


def test_shards_of_the_usual_layout(tmp_path):
    write_tfrecord(tmp_path / "flowers/train-00000-of-00002", slim(range(6)))
    write_tfrecord(tmp_path / "flowers/train-00001-of-00002", slim(range(6, 10)))
    write_tfrecord(tmp_path / "flowers/test-00000-of-00001", slim(range(10, 14)))
    data = load(dataset_spec("flowers", tmp_path))
    assert data.class_names == ("daisy", "rose"), (
        "labels 1 and 2 leave no class for the background, which has no picture"
    )
    assert np.array_equal(data.x_train, [pixels_of(png(seed, form="JPEG")) for seed in range(10)])
    assert data.y_train.tolist() == [0, 1] * 5
    assert dataset_spec("flowers/train-*", tmp_path) == TFRecordPictures(str(tmp_path / "flowers/train-*"))


def test_tensorflow_datasets(tmp_path):
    folder = tmp_path / "flowers/3.0.1"
    write_tfrecord(folder / "flowers-train.tfrecord-00000-of-00001", plain(range(8)))
    write_tfrecord(folder / "flowers-test.tfrecord-00000-of-00001", plain(range(8, 12), (1, -1)))
    (folder / "label.labels.txt").write_text("rose\ndaisy\ntulip\n")
    (folder / "features.json").write_text("{}")
    data = load(dataset_spec(str(folder), tmp_path))
    assert (
        data.class_names == ("rose", "daisy") and data.y_train.tolist() == [0, 1] * 4 and data.y_test.tolist() == [1, 1]
    )
    assert data.notes[:2] == (
        "3.0.1: 2 pictures have no label and are left out",
        "3.0.1: there is no picture of tulip, which therefore is not a class",
    )


def test_one_file_compressed(tmp_path):
    write_tfrecord(tmp_path / "plain.tfrecord", plain(range(300)))
    write_tfrecord(tmp_path / "packed.tfrecord.gz", plain(range(300)), compress=True)
    one, other = (load(dataset_spec(name, tmp_path)) for name in ("plain.tfrecord", "packed.tfrecord.gz"))
    assert one.fingerprint == other.fingerprint and len(one.y_train) == 240


def test_names_of_features_may_be_given(tmp_path):
    records = [
        example(photo=png(seed), kind="ab"[seed % 2], patient=f"p{seed // 3}", fold="test" if seed > 7 else "train")
        for seed in range(12)
    ]
    path = str(write_tfrecord(tmp_path / "a.tfrec", records))
    assert refused(TFRecordPictures(path)) == (
        f"{path}: a record must have a feature with its picture, called image/encoded or image, or named in "
        "TFRecordPictures(..., image=...). Received: fold (bytes), kind (bytes), patient (bytes), photo (bytes)."
    )
    assert "with its class, called image/class/label or label" in refused(TFRecordPictures(path, image="photo"))
    assert "`image` must be one of the features of its records: fold (" in refused(TFRecordPictures(path, image="x"))
    spec = TFRecordPictures(path, image="photo", label="kind", split="fold", group="patient")
    listing = source_of(spec).listing()
    assert listing.class_names == ("a", "b") and listing.parts.tolist() == ["train"] * 8 + ["test"] * 4
    assert list(listing.groups) == [f"p{seed // 3}" for seed in range(12)]


@pytest.mark.parametrize(("shape", "channels"), [((6, 4, 3), 3), ((6, 4, 1), 1)])
def test_raw_pixels_with_their_size(tmp_path, shape, channels):
    images = np.random.default_rng(0).integers(0, 256, (12, *shape), dtype=np.uint8)
    records = [
        example(image_raw=image.tobytes(), label=place % 2, height=6, width=4, depth=channels)
        for place, image in enumerate(images)
    ]
    data = load(TFRecordPictures(str(write_tfrecord(tmp_path / "all.tfrecords", records)), color="rgb", test=0.5))
    assert data.image_shape == (6, 4, 3)
    found = np.concatenate([data.x_train, data.x_test])
    assert sorted(one.tobytes() for one in found) == sorted(np.broadcast_to(one, (6, 4, 3)).tobytes() for one in images)


def test_pixels_of_another_size_are_no_picture(tmp_path):
    records = [*plain(range(12)), example(image=b"\x01" * 100, label=0, height=5, width=4)]
    data = load(TFRecordPictures(str(write_tfrecord(tmp_path / "all.tfrecord", records))))
    assert data.notes[0].startswith("all.tfrecord: 1 picture cannot be read and was skipped: all.tfrecord, record 12 (")


def test_numbers_as_pixels_are_refused_with_what_to_do(tmp_path):
    path = str(write_tfrecord(tmp_path / "all.tfrecord", [example(image=[1, 2, 3], label=0)] * 4))
    text = refused(TFRecordPictures(path))
    assert text.startswith(f"{path}: `image` must be a feature with the bytes of a picture. Received: image (ints).")
    assert "np.savez(" in text


def test_labels_of_several_values_are_refused(tmp_path):
    path = str(write_tfrecord(tmp_path / "all.tfrecord", [example(image=png(0), label=[0, 1, 0])] * 4))
    assert "record 0: label must have one value, the class. Received: 3 values." in refused(TFRecordPictures(path))
    path = str(write_tfrecord(tmp_path / "b.tfrecord", [example(image=png(0), label=0.5)] * 4))
    assert "label must be a class: a whole number or text. Received: 0.5." in refused(TFRecordPictures(path))


def test_records_without_picture_or_label_and_what_is_no_example(tmp_path):
    records = [
        *plain(range(12)),
        example(label=1),
        example(image=png(20)),
        example(image=[png(1), png(2)], label=0),
        b"no example",
        b"",
        example(image=png(21), label=-1),
    ]
    data = load(TFRecordPictures(str(write_tfrecord(tmp_path / "all.tfrecord", records))))
    assert len(data.y_train) + len(data.y_test) == 12
    assert data.notes[0] == "all.tfrecord: 1 record is no tf.train.Example and is left out"
    assert data.notes[1] == "all.tfrecord: 3 pictures have no label and are left out"
    assert "record 12 (it has no picture); all.tfrecord, record 14 (it has several pictures)" in data.notes[2]


def test_a_file_that_is_cut_short_is_named_with_the_place(tmp_path):
    path = write_tfrecord(tmp_path / "train-00000-of-00001", plain(range(20)))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 30])
    data = load(TFRecordPictures(str(path)))
    assert len(data.y_train) + len(data.y_test) == 19
    assert data.notes[0] == "train-00000-of-00001: it is cut short in record 19; what follows there is not read"
    assert "cut short in record 19" in refused(TFRecordPictures(str(path), strict=True))


def test_a_compressed_file_that_is_cut_short(tmp_path):
    path = write_tfrecord(tmp_path / "all.tfrecord", plain(range(60)), compress=True)
    path.write_bytes(path.read_bytes()[:-3000])
    data = load(TFRecordPictures(str(path)))
    assert 30 < len(data.y_train) + len(data.y_test) < 60
    assert "cannot be unpacked after record" in data.notes[0]


def test_a_flipped_bit_in_a_picture_is_found_by_its_checksum(tmp_path):
    path = write_tfrecord(tmp_path / "all.tfrecord", plain(range(20)))
    content = bytearray(path.read_bytes())
    place = bytes(content).index(png(7)) + 60
    content[place] ^= 1
    path.write_bytes(bytes(content))
    data = load(TFRecordPictures(str(path)))
    assert len(data.y_train) + len(data.y_test) == 19
    assert "record 7 (its bytes do not match their checksum)" in data.notes[0]


@pytest.mark.parametrize("compress", [False, True])
def test_a_flipped_bit_in_a_length_ends_the_file_there(tmp_path, compress, monkeypatch):
    records = [record(one) for one in plain(range(20))]
    head = bytearray(records[12])
    head[0] ^= 4
    path = tmp_path / "all.tfrecord"
    write_tfrecord(path, [])
    content = b"".join([*records[:12], bytes(head), *records[13:]])
    path.write_bytes(gzip.compress(content) if compress else content)
    for checked in (tfrecord_file.CHECKED, 5):
        monkeypatch.setattr(tfrecord_file, "CHECKED", checked)
        monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / f"cache-{checked}"))
        data = load(TFRecordPictures(str(path)))
        assert len(data.y_train) + len(data.y_test) == 12
        assert "record 12" in data.notes[0] and "what follows there is not read" in data.notes[0]


@pytest.mark.parametrize("content", [b"PNG" * 100, b"\0" * 5000, b"\x1f\x8b" + b"\0" * 50, b"short"])
def test_what_is_no_such_file_is_refused(tmp_path, content):
    (tmp_path / "all.tfrecord").write_bytes(content)
    assert refused(TFRecordPictures(str(tmp_path / "all.tfrecord"))) == (
        f"{tmp_path}/all.tfrecord is no TFRecord file, or is damaged from its beginning."
    )


def test_records_of_other_messages_and_empty_files(tmp_path):
    path = str(write_tfrecord(tmp_path / "all.tfrecord", [b"hello world"] * 4))
    assert refused(TFRecordPictures(path)).startswith(f"{path}: a record must be a tf.train.Example.")
    path = str(write_tfrecord(tmp_path / "all.tfrecord", []))
    assert refused(TFRecordPictures(path)) == f"{path} must have records. Received: none, in 1 file."
    write_tfrecord(tmp_path / "b/train-00000-of-00002", [])
    write_tfrecord(tmp_path / "b/train-00001-of-00002", plain(range(12)))
    assert len(source_of(TFRecordPictures(str(tmp_path / "b"))).listing()) == 12, "an empty shard is nothing wrong"


@pytest.mark.parametrize(
    ("texts", "names", "says"),
    [
        ([("a",), ("b",)], ("a", "b"), ""),
        ([("a", "x"), ("b", "b")], ("3", "4"), "image/class/text is not one name for each image/class/label"),
        ([("a",), ("a",)], ("3", "4"), "is not one name for each"),
        ([("",), ("",)], ("3", "4"), ""),
    ],
)
def test_names_count_where_each_class_has_one(tmp_path, texts, names, says):
    records = [
        example(
            image__encoded=png(seed),
            image__class__label=3 + seed % 2,
            image__class__text=texts[seed % 2][seed // 2 % len(texts[seed % 2])],
        )
        for seed in range(12)
    ]
    data = load(TFRecordPictures(str(write_tfrecord(tmp_path / "all.tfrecord", records))))
    assert data.class_names == names and says in " ".join(data.notes)


def test_a_file_of_numbered_names(tmp_path):
    write_tfrecord(tmp_path / "all.tfrecord", plain(range(12), (1, 2)))
    (tmp_path / "labels.txt").write_text("0:background\n1:cat\n2:dog\n")
    path = str(tmp_path / "all.tfrecord")
    assert load(TFRecordPictures(path)).class_names == ("cat", "dog")
    (tmp_path / "labels.txt").write_text("cat\n")
    data = load(TFRecordPictures(path))
    assert data.class_names == ("1", "2")
    assert data.notes[0] == "all.tfrecord: labels.txt does not name the numbers of label, and is not used"


def test_records_that_are_long_are_not_read_to_be_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(tfrecord_file, "WHOLE", 100)
    write_tfrecord(tmp_path / "all.tfrecord", plain(range(12)))
    read = []
    once = tfrecord_file.RecordReader.read
    monkeypatch.setattr(
        tfrecord_file.RecordReader, "read", lambda self, start, size: read.append(size) or once(self, start, size)
    )
    listing = source_of(TFRecordPictures(str(tmp_path / "all.tfrecord"))).listing()
    assert listing.labels.tolist() == [0, 1] * 6 and max(read) <= tfrecord_file.PIECE
    assert listing.contents.open(3).read() == png(3)


def test_what_was_listed_is_kept_until_the_file_changes(tmp_path, monkeypatch):
    path = write_tfrecord(tmp_path / "all.tfrecord", plain(range(12)))
    monkeypatch.setattr("cnnjobs.files.file_facts.SETTLED_NS", -1)
    source = source_of(TFRecordPictures(str(path)))
    assert source.listing().labels.tolist() == [0, 1] * 6
    with monkeypatch.context() as patch:
        patch.setattr("cnnjobs.datasets.records.tfrecord_pictures.found_in", None)
        assert source.listing().labels.tolist() == [0, 1] * 6, "no record was looked at again"
    write_tfrecord(path, plain(range(12), (1, 0)))
    assert source.listing().labels.tolist() == [1, 0] * 6


def test_pictures_are_read_from_every_thread_in_any_order(tmp_path):
    for place in range(2):
        write_tfrecord(
            tmp_path / f"train-0000{place}-of-00002", plain(range(300 * place, 300 * place + 300)), compress=place == 1
        )
    contents = source_of(TFRecordPictures(str(tmp_path))).listing().contents
    order = [*np.random.default_rng(0).permutation(600)[:60].tolist(), *range(600)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda index: contents.open(index).read(), order)) == [png(index) for index in order]
    again = pickle.loads(pickle.dumps(contents))
    assert again.open(301).read() == png(301) and again.name(301) == "train-00001-of-00002, record 1"


@pytest.mark.parametrize(
    "name",
    [
        "a.tfrecord",
        "a.tfrecords",
        "a.TFREC",
        "a.tfrecord.gz",
        "flowers-train.tfrecord-00000-of-00005",
        "train-00012-of-00128",
    ],
)
def test_bare_paths_that_mean_such_files(tmp_path, name):
    assert dataset_spec(name, tmp_path) == TFRecordPictures(str(tmp_path / name))


def test_options_are_stored_and_read_back():
    spec = TFRecordPictures("a/*", size=(4, 6), label="class", image="photo", split="fold")
    assert dataset_from_json(canonical(spec)) == spec


def test_features_of_every_kind():
    found = features_of(example(a=[1, -1, 1 << 40], b=[0.5, 2.0], c=["x", b"yz"], d=[]))
    assert found["a"].numbers == (1, -1, 1 << 40) and found["b"].numbers == (0.5, 2.0)
    assert [last - first for first, last in found["c"].spans] == [1, 2]
    assert crc32c(b"123456789") == 0xE3069283, "the writer of these tests is right itself"
