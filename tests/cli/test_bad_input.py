"""Every mistake gives one clear message without a traceback, exit code 2, and touches nothing."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from support.documents import document
from support.fake_dashboard import MODE, Dashboard, serving
from support.fakes import write_job

from cnnjobs.cli import main
from cnnjobs.wording.terminal import visible

OWN_NAME = re.compile(r"\d+-[0-9a-f]{8}|0x[0-9a-f]+")
"""Parts of the names of temporary files of a process, and addresses of objects: no two runs have the same."""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def files():
    """Everything here but the caches, Keras's own among them."""
    return {path for path in Path.cwd().rglob("*") if not {"cache", "keras"} & set(path.parts)}


def cnnjobs(*words, for_programs=True):
    """Run a command that must be refused, for people and programs; return its message."""
    before = files()
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.output
    assert files() == before, "something was written"
    if for_programs and any(one.name == "form" for one in main.commands[words[0]].params):
        told = CliRunner().invoke(main, [words[0], "--format", "json", *words[1:]])
        error = document(told.stdout)["error"]
        assert (told.exit_code, error["exit_code"]) == (2, 2)
        assert visible(error["message"]) in told.stderr
        assert OWN_NAME.sub("", told.stderr) == OWN_NAME.sub("", done.stderr)
    return done.stderr


def job(**settings):
    return str(write_job(Path.cwd(), **settings))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("job = (\n", "line 1: '(' was never closed"),
        ("a = 1\n", "defines no `job`"),
        ("a = 1\nraise RuntimeError('out of milk')\n", "line 2, raised RuntimeError: out of milk"),
        ("from cnnjobs import *\nVariant(model=vgg(), batch_size=0)\n", "line 2: `batch_size` must be"),
        ("from cnnjobs import *\nVariant(model=vgg(), epochs=-1)\n", "line 2: `epochs` must be"),
    ],
)
@pytest.mark.parametrize("command", ["submit", "plan"])
def test_broken_job_files(command, text, message):
    Path("broken.py").write_text(text)
    assert message in cnnjobs(command, "broken.py")


