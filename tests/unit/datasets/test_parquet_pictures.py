"""Parquet files with the pictures in them, as Hugging Face writes them."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.datasets import load, refused
from support.records import IMAGE, features, pixels_of, png, write_parquet

from cnnjobs import ImageFolder, ParquetPictures
from cnnjobs.datasets import dataset_from_json, dataset_spec, source_of
from cnnjobs.errors import DatasetError, SpecError
from cnnjobs.planning.identity import canonical

NAMES = ["zebra", "ant"]


def train_and_test(folder, **columns):
    """Write a data set as it lies in a repository: two files to train on, one to test."""
    write_parquet(folder / "data/train-00000-of-00002.parquet", range(6), [0, 1] * 3, NAMES, **columns)
    write_parquet(folder / "data/train-00001-of-00002.parquet", range(6, 10), [1, 0] * 2, NAMES, **columns)
    write_parquet(folder / "data/test-00000-of-00001.parquet", range(20, 24), [0, 1] * 2, NAMES, **columns)
    return folder


def test_a_repository_of_hugging_face_is_read_with_its_parts_and_names(tmp_path):
    data = load(dataset_spec(str(train_and_test(tmp_path / "animals")), tmp_path))
    assert (data.name, data.class_names) == ("animals", ("zebra", "ant"))
    assert data.y_train.tolist() == [0, 1, 0, 1, 0, 1, 1, 0, 1, 0] and data.y_test.tolist() == [0, 1, 0, 1]
    assert np.array_equal(data.x_train, [pixels_of(png(seed)) for seed in range(10)])
    assert np.array_equal(data.x_test, [pixels_of(png(seed)) for seed in range(20, 24)])
    assert data.notes == ()


def test_a_pattern_and_a_path_of_the_test_set_are_the_same_data(tmp_path):
    folder = train_and_test(tmp_path / "animals")
    whole = load(ParquetPictures(str(folder)))
    pattern = load(ParquetPictures(str(folder / "data/*.parquet")))
    apart = load(ParquetPictures(f"{folder}/data/train-*.parquet", test_path=f"{folder}/data/test-*.parquet"))
    assert pattern.fingerprint == whole.fingerprint == apart.fingerprint


def test_names_of_files_that_say_nothing_are_told_by_the_path_of_the_test_set(tmp_path):
    write_parquet(tmp_path / "a.parquet", range(4), [0, 1] * 2, NAMES)
    write_parquet(tmp_path / "b.parquet", range(4, 6), [0, 1], NAMES)
    data = load(ParquetPictures(str(tmp_path / "a.parquet"), test_path=str(tmp_path / "b.parquet")))
    assert (len(data.y_train), len(data.y_test)) == (4, 2)
    spec = dataset_spec(ParquetPictures("a.parquet", test_path="b.parquet"), tmp_path)
    assert spec.test_path == str(tmp_path / "b.parquet"), "both paths are taken from the same folder"


def test_one_file_has_a_test_set_held_out(tmp_path):
    write_parquet(tmp_path / "all.parquet", range(20), [0, 1] * 10, NAMES)
    data = load(ParquetPictures(str(tmp_path / "all.parquet"), test=0.3))
    assert (len(data.y_train), len(data.y_test)) == (14, 6)


def test_a_training_set_alone_says_that_its_test_set_is_held_out(tmp_path):
    write_parquet(tmp_path / "train.parquet", range(20), [0, 1] * 10, NAMES)
    assert load(ParquetPictures(str(tmp_path))).notes == (
        f"{tmp_path.name}: there is no test set beside train: one is held out of it",
    )


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["cat", "dog"] * 6, ("cat", "dog")),
        (pa.array(["cat", "dog"] * 6).dictionary_encode(), ("cat", "dog")),
        ([7, 10] * 6, ("7", "10")),
        ([2.0, 1.0] * 6, ("1", "2")),
        ([True, False] * 6, ("False", "True")),
        ([-1, 1] * 6, ("-1", "1")),
    ],
)
def test_labels_without_names_are_their_own(tmp_path, labels, names):
    write_parquet(tmp_path / "all.parquet", range(12), labels)
    assert load(ParquetPictures(str(tmp_path / "all.parquet"))).class_names == names


def test_pictures_without_a_label_are_left_out_and_counted(tmp_path):
    write_parquet(tmp_path / "train.parquet", range(10), [0, 1, -1, None, 0, 1, 0, 1, 0, 1], NAMES)
    write_parquet(tmp_path / "test.parquet", range(10, 14), [0, 1, 1, -1], NAMES)
    data = load(ParquetPictures(str(tmp_path)))
    assert (len(data.y_train), len(data.y_test)) == (8, 3)
    assert data.notes == (f"{tmp_path.name}: 3 pictures have no label and are left out",)
    assert np.array_equal(data.x_train[2], pixels_of(png(4))), "labels and pictures stay together"


def test_a_test_set_without_labels_is_none(tmp_path):
    write_parquet(tmp_path / "train.parquet", range(20), [0, 1] * 10, NAMES)
    write_parquet(tmp_path / "test.parquet", range(20, 24), [-1] * 4, NAMES)
    data = load(ParquetPictures(str(tmp_path)))
    assert len(data.y_train) + len(data.y_test) == 20
    assert len(data.notes) == 2 and "4 pictures have no label" in data.notes[0] and "held out" in data.notes[1]


def test_declared_classes_without_pictures_are_none_and_said(tmp_path):
    write_parquet(tmp_path / "all.parquet", range(12), [0, 2] * 6, ["ant", "bee", "cat"])
    data = load(ParquetPictures(str(tmp_path / "all.parquet")))
    assert data.class_names == ("ant", "cat")
    assert data.notes == ("all.parquet: there is no picture of bee, which therefore is not a class",)


def test_numbers_of_other_names_in_another_file_are_told_by_name(tmp_path):
    write_parquet(tmp_path / "train.parquet", range(8), [0, 1] * 4, ["ant", "bee"])
    write_parquet(tmp_path / "test.parquet", range(8, 12), [0, 0, 0, 1], ["bee", "ant"])
    data = load(ParquetPictures(str(tmp_path)))
    assert data.class_names == ("ant", "bee") and data.y_test.tolist() == [1, 1, 1, 0]


def test_a_column_of_parts(tmp_path):
    split = ["train"] * 8 + ["test"] * 4
    write_parquet(tmp_path / "all.parquet", range(12), [0, 1] * 6, NAMES, split=split)
    data = load(ParquetPictures(str(tmp_path / "all.parquet")))
    assert (len(data.y_train), len(data.y_test)) == (8, 4)
    write_parquet(tmp_path / "b.parquet", range(12), [0, 1] * 6, NAMES, fold=["a", "b"] * 6)
    text = refused(ParquetPictures(str(tmp_path / "b.parquet"), split="fold"))
    assert text == "b.parquet: its split must be train, validation or test. Received: 'a', 'b'."


def test_other_parts_are_not_used_and_counted(tmp_path):
    write_parquet(tmp_path / "train-0.parquet", range(8), [0, 1] * 4, NAMES)
    write_parquet(tmp_path / "test-0.parquet", range(8, 12), [0, 1] * 2, NAMES)
    write_parquet(tmp_path / "extra-0.parquet", range(12, 15), [0, 1, 0], NAMES)
    data = load(ParquetPictures(str(tmp_path)))
    assert (len(data.y_train), len(data.y_test)) == (8, 4)
    assert data.notes == (f"{tmp_path.name}: 3 pictures whose files do not name a part are not used: extra-0.parquet",)


def test_several_versions_in_a_folder_are_refused(tmp_path):
    for version in ("cropped", "full"):
        write_parquet(tmp_path / version / "train-0.parquet", range(4), [0, 1] * 2, NAMES)
    text = refused(ParquetPictures(str(tmp_path)))
    assert text.startswith(f"{tmp_path}: 2 folders have train files: cropped, full. Give the path of one, such as")
    assert len(source_of(ParquetPictures(str(tmp_path / "full"))).listing()) == 4


def test_parts_may_be_folders(tmp_path):
    write_parquet(tmp_path / "default/train/0000.parquet", range(8), [0, 1] * 4, NAMES)
    write_parquet(tmp_path / "default/test/0000.parquet", range(8, 12), [0, 1] * 2, NAMES)
    assert len(load(ParquetPictures(str(tmp_path))).y_test) == 4


def test_of_several_label_columns_one_must_be_named(tmp_path):
    table = pa.table(
        {
            "img": pa.array([{"bytes": png(seed), "path": None} for seed in range(12)], IMAGE),
            "fine_label": [0, 1] * 6,
            "coarse_label": [0] * 6 + [1] * 6,
        },
        metadata=features(img=None, fine_label=["ant", "bee"], coarse_label=["low", "high"]),
    )
    pq.write_table(table, tmp_path / "all.parquet")
    path = str(tmp_path / "all.parquet")
    assert refused(ParquetPictures(path)) == (
        f"{path}: several columns hold classes: fine_label, coarse_label. Name the one to use: "
        "ParquetPictures(..., label='fine_label')."
    )
    assert load(ParquetPictures(path, label="coarse_label")).class_names == ("low", "high")
    assert "`label` must be one of its columns: img (struct<" in refused(ParquetPictures(path, label="lable"))


def test_a_plain_column_of_bytes(tmp_path):
    table = pa.table({"photo": [png(seed) for seed in range(12)], "species": ["a", "b"] * 6})
    pq.write_table(table, tmp_path / "all.parquet")
    data = load(ParquetPictures(str(tmp_path / "all.parquet")))
    assert data.class_names == ("a", "b") and data.image_shape == (8, 8, 3)


def test_two_columns_of_pictures(tmp_path):
    table = pa.table(
        {"left": [png(seed) for seed in range(8)], "right": [png(seed) for seed in range(8, 16)], "label": [0, 1] * 4}
    )
    pq.write_table(table, tmp_path / "all.parquet")
    path = str(tmp_path / "all.parquet")
    assert "several columns hold pictures: left, right. Name the one to use" in refused(ParquetPictures(path))
    one, other = (load(ParquetPictures(path, image=name)) for name in ("left", "right"))
    assert one.fingerprint != other.fingerprint, "the cache tells them apart"


def test_rows_that_have_a_path_instead_of_bytes_are_named_and_counted(tmp_path):
    write_parquet(tmp_path / "all.parquet", [0, None, *range(2, 12), b"", b"no picture"], [0, 1] * 7, NAMES)
    data = load(ParquetPictures(str(tmp_path / "all.parquet")))
    (note,) = data.notes
    assert note.startswith("all.parquet: 3 pictures cannot be read and were skipped: all.parquet, row 1 (the file has ")
    assert (
        "the path '1.png' instead of the picture's bytes); all.parquet, row 12 (the file is empty); all.parquet, row "
        "13 (cannot identify image file)" in note
    )
    assert "BytesIO" not in note, "an address would differ from run to run"
    assert len(data.y_train) + len(data.y_test) == 11
    assert "row 1 (" in refused(ParquetPictures(str(tmp_path / "all.parquet"), strict=True))


def test_paths_alone_are_refused_with_what_to_do(tmp_path):
    pq.write_table(pa.table({"image": ["a.png", "b.png"], "label": [0, 1]}), tmp_path / "all.parquet")
    text = refused(ParquetPictures(str(tmp_path / "all.parquet")))
    assert (
        "must have a column of encoded pictures: binary, or a struct of bytes and path. Received: image (string)"
        in text
    )
    assert text.endswith(f"a table of them: PictureTable('{tmp_path}/all.parquet', image=..., label=...).")
    pq.write_table(pa.table({"image": [[1, 2], [3, 4]], "label": [0, 1]}), tmp_path / "all.parquet")
    assert "save them as arrays: np.savez(" in refused(ParquetPictures(str(tmp_path / "all.parquet")))


@pytest.mark.parametrize("label", [[[0, 1]] * 4, [{"a": 1}] * 4, [0.5, 1.0, 1.5, 2.0], ["a\x1bb", "c", "c", "d"]])
def test_labels_that_are_none_are_refused(tmp_path, label):
    write_parquet(tmp_path / "all.parquet", range(4), label)
    assert f"{tmp_path}/all.parquet: label must be" in refused(ParquetPictures(str(tmp_path / "all.parquet")))


def test_numbers_beyond_the_names_are_refused(tmp_path):
    write_parquet(tmp_path / "all.parquet", range(4), [0, 1, 2, 0], NAMES)
    text = refused(ParquetPictures(str(tmp_path / "all.parquet")))
    assert text.endswith("label must be from 0 to 1, the classes that its metadata name, or -1 for none. Received: 2.")


def test_a_class_that_only_the_test_set_has_is_refused(tmp_path):
    write_parquet(tmp_path / "train.parquet", range(4), ["a", "b"] * 2)
    write_parquet(tmp_path / "test.parquet", range(4, 7), ["a", "b", "c"])
    assert "classes that the training set does not have: c." in refused(ParquetPictures(str(tmp_path)))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"no file of this kind"])
def test_damaged_files_are_named(tmp_path, content):
    (tmp_path / "all.parquet").write_bytes(content)
    assert refused(ParquetPictures(str(tmp_path / "all.parquet"))).startswith(
        f"{tmp_path}/all.parquet cannot be read as Parquet or Arrow: "
    )


def test_a_damaged_page_loses_what_is_in_it_and_no_more(tmp_path):
    path = write_parquet(tmp_path / "all.parquet", range(40), [0, 1] * 20, NAMES, rows=10)
    chunk = pq.ParquetFile(path).metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    content[chunk.dictionary_page_offset or chunk.data_page_offset] ^= 0xFF
    path.write_bytes(bytes(content))
    data = load(ParquetPictures(str(path)))
    assert len(data.y_train) + len(data.y_test) == 30
    assert (
        "10 pictures cannot be read and were skipped: all.parquet, row 10 (the file cannot be read there: "
        in data.notes[0]
    )


def test_nothing_there_and_nothing_that_fits(tmp_path):
    assert refused(ParquetPictures(str(tmp_path / "none.parquet"))) == f"There is no file {tmp_path}/none.parquet."
    assert refused(ParquetPictures(str(tmp_path))) == f"{tmp_path} has no Parquet files in it or in its folders."
    write_parquet(tmp_path / "train.parquet", range(4), [0, 1] * 2)
    text = refused(ParquetPictures(str(tmp_path / "tran*.parquet")))
    assert text == f"No file fits {tmp_path}/tran*.parquet. {tmp_path} has: train.parquet."
    source = source_of(ParquetPictures(str(tmp_path / "tran*.parquet")))
    assert source.lock()[0] == "not there" and "there is no" in source.why_not_at_hand()
    assert source_of(ParquetPictures(str(tmp_path / "trai*.parquet"))).lock() == ("there", "")


def test_a_bare_path_means_these_files(tmp_path):
    train_and_test(tmp_path / "animals")
    for value in ("animals", "animals/data/*.parquet", "animals/data/train-00000-of-00002.parquet"):
        assert dataset_spec(value, tmp_path) == ParquetPictures(str(tmp_path / value))
    (tmp_path / "photos/cat").mkdir(parents=True)
    (tmp_path / "photos/cat/a.png").write_bytes(png(0))
    write_parquet(tmp_path / "photos/about.parquet", [0], [0])
    assert isinstance(dataset_spec("photos", tmp_path), ImageFolder), "a folder with pictures is a folder of pictures"


def test_all_options_are_stored_and_read_back(tmp_path):
    spec = ParquetPictures("a/*.parquet", size=(4, 6), label="fine_label", group="patient", test_path="b.parquet")
    assert dataset_from_json(canonical(spec)) == spec
    with pytest.raises(SpecError, match=r"`ParquetPictures.label` must be a name, or None. Received: label=3"):
        ParquetPictures("a.parquet", label=3)


def test_another_data_set_is_read_as_the_job_says_with_its_own_test_set():
    job = ParquetPictures("a.parquet", size=16, label="fine_label", test_path="a-test.parquet")
    other = source_of(ParquetPictures("b.parquet", test_path="c.parquet")).read_as(job)
    assert other == ParquetPictures("b.parquet", size=16, label="fine_label", test_path="c.parquet")
    assert source_of(ImageFolder("photos")).read_as(job) == ImageFolder("photos", size=16)
    assert source_of(ParquetPictures("b.parquet")).read_as(ImageFolder("x", size=9)).size == 9


def test_pictures_are_read_from_every_thread_in_any_order(tmp_path):
    for place, name in enumerate(("train-0", "train-1")):
        write_parquet(tmp_path / f"{name}.parquet", range(40 * place, 40 * place + 40), [0, 1] * 20, rows=7)
    contents = source_of(ParquetPictures(str(tmp_path))).listing().contents
    order = np.random.default_rng(0).permutation(80).tolist() + list(range(80))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda index: contents.open(index).read(), order)) == [png(index) for index in order]
    again = pickle.loads(pickle.dumps(contents))
    assert again.open(41).read() == png(41) and again.name(41) == "train-1.parquet, row 1"


def test_a_changed_file_is_read_again(tmp_path):
    path = write_parquet(tmp_path / "all.parquet", range(12), [0, 1] * 6, NAMES)
    before = load(ParquetPictures(str(path)))
    content = path.read_bytes()
    write_parquet(path, [99, *range(1, 12)], [0, 1] * 6, NAMES)
    assert load(ParquetPictures(str(path))).fingerprint != before.fingerprint
    path.write_bytes(content)
    assert load(ParquetPictures(str(path))).fingerprint == before.fingerprint


def test_a_folder_that_datasets_has_saved(tmp_path):
    for part, seeds in (("train", range(8)), ("test", range(8, 12))):
        folder = tmp_path / "saved" / part
        folder.mkdir(parents=True)
        cells = pa.array([{"bytes": png(seed), "path": None} for seed in seeds], IMAGE)
        table = pa.table(
            {"image": cells, "label": [0, 1] * (len(seeds) // 2)}, metadata=features(image=None, label=NAMES)
        )
        for name in ("data-00000-of-00001.arrow", "cache-1f.arrow"):
            with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table, max_chunksize=3)
    data = load(dataset_spec("saved", tmp_path))
    assert (len(data.y_train), len(data.y_test), data.class_names) == (8, 4, ("zebra", "ant"))
    assert np.array_equal(data.x_train[5], pixels_of(png(5)))
    (tmp_path / "saved/train/data-00000-of-00001.arrow").write_bytes(b"\xff\xff\xff\xffcut short")
    assert "cannot be read as Parquet or Arrow" in refused(dataset_spec("saved", tmp_path))


def test_groups_come_from_a_column(tmp_path):
    path = write_parquet(tmp_path / "all.parquet", range(8), [0, 1, -1, 1] * 2, NAMES, patient=list("aabbccdd"))
    listing = source_of(ParquetPictures(str(path), group="patient")).listing()
    assert list(listing.groups) == ["a", "a", "b", "c", "c", "d"]


def test_to_evaluate_a_test_set_alone_is_enough(tmp_path):
    write_parquet(tmp_path / "test.parquet", range(3), ["a", "a", "b"])
    source = source_of(ParquetPictures(str(tmp_path)))
    assert source.has_test_set()
    found = source.labelled("test", (8, 8), lambda *_: None)
    assert found.labels.tolist() == [0, 0, 1] and found.part == "test"
    write_parquet(tmp_path / "validation.parquet", range(3, 6), ["a", "b", "b"])
    with pytest.raises(DatasetError, match=r"must have a training set\. Received: test, valid"):
        source.listing()


def test_hidden_files_and_links(tmp_path):
    """In Hugging Face's cache the files are links to others without endings."""
    write_parquet(tmp_path / "blobs/1f", range(12), [0, 1] * 6, NAMES)
    (tmp_path / "snapshot/data").mkdir(parents=True)
    (tmp_path / "snapshot/data/train-00000-of-00001.parquet").symlink_to(tmp_path / "blobs/1f")
    (tmp_path / "snapshot/.hidden.parquet").write_bytes(b"")
    assert len(load(dataset_spec("snapshot", tmp_path)).y_test) == 2
