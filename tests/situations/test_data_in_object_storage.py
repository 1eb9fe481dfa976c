"""Pictures in object storage: read as those on a disk are, downloaded once, with no key kept or shown."""

import contextlib
import io
import pickle
import time
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from support.datasets import load, refused
from support.records import example, png, write_parquet, write_tfrecord

from cnnjobs import ImageFolder, Npz, ParquetPictures, PictureTable, TFRecordPictures
from cnnjobs.datasets import dataset_spec, source_of
from cnnjobs.errors import SpecError
from cnnjobs.models.model_file import ModelMetadata, with_metadata
from cnnjobs.run.evaluate import evaluate_model
from cnnjobs.run.predict import annotate_all, predict_files

pytest.importorskip("moto.server", reason="the local S3 server is moto: pip install -e '.[test]'")

from support.s3_server import KEY, SECRET, bucket, server, storage

__all__ = ["bucket", "server", "storage"]


def paint(root, layout, side=4):
    """Paint pictures, (folder, how many) each."""
    random = np.random.RandomState(0)
    for folder, count in layout:
        (root / folder).mkdir(parents=True)
        for number in range(count):
            pixels = random.randint(0, 256, (side, side, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{number}.png")
    return root


def put(storage, bucket, root, below="photos"):
    """Put a folder into the bucket, last written long ago; return its URI."""
    for path in root.rglob("*"):
        if path.is_file():
            storage.put(bucket, f"{below}/{path.relative_to(root).as_posix()}", path.read_bytes())
    return f"s3://{bucket}/{below}"


def asked(storage):
    """Return how many listings and how many requests for objects there were since it was asked last."""
    listings = sum("list-type" in query for _, _, query in storage.requests)
    objects = sum(method == "GET" and "list-type" not in query for method, _, query in storage.requests)
    storage.requests.clear()
    return listings, objects


def test_the_same_pictures_on_a_disk_and_in_a_bucket_are_the_same_data(storage, bucket, tmp_path):
    """Somebody uploads the folder that a job was tried with: names of classes and files as people give them."""
    layout = [("train/café au lait", 3), ("train/100% dog", 4), ("test/café au lait", 1), ("test/100% dog", 2)]
    root = paint(tmp_path / "my photos", layout)
    (root / "train" / "100% dog" / ".hidden.png").write_bytes(b"")
    (root / "train" / "notes.txt").write_bytes(b"of the photographer")
    on_disk = load(ImageFolder(str(root)))
    in_bucket = load(ImageFolder(put(storage, bucket, root, "my photos")))
    assert in_bucket.fingerprint == on_disk.fingerprint
    assert (in_bucket.name, in_bucket.class_names) == ("my photos", on_disk.class_names)
    assert in_bucket.notes == on_disk.notes


def test_a_table_and_its_pictures_in_a_bucket_are_those_on_a_disk(storage, bucket, tmp_path):
    """A table in the bucket, of pictures beside it; or on the laptop, of pictures in the bucket."""
    root = paint(tmp_path / "my photos", [("a", 4), ("b", 4)])
    rows = [f"{name}/{number},{name}" for name in "ab" for number in range(4)]
    (root / "labels.csv").write_text("\n".join(["id,class", *rows, ""]))
    uri = put(storage, bucket, root, "my photos")
    on_disk = load(PictureTable(str(root / "labels.csv")))
    for spec in (
        PictureTable(f"{uri}/labels.csv"),
        PictureTable(f"{uri}/labels.csv", folder=uri, image="id", label="class", suffix=".png"),
        PictureTable(str(root / "labels.csv"), folder=uri, image="id", label="class"),
        source_of(dataset_spec(f"{uri}/labels.csv", tmp_path)).read_as(
            PictureTable(str(root / "labels.csv"), folder=str(root), image="id", label="class")
        ),
    ):
        assert load(spec).fingerprint == on_disk.fingerprint
    assert "There is no file" in refused(PictureTable(f"{uri}/other.csv"))
    assert "There is no folder" in refused(PictureTable(f"{uri}/labels.csv", folder=f"{uri}/none"))


def test_each_picture_is_downloaded_once(storage, bucket, tmp_path):
    """A job is submitted twice, then in another size; then a picture is replaced by another of as many bytes."""
    root = paint(tmp_path / "photos", [("a", 6), ("b", 6)])
    uri = put(storage, bucket, root)
    asked(storage)
    first = load(ImageFolder(uri))
    assert asked(storage) == (1, 12)
    assert load(ImageFolder(uri)).fingerprint == first.fingerprint
    assert asked(storage) == (1, 0)
    load(ImageFolder(uri, size=2))
    assert asked(storage) == (1, 0), "they are decoded from copies"
    content = bytearray((root / "a" / "0.png").read_bytes())
    (root / "a" / "1.png").write_bytes(content)
    storage.put(bucket, "photos/a/1.png", bytes(content), age_s=3600)
    assert load(ImageFolder(uri)).fingerprint == load(ImageFolder(str(root))).fingerprint
    assert asked(storage) == (1, 1)


def test_pictures_that_are_decoded_as_needed_are_read_from_copies_by_processes_without_keys(
    storage, bucket, tmp_path, monkeypatch
):
    """Workers get no keys, and a data set that is too large to be decoded ahead is read in every epoch."""
    uri = put(storage, bucket, paint(tmp_path / "photos", [("a", 4), ("b", 4)]))
    images = load(ImageFolder(uri, decode="as needed")).x_train
    ahead = load(ImageFolder(uri)).x_train
    sent = pickle.dumps(images)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    asked(storage)
    assert (np.asarray(pickle.loads(sent)) == np.asarray(ahead)).all()
    assert asked(storage) == (0, 0)


def test_a_picture_that_was_written_just_now_may_be_written_again_in_the_same_second(storage, bucket, tmp_path):
    """S3 says of times only the second, and a bitmap has as many bytes as any other of its size."""
    root = tmp_path / "photos"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (4, 4), (number, 0, ord(name))).save(root / name / f"{number}.bmp")
    uri = put(storage, bucket, root)
    now = time.time()
    for color in (50, 60):
        Image.new("RGB", (4, 4), (color, 0, 0)).save(root / "a" / "0.bmp")
        storage.put(bucket, "photos/a/0.bmp", (root / "a" / "0.bmp").read_bytes(), at=now)
        assert load(ImageFolder(uri)).fingerprint == load(ImageFolder(str(root))).fingerprint


def test_many_pictures_are_downloaded_at_a_time_and_an_outage_is_waited_for(storage, bucket, tmp_path, monkeypatch):
    """Each request takes a while, and a storage that is asked much says now and then to slow down."""
    monkeypatch.setattr("cnnjobs.files.object_storage.RETRY_S", 0.01)
    uri = put(storage, bucket, paint(tmp_path / "photos", [("a", 30), ("b", 30)]))
    storage.well()
    storage.delay_s, storage.failures = 0.05, 3
    data = load(ImageFolder(uri))
    assert len(data.y_train) + len(data.y_test) == 60
    assert storage.most_under_way > 16


def test_broken_pictures_are_counted_under_their_own_names(storage, bucket, tmp_path):
    """An upload was cut short, and one object is no picture."""
    root = paint(tmp_path / "photos", [("a", 5), ("b", 5)], side=16)
    whole = (root / "a" / "1.png").read_bytes()
    (root / "a" / "1.png").write_bytes(whole[: len(whole) // 2])
    (root / "b" / "2.png").write_bytes(b"no picture")
    on_disk, in_bucket = load(ImageFolder(str(root))), load(ImageFolder(put(storage, bucket, root)))
    assert "b/2.png (cannot identify image file '2.png')" in in_bucket.notes[0]
    assert in_bucket.notes == on_disk.notes


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (
            [("train/a", 3), ("train/b", 3), ("test/a", 1), ("test/c", 1)],
            "s3://{bucket}/photos/test: test/ has classes",
        ),
        ([("train/a", 3), ("other/a", 3)], "Use s3://{bucket}/photos/train to have a test set held out of it."),
        ([("a", 5)], "photos must have at least two classes. Received: a."),
    ],
)
def test_the_rules_for_folders_hold_and_messages_name_uris(storage, bucket, tmp_path, layout, words):
    """What is unclear on a disk is unclear in a bucket."""
    uri = put(storage, bucket, paint(tmp_path / "photos", layout))
    assert words.format(bucket=bucket) in refused(ImageFolder(uri))


def test_what_is_not_there_or_not_allowed_is_one_message(storage, bucket, tmp_path):
    """Names are mistyped, and rights are missing."""
    uri = put(storage, bucket, paint(tmp_path / "photos", [("a", 3), ("b", 3)]))
    assert refused(ImageFolder(f"s3://{bucket}/fotos")) == f"There is no folder s3://{bucket}/fotos, or nothing in it."
    assert refused(ImageFolder(f"{uri}/a/0.png")) == f"s3://{bucket}/photos/a/0.png is a file; expected a folder."
    message = refused(ImageFolder("s3://nosuchbucket/photos"))
    assert message.startswith("Cannot list s3://nosuchbucket/photos: there is no such bucket (NO_SUCH_BUCKET).")
    storage.denies = lambda method, path, query: True
    message = refused(ImageFolder(uri))
    assert message.startswith(f"Cannot list {uri}: access is denied (INVALID_ACCESS_KEY_ID). Check AWS_ACCESS_KEY_ID")
    assert "it must be allowed to list and read there" in message
    storage.denies = lambda method, path, query: path.endswith("b/1.png")
    assert refused(ImageFolder(uri)).startswith(f"Cannot read {uri}/b/1.png: access is denied")
    assert refused(ImageFolder("https://example.org/photos")).startswith(
        "`dataset` must be a path or a URI such as s3://bucket/folder. Received: 'https://example.org/photos', which"
    )


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://{KEY}:{SECRET}@bucket/photos",
        f"s3://{KEY}@bucket/photos",
        f"s3://{KEY}:{SECRET}/more@bucket/photos",
        f"s3://{KEY}:{SECRET}?more@bucket/photos",
        f"s3://bucket/photos?secret_key={SECRET}",
        f"s3://bucket/photos?endpoint_override=http://{KEY}:{SECRET}@127.0.0.1",
    ],
)
def test_keys_in_a_uri_are_refused_because_the_results_keep_it(uri, tmp_path):
    """A URI that worked elsewhere is pasted into a job file or a command."""
    for make in (ImageFolder, lambda value: dataset_spec(value, tmp_path)):
        with pytest.raises(SpecError, match="must not hold keys: it is kept with the results") as caught:
            make(uri)
        assert KEY not in str(caught.value)
        assert SECRET not in str(caught.value)