def test_a_missing_job_file():
    assert "There is no job file jobs/none.py" in cnnjobs("submit", "jobs/none.py")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "three"], "`--only` must be a variant of tiny: one, two. Received: 'three'."),
        (["--repeats", "0"], "Invalid value for '--repeats': 0 is not in the range x>=1."),
        (["--repeats", "-3"], "'--repeats'"),
        (["--epochs", "0"], "'--epochs'"),
        (["--epochs", "many"], "'many' is not a valid integer"),
        (["--epochs", "0%"], "`--epochs` must be a whole number of at least 1, or a percentage"),
        (["--epochs", "half%"], "such as 20%"),
        (["--limit-train", "3"], "`--limit-train` must be between 20, two rows per class, and 1438"),
        (["--limit-train", "99999"], "`--limit-train` must be between"),
        (["--dataset", "cifar11"], "must be one of digits, mnist, fashion_mnist, cifar10, cifar100"),
        (["--dataset", "no/such/folder"], "There is no folder"),
        (["--dataset", "none.npz"], "There is no file"),
        (["--image-size", "32"], "`--image-size` and `--strict` are for encoded pictures"),
        (["--results", "job.py"], "Cannot write job.py/tiny/"),
        (["--results", "nosuch://bucket"], "must be a path or a URI"),
        (["--gpus-per-trial", "1"], "`--gpus-per-trial` must be at most 0, the GPUs of this machine. Received: 1."),
        (["--gpus-per-trial", "-1"], "'--gpus-per-trial'"),
        (["--cpus-per-trial", "4096"], "`--cpus-per-trial` must be at most"),
        (["--max-concurrent", "0"], "'--max-concurrent'"),
        (
            ["--half-width", "0"],
            "`--half-width` must be a number at least 0.001 and below 100. Received: --half-width 0.0.",
        ),
        (["--half-width", "nan"], "`--half-width` must be a number"),
        (["--checkpoint-every", "nan"], "Invalid value for '--checkpoint-every': must be a finite number."),
        (["--checkpoint-every", "inf"], "Invalid value for '--checkpoint-every': must be a finite number."),
        (["--half-width", "1", "--repeats", "1"], "`--half-width` needs a pilot of at least 2 repeats"),
        (["--half-width", "1", "--most-repeats", "1"], "`--most-repeats` must be at least 2"),
        (["--most-repeats", "9"], "`--most-repeats` goes with `--decide` or `--half-width POINTS`"),
        (["--decide", "0.5%"], "without a unit, such as 0.5, or nothing. Received: '0.5%'"),
        (["--decide=-1"], "`--decide` must be a number above 0 and below 100. Received: --decide -1.0."),
        (["--decide", "--most-repeats", "4"], "`--most-repeats` must be a whole number of at least 5"),
        (["--decide", "--most-repeats", "101"], "`--most-repeats` must be a whole number of at most 100"),
        (["--decide", "--repeats", "10"], "Received: --repeats 10. Use `--most-repeats N` for the most of each."),
        (["--decide", "--half-width", "1"], "`--decide` and `--half-width` exclude each other"),
        (["--decide", "--audit", "one"], "`--decide` and `--audit` exclude each other"),
        (["--decide", "0.5", "--only", "two"], "`--decide` and `--only` exclude each other"),
        (["--half-width", "1", "--audit", "one"], "`--half-width` and `--audit` exclude each other"),
        (["--audit", "three"], "`--audit` must be a variant of tiny: one, two. Received: 'three'."),
        (["--audit", "one", "--only", "one"], "`--audit VARIANT` and `--only` exclude each other"),
        (["--audit", "one", "--repeats", "1"], "`--audit` needs at least 2 repeats, better 10 or more"),
        (["--colour"], "No such option"),
    ],
)
def test_options(words, message):
    assert message in cnnjobs("submit", job(), *words)


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ('"a": base.but(batch_size=5000)', "Variant 'a': `batch_size` must be at most 1150, the rows it trains on."),
        ('"a": base.but(model=vgg(blocks=4))', "its network, with 4 blocks, needs images of at least 16 x 16"),
        ('"a": base, "b": base', "'a' and 'b', whose settings are all the same"),
        ('"a": base.but(model=custom(net, size=object()))', "A hyperparameter must be a finite number, text, None"),
    ],
)
def test_variants_that_cannot_train(variants, message):
    path = Path(job(variants=variants))
    path.write_text("from cnnjobs import custom\ndef net(shape, classes, size): ...\n" + path.read_text())
    assert message in cnnjobs("submit", str(path))


def test_more_folds_than_the_smallest_class():
    path = Path(job())
    path.write_text(path.read_text().replace("repeats=2", "folds=1000"))
    assert "`folds` must be at most the size of the smallest class" in cnnjobs("submit", str(path))


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path)


def test_folders_of_pictures():
    Path("empty").mkdir()
    assert "has no pictures" in cnnjobs("submit", job(dataset="empty/"), "--dataset", "empty/")
    for index in range(4):
        picture(Path("one/only", f"{index}.png"))
    assert "must have at least two classes" in cnnjobs("submit", job(), "--dataset", "one")
    picture(Path("one/single/1.png"))
    assert "Received: class 'single' with 1" in cnnjobs("submit", job(), "--dataset", "one")
    Path("one/single/2.png").write_text("no picture")
    assert "1 picture cannot be read: single/2.png" in cnnjobs("submit", job(), "--dataset", "one", "--strict")


def test_npz_files():
    np.savez("short.npz", x_train=np.zeros((4, 8, 8), np.uint8), y_train=np.zeros(3, int))
    assert "one label per image. Received: 4 images and 3 labels" in cnnjobs("submit", job(), "--dataset", "short.npz")
    np.savez("objects.npz", x_train=np.array([print]), y_train=np.zeros(1, int))
    assert "never loaded because they can run code" in cnnjobs("submit", job(), "--dataset", "objects.npz")