def test_a_place_is_what_it_is_from_everywhere(tmp_path):
    """A job file names a bucket, and is submitted from some folder."""
    uri = "s3://anonymous@bucket/my photos?region=eu-west-1"
    assert dataset_spec(uri, tmp_path) == dataset_spec(ImageFolder(uri), tmp_path) == ImageFolder(uri)
    assert dataset_spec(f"file://{tmp_path}/photos", tmp_path) == ImageFolder(f"{tmp_path}/photos")
    with pytest.raises(SpecError, match=r"a URI such as s3://bucket/folder\. Received: 's3:/bucket/photos'"):
        ImageFolder("s3:/bucket/photos")


def test_a_disk_without_room_for_the_copies_is_told_before_the_download(storage, bucket, tmp_path, monkeypatch):
    """The cache lies on a small partition."""
    uri = put(storage, bucket, paint(tmp_path / "photos", [("a", 3), ("b", 3)], side=400))
    storage.well()
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**6))
    message = refused(ImageFolder(uri))
    assert message.startswith(
        f"The copies of 6 objects of {uri} need 2.9 MB in {tmp_path}/cache, where 1.0 MB are free. "
    )
    assert asked(storage) == (1, 0)


@pytest.mark.parametrize("place", ["data", "data/*.parquet", "**/t*-0000[0-9]-of-*"])
def test_parquet_files_in_a_bucket_are_read_from_copies_under_their_own_names(storage, bucket, tmp_path, place):
    """A data set of Hugging Face was copied into a bucket."""
    root = tmp_path / "flowers"
    (root / "data").mkdir(parents=True)
    write_parquet(root / "data" / "train-00000-of-00002.parquet", range(6), [0, 1] * 3, ["rose", "tulip"])
    write_parquet(root / "data" / "train-00001-of-00002.parquet", range(10, 14), [0, 1, -1, 1], ["rose", "tulip"])
    write_parquet(root / "data" / "test-00000-of-00001.parquet", range(20, 24), [0, 1] * 2, ["rose", "tulip"])
    (root / "data" / ".hidden-00000-of-00001.parquet").write_bytes(b"no Parquet")
    on_disk = load(ParquetPictures(str(root / "data")))
    uri = put(storage, bucket, root, "flowers")
    asked(storage)
    in_bucket = load(ParquetPictures(f"{uri}/{place}"))
    assert in_bucket.fingerprint == on_disk.fingerprint
    assert in_bucket.class_names == ("rose", "tulip")
    assert asked(storage)[1] == 3
    load(ParquetPictures(f"{uri}/{place}"))
    assert asked(storage)[1] == 0