def test_results_of_a_newer_version():
    Path("results/tiny").mkdir(parents=True)
    Path("results/tiny/job.json").write_text(json.dumps({"schema": 99}))
    for words in (("submit", job()), ("plan", job(), "--no-sizes"), ("status", "results"), ("aggregate", "results")):
        assert "results/tiny/job.json was written by a newer cnnjobs" in cnnjobs(*words)


@pytest.mark.parametrize("command", ["aggregate", "status"])
def test_folders_without_results(command):
    assert "There is no folder none" in cnnjobs(command, "none")
    Path("foreign/folder").mkdir(parents=True)
    Path("foreign/folder/file.parquet").write_text("x")
    assert "foreign has no results: expected a job's folder" in cnnjobs(command, "foreign")
    Path("file.txt").write_text("x")
    assert "There is no folder file.txt" in cnnjobs(command, "file.txt")


def test_a_metric_there_is_not():
    said = cnnjobs("aggregate", "--metric", "f1")
    assert "`--metric` must be one of loss, accuracy, mse, top5_accuracy" in said
    assert "Near it: macro_f1, weighted_f1, f1[CLASS]." in said


def test_a_full_disk():
    Path("small").mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "small"], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        assert "the disk is full. Choose another place with `--results PATH`, or make room." in cnnjobs(
            "submit", job(), "--results", "small/results"
        )
    finally:
        subprocess.run(["umount", "small"], check=True)


MOVED = '"moved": base.but(augment=Augment(shift=0.1))'
TURNED = '"turned": base.but(augment=Augment(rotation=9))'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "`DATASET` must be given"),
        ([""], "must not be empty"),
        (["cifar11"], "must be one of digits, mnist, fashion_mnist, cifar10, cifar100"),
        (["no/such/folder"], "There is no folder"),
        (["none.npz"], "There is no file"),
        (["digits", "--image-size", "8"], "`--image-size` and `--strict` are for encoded pictures"),
        (["digits", "--strict"], "`--image-size` and `--strict` are for encoded pictures"),
        (["digits", "-n", "0"], "0 is not in the range 1<=x<=100"),
        (["digits", "--output", "a.jpg"], "`--output` must end in .png, .svg or .pdf. Received: 'a.jpg'."),
        (["digits", "--output", "png"], "`--output` must end in .png, .svg or .pdf. Received: 'png'."),
        (["digits", "--output", "job.py/a.png"], "Cannot write"),
        (["digits", "--variant", "moved"], "`--variant` needs `--job JOB`"),
        (["--job", "none.py"], "There is no job file none.py"),
        (["--job", "job.py"], "must say which variant of tiny with augmentation to show: moved, turned."),
        (["--job", "job.py", "--variant", "plain"], "Variant 'plain' of tiny has no augmentation. Those that have: "),
        (["--job", "job.py", "--variant", "three"], "must be a variant of tiny with augmentation: moved, turned."),
    ],
)
def test_what_cannot_be_shown(words, message):
    job(variants=f'"plain": base, {MOVED}, {TURNED}')
    assert message in cnnjobs("show", *words)


def test_a_job_without_augmentation_has_none_to_show():
    assert "tiny has no variant with augmentation. Add `augment=Augment(...)`" in cnnjobs("show", "--job", job())


def test_messages_are_one_line_and_name_the_mistake_once():
    message = cnnjobs("submit", job(), "--only", "three")
    assert re.fullmatch(r"error: [^\n]+\n", message)