def test_tfrecords_in_a_bucket_have_the_names_of_classes_that_lie_beside_them(storage, bucket, tmp_path):
    """A data set of TensorFlow Datasets, of which somebody takes the whole folder or one file."""
    root = tmp_path / "flowers"
    records = [example(image=png(seed), label=seed % 2) for seed in range(8)]
    write_tfrecord(root / "flowers-train.tfrecord-00000-of-00001", records)
    (root / "label.labels.txt").write_text("rose\ntulip\n")
    (root / "features.json").write_text("{}")
    uri = put(storage, bucket, root, "flowers")
    on_disk = load(TFRecordPictures(str(root)))
    for place in (uri, f"{uri}/flowers-train.tfrecord-00000-of-00001", f"{uri}/*tfrecord*"):
        asked(storage)
        in_bucket = load(TFRecordPictures(place))
        assert (in_bucket.fingerprint, in_bucket.class_names) == (on_disk.fingerprint, ("rose", "tulip"))
        assert asked(storage)[1] == (2 if place == uri else 0)


def test_what_is_wrong_with_files_of_many_pictures_is_told_with_uris(storage, bucket, tmp_path):
    """One file is none, and a pattern fits nothing."""
    storage.put(bucket, "data/train-0.parquet", b"no Parquet")
    uri = f"s3://{bucket}/data"
    assert refused(ParquetPictures(uri)).startswith(f"{uri}/train-0.parquet")
    assert refused(ImageFolder(uri)).endswith(
        f"Files that hold many pictures are named by a pattern: {uri}/**/*.parquet."
    )
    assert refused(ParquetPictures(f"{uri}/x*.parquet")) == f"No file fits {uri}/x*.parquet."
    assert refused(ParquetPictures(f"{uri}/none.parquet")).startswith(f"There is no folder {uri}/none.parquet")
    assert dataset_spec(f"{uri}/*.parquet", tmp_path) == ParquetPictures(f"{uri}/*.parquet")


def test_an_archive_in_a_bucket(storage, bucket, tmp_path):
    """An `.npz` file is named by its URI; another has arrays of other names, and the advice in the error works."""
    random = np.random.RandomState(0)
    x, y = random.randint(0, 1024, (12, 4, 4)).astype(np.int16), np.arange(12) % 2
    np.savez(tmp_path / "scans.npz", x_train=x, y_train=y)
    np.savez(tmp_path / "other.npz", images=x, labels=y)
    for name in ("scans.npz", "other.npz"):
        storage.put(bucket, f"my data/{name}", (tmp_path / name).read_bytes())
    uri = f"s3://{bucket}/my data/scans.npz"
    spec = dataset_spec(f"{uri}?region=us-east-1", tmp_path)
    assert spec == Npz(f"{uri}?region=us-east-1")
    data = load(spec)
    assert (data.name, data.fingerprint) == ("scans.npz", load(Npz(str(tmp_path / "scans.npz"))).fingerprint)
    assert f"dataset=Npz('{uri}?region=us-east-1', value_range=(0, 1023))" in "".join(data.notes)
    asked(storage)
    load(spec)
    assert asked(storage) == (0, 0)
    message = refused(Npz(f"s3://{bucket}/my data/other.npz"))
    assert message.startswith(f"s3://{bucket}/my data/other.npz must have the array 'x_train'")
    advice = message.partition("under other names: ")[2].removesuffix(".")
    with contextlib.chdir(tmp_path):
        exec(advice, {"np": np})
    assert load(Npz(str(tmp_path / "other-named.npz"))).fingerprint == data.fingerprint
    assert refused(Npz(f"s3://{bucket}/none.npz")) == f"There is no file s3://{bucket}/none.npz."