def test_a_data_set_that_cannot_be_downloaded(monkeypatch):
    """No network, no file: Keras itself is asked, and its failure is explained."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    message = cnnjobs("submit", job(), "--dataset", "cifar10", for_programs=False)
    assert "cifar-10-batches-py-target_archive" in message
    assert "sha256 6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce" in message
    assert "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz" in message
    assert str(Path.cwd() / "keras" / "datasets") in message
    assert "`--dataset digits` needs no download" in message


def model_file(path, document=None):
    """A file that looks like a model; Keras is not asked before it has been looked at."""
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("model.weights.h5", "weights")
        if document is not None:
            made.writestr("cnnjobs.json", json.dumps(document))
    return path


@pytest.mark.parametrize(
    "command", [("evaluate", "m.keras"), ("predict", "m.keras", "a.png")], ids=lambda words: words[0]
)
def test_model_files_that_are_none(command):
    assert "There is no model file m.keras." in cnnjobs(*command)
    Path("m.keras").write_text("weights")
    assert "m.keras is no model file" in cnnjobs(*command)
    model_file("m.keras")
    assert "m.keras is a Keras model, but lacks cnnjobs.json" in cnnjobs(*command)
    model_file("m.keras", {"format": 99})
    assert "m.keras was saved by a newer cnnjobs" in cnnjobs(*command)


def test_a_model_that_keras_cannot_load():
    about = {"format": 1, "class_names": ["a", "b"], "image_shape": [8, 8, 1]}
    model_file("m.keras", about | {"dataset": {"kind": "Named", "name": "digits"}})
    Image.new("L", (8, 8)).save("a.png")
    assert re.search(r"m.keras: Keras cannot load it \(.*\)", cnnjobs("predict", "m.keras", "a.png"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fit",), "`--variant` must be one of tiny's: one, two. Received: none."),
        (("fit", "--variant", "three"), "`--variant` must be one of tiny's: one, two. Received: 'three'."),
        (
            ("fit", "--variant", "one", "--output", "m.h5"),
            "`--output` must be a file whose name ends with .keras. Received: 'm.h5'.",
        ),
        (("fit", "--variant", "one", "--repeat", "0"), "0 is not in the range x>=1"),
        (("fit", "--variant", "one", "--dataset", "nowhere/at"), "There is no folder"),
    ],
)
def test_what_fit_is_asked_for(words, message):
    command, *rest = words
    assert message in cnnjobs(command, job(), *rest)


def test_pretrained_weights_of_another_network():
    path = Path(job(variants='"a": base.but(model=vgg16(weights="w.h5"))'))
    path.write_text(path.read_text().replace("Variant, vgg", "Variant, vgg, vgg16"))
    photos(size=32)
    words = ("submit", str(path), "--dataset", "photos/")
    assert re.search(r"there is no file .*w\.h5", cnnjobs(*words))
    with h5py.File("w.h5", "w") as file:
        file["kernel"] = np.zeros((3, 3, 1, 4))
    message = cnnjobs(*words)
    assert "Variant 'a': `vgg16.weights` must be a file of VGG16" in message
    assert "with 1 arrays" in message


def photos(size):
    """A folder of pictures of two classes."""
    for name in ("cat", "dog"):
        for number in range(8):
            path = Path("photos", name, f"{number}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.random.RandomState(number).randint(0, 255, (size, size, 3), np.uint8)).save(path)


NOWHERE = "http://127.0.0.1:9"  # a port that nothing listens at: those below 1024 are not given to others
SECRET = "5ecret"
FORMS = "`--address` must be the URL of a cluster's dashboard such as http://127.0.0.1:8265, host:port"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--address", NOWHERE], f"Nothing answers at {NOWHERE} within 5 s (Connection refused). Is the cluster up"),
        (["--address", "127.0.0.1:9"], "Nothing answers at 127.0.0.1:9 within 5 s. Is the cluster up"),
        (["--address", "auto"], "`--address auto` needs a Ray that runs on this machine, and there is none."),
        (["--address", "ray://127.0.0.1:10001"], f"{FORMS} of a cluster that"),
        (["--address", "head"], f"{FORMS} of a cluster that"),
        (["--address", "http://"], f"{FORMS} of a cluster that"),
        (["--address", ""], "must not be empty"),
        (["--address", f"http://me:{SECRET}@127.0.0.1:8265"], "Received: '...@127.0.0.1:8265'."),
        (["--address", f"me:{SECRET}@127.0.0.1:6379"], "Received: '...@127.0.0.1:6379'."),
        (
            ["--address", NOWHERE, "--results", f"s3://KEY:{SECRET}@bucket/x"],
            "`--results` must not hold keys when it is sent to a cluster: they would be shown there.",
        ),
        (
            ["--address", NOWHERE, "--results", f"s3://KEY:a/{SECRET}@bucket/x"],
            "`--results` must not hold keys when it is sent to a cluster: they would be shown there.",
        ),
    ],
)
def test_addresses_of_submit(words, message):
    told = cnnjobs("submit", job(), *words)
    assert message in told
    assert SECRET not in told
    assert told.count("error:" if "Usage" not in told else "Error:") == 1


@pytest.mark.parametrize("address", [NOWHERE, "ray://127.0.0.1:10001", f"http://me:{SECRET}@127.0.0.1:8265"])
def test_an_address_in_the_environment_is_treated_as_one_that_is_typed(address, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", address)
    told = cnnjobs("submit", job())
    assert ("Nothing answers at" if address == NOWHERE else FORMS) in told
    assert SECRET not in told


def test_a_broken_job_file_is_told_before_the_cluster_is_asked():
    assert "There is no job file none.py" in cnnjobs("submit", "none.py", "--address", NOWHERE)


def test_a_job_that_imports_from_elsewhere_is_not_uploaded(tmp_path, monkeypatch):
    (tmp_path / "stranger_of_bad_input.py").write_text("")
    Path("mine").mkdir()
    monkeypatch.chdir("mine")
    path = Path(job())
    path.write_text(f"import sys\nsys.path.append({str(tmp_path)!r})\nimport stranger_of_bad_input\n{path.read_text()}")
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    told = cnnjobs("submit", str(path), "--address", NOWHERE)
    assert f"job.py imports stranger_of_bad_input from {tmp_path}/stranger_of_bad_input.py, outside the folder" in told


def test_fit_is_not_sent_to_a_cluster():
    told = cnnjobs("fit", job(), "--variant", "one", "--address", NOWHERE)
    assert f"`fit` runs on this machine or on a cluster that it is a node of. Received: {NOWHERE}." in told


@pytest.mark.parametrize("command", ["logs", "stop", "fetch"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "such as http://127.0.0.1:8265; RAY_ADDRESS may name it as well. Received: none."),
        (["--address", "auto"], "Received: auto."),
        (["--address", "127.0.0.1:9"], "Received: 127.0.0.1:9."),
        (["--address", "http-head:9"], "Received: http-head:9."),
        (["--address", f"ray://me:{SECRET}@head:9"], "Received: ...@head:9."),
        (["--address", f"http://me:{SECRET}@head:9"], "Received: '...@head:9'."),
        (["--address", NOWHERE], f"Nothing answers at {NOWHERE} within 5 s (Connection refused)."),
        (["any", "--address", NOWHERE], f"Nothing answers at {NOWHERE} within 5 s (Connection refused)."),
    ],
)
def test_commands_for_a_cluster_need_its_url(command, words, message):
    told = cnnjobs(command, *words)
    assert message in told
    assert SECRET not in told


def test_the_address_of_a_node_in_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6379")
    assert "Received: 127.0.0.1:6379." in cnnjobs("logs")


def test_keys_in_the_place_that_status_asks_for_stay_here():
    told = cnnjobs("status", f"s3://KEY:{SECRET}@bucket/x", "--address", NOWHERE)
    assert "RESULTS must not hold keys when it is sent to a cluster" in told
    assert SECRET not in told


def test_what_answers_is_no_cluster():
    with serving(Dashboard(answers={MODE: (200, b"<html>", {})})) as url:
        for words in (["submit", job()], ["logs"], ["status"], ["fetch"]):
            assert f"What answers at {url} is not the dashboard of a Ray cluster" in cnnjobs(*words, "--address", url)


@pytest.mark.parametrize("command", ["submit", "status", "logs", "fetch", "stop", "doctor"])
def test_a_token_that_is_refused_is_not_shown(command, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", SECRET)
    with serving(Dashboard("another")) as url:
        told = cnnjobs(command, *([job()] if command == "submit" else []), "--address", url)
    assert f"The cluster at {url} refuses the token of this machine." in told
    assert SECRET not in told