def test_whether_data_in_a_bucket_are_at_hand_is_known_without_a_download(storage, bucket, tmp_path, monkeypatch):
    """A report shows pictures only where that takes no time; `doctor` looks whether they are there."""
    monkeypatch.setattr("cnnjobs.files.file_facts.SETTLED_NS", 0)  # for copies, which have just been made
    root = paint(tmp_path / "photos", [("a", 3), ("b", 3)])
    write_parquet(tmp_path / "parquet" / "train.parquet", range(6), [0, 1] * 3)
    np.savez(tmp_path / "scans.npz", x_train=np.zeros((6, 2, 2), np.uint8), y_train=np.arange(6) % 2)
    storage.put(bucket, "scans.npz", (tmp_path / "scans.npz").read_bytes())
    specs = [
        ImageFolder(put(storage, bucket, root)),
        ParquetPictures(put(storage, bucket, tmp_path / "parquet", "parquet")),
        Npz(f"s3://{bucket}/scans.npz"),
    ]
    for spec in specs:
        source = source_of(spec)
        asked(storage)
        assert source.why_not_at_hand() != ""
        assert source.lock() == ("there", "")
        assert asked(storage)[1] == 0
        load(spec)
        asked(storage)
        assert source.why_not_at_hand() == ""
        assert asked(storage)[1] == 0
        said, remedy = source_of(replace(spec, path=f"s3://{bucket}/nothing")).lock()
        assert (said, remedy) == ("not there", "Put it there, or correct its name.")


def test_a_model_evaluates_and_predicts_pictures_in_a_bucket(storage, bucket, tmp_path, monkeypatch):
    """Somebody asks a model about new pictures where they lie: a folder, one of them, and one that is not there."""
    root = paint(tmp_path / "new photos", [("dark", 2), ("light", 3)])
    (root / "light" / "3.png").write_bytes(b"no picture")
    uri = put(storage, bucket, root, "new photos")
    about = ModelMetadata(("dark", "light"), (4, 4, 3), ImageFolder("/elsewhere", size=(4, 4)), {})
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    model = tmp_path / "m.keras"
    model.write_bytes(with_metadata(empty.getvalue(), about))
    network = SimpleNamespace(predict=lambda images: np.tile(np.array([[0.25, 0.75]], np.float32), (len(images), 1)))
    monkeypatch.setattr("cnnjobs.run.evaluate.open_model", lambda _: network)
    monkeypatch.setattr("cnnjobs.run.predict.open_model", lambda _: network)
    evaluation = evaluate_model(str(model), uri, "test")
    assert (evaluation.dataset, evaluation.pictures, evaluation.metrics["accuracy"]) == ("new photos", 5, 0.6)
    found = predict_files(str(model), [uri, f"{uri}/dark/1.png", f"{uri}/dark/9.png"], 1, str(tmp_path / "seen"))
    said = [(one.path, one.truth, one.right, one.error) for one in found.answers]
    assert said[0] == (f"{uri}/dark/0.png", "dark", False, None)
    assert said[5] == (
        f"{uri}/light/3.png",
        "light",
        None,
        "no picture that can be read (cannot identify image file '3.png')",
    )
    assert said[6:] == [
        (f"{uri}/dark/1.png", "dark", False, None),
        (f"{uri}/dark/9.png", None, None, f"There is no file {uri}/dark/9.png."),
    ]
    assert annotate_all(found, str(tmp_path / "seen")) == 6
    with pytest.raises(SpecError, match="`images` must not hold keys") as caught:
        predict_files(str(model), [f"s3://{KEY}:{SECRET}@{bucket}/new photos"], 1)
    assert SECRET not in str(caught.value)
