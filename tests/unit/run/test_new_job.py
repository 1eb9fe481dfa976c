"""Job files for people's data: whatever the data are, `plan` takes what was written, or an error says why not."""

import json

import numpy as np
import pytest
from PIL import Image
from support.commands import called
from support.documents import document

from cnnjobs.errors import UserError
from cnnjobs.planning.examples import example_files, example_named, examples_folder
from cnnjobs.planning.job_file import load_job
from cnnjobs.run.examples import list_examples
from cnnjobs.run.new_job import write_new_job

RANDOM = np.random.default_rng(0)


def draw(path, height, width, mode="RGB"):
    shape = (height, width) if mode == "L" else (height, width, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RANDOM.integers(0, 256, shape).astype("uint8")).save(path)


def folder_of(top, classes, size=(20, 20), mode="RGB"):
    """Write class -> number of pictures; of every size where none is given."""
    for name, count in classes.items():
        for index in range(count):
            height, width = size or map(int, RANDOM.integers(24, 60, 2))
            draw(top / name / f"{index:03}.png", height, width, mode)


def archive(path, **parts):
    np.savez(
        path,
        **{f"x_{part}": RANDOM.integers(0, 256, (count, 10, 12)).astype("uint8") for part, count in parts.items()},
        **{f"y_{part}": np.arange(count) % 2 for part, count in parts.items()},
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    top = tmp_path_factory.mktemp("data")
    folder_of(top / "photos", {"cat": 30, "dog": 30}, size=None)
    folder_of(top / "tiny", dict.fromkeys("abc", 3))
    folder_of(top / "grey", dict.fromkeys("ab", 12), (28, 28), "L")
    folder_of(top / "huge", dict.fromkeys("ab", 3), (200, 150))
    folder_of(top / "flat strips", {"a": 60, "b": 6}, (2, 40))
    folder_of(top / "specks", dict.fromkeys("ab", 6), (1, 1))
    folder_of(top / "without", {".": 4})
    folder_of(top / "one", {"only": 6})
    (top / "empty").mkdir()
    for part in ("train", "valid", "test"):
        folder_of(top / "parts" / part, dict.fromkeys("ab", 8), (33, 47))
    archive(top / "x.npz", train=50)
    archive(top / "own.npz", train=50, valid=20, test=10)
    rows = [f"photos/{name}/{index:03}.png,{name}" for name in ("cat", "dog") for index in range(30)]
    (top / "table.csv").write_text("\n".join(["file,label", *rows]))
    return top


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(name, example=None, dataset=None, **more):
    return write_new_job(name, example=example, dataset=dataset, **more)


def planned(file, cwd):
    done = called("plan", file, "--no-sizes", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


WRITTEN = {
    "photos": ('ImageFolder("{}", size=32)', 8),
    "tiny": ('ImageFolder("{}", size=20)', 1),
    "grey": ('ImageFolder("{}", size=28)', 2),
    "huge": ('ImageFolder("{}", size=96)', 1),
    "flat strips": ('ImageFolder("{}", size=(2, 40))', 8),
    "specks": ('ImageFolder("{}", size=2)', 2),
    "parts": ('ImageFolder("{}", size=(33, 47))', 4),
    "x.npz": ('"{}"', 8),
    "own.npz": ('"{}"', 8),
    "table.csv": ('PictureTable("{}", size=32)', 8),
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("own_network", [False, True])
def test_a_job_for_any_data_can_be_planned(name, own_network, data, here):
    written = new("study", dataset=str(data / name), own_network=own_network)
    dataset, batch_size = WRITTEN[name]
    text = (here / "study.py").read_text()
    assert f"dataset={dataset.format(data / name)}," in text
    assert f"batch_size={batch_size}," in text
    assert ("custom(network)" in text) == own_network
    assert max(map(len, text.splitlines())) <= 120 + len(str(data))
    assert "`submit` would run 9 of 9 trials" in planned(written.file, here)


def test_what_is_said_of_the_data_is_true(data, here):
    written = new("study", dataset=str(data / "parts"))
    assert 'validation="own"' in (here / "study.py").read_text()
    assert (written.facts.rows, written.facts.validation, written.facts.classes) == (16, 16, 2)
    new("other", dataset=str(data / "flat strips"))
    text = (here / "other.py").read_text()
    assert 'class_weight="balanced"' in text, "classes of 48 and 5"
    assert "A test set was held out" in text
    new("third", dataset=str(data / "huge"))
    assert "of 200 x 150 pixels (height x width)" in (here / "third.py").read_text()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("without", "in no class's folder"),
        ("one", "one has one class only: only"),
        ("empty", "has no pictures"),
        ("missing.npz", "missing.npz"),
        ("none", "There is no folder"),
    ],
)
def test_data_that_nothing_can_be_trained_on_make_no_file(name, said, data, here):
    with pytest.raises(UserError, match=said):
        new("study", dataset=str(data / name))
    assert not list(here.iterdir())


@pytest.mark.parametrize("example", [name for name in example_files() if name != "transfer_vgg16"])
def test_bundled_jobs_on_data_of_ones_own_can_be_planned(example, data, here):
    for name in ("photos", "tiny"):
        file = new(f"{example}-{name}", example, str(data / name)).file
        assert "trials; results: results/" in planned(file, here)
        job = load_job(file).job
        assert job.name == f"{example}-{name}"
        assert job.dataset.path == str(data / name)


def test_a_bundled_job_whose_weights_are_not_here_is_written_all_the_same(data, here):
    assert load_job(new("moved", "transfer_vgg16", str(data / "photos")).file).job.name == "moved"


def test_a_copy_says_whose_figures_are_in_it_and_how_it_is_run(data, here):
    file = new("mine", "vgg_depth", str(data / "photos")).file
    text = (here / file).read_text()
    assert "cnnjobs submit mine.py" in text
    assert "the text below on data and figures is about the bundled job" in text
    new("plain", "vgg-depth")
    assert "is of the bundled job" not in (here / "plain.py").read_text()


def test_pictures_that_are_too_small_for_a_bundled_job_and_cannot_grow(data, here):
    with pytest.raises(UserError, match="needs images of at least 32 x 32 pixels"):
        new("study", "cifar100_cnn_vs_mlp", str(data / "x.npz"))


@pytest.mark.parametrize(
    ("name", "file", "job"),
    [
        ("study", "study.py", "study"),
        ("study.py", "study.py", "study"),
        ("my first study", "my-first-study.py", "my-first-study"),
        ("Größe", "Größe.py", "Groe"),
        ("日本", "日本.py", "job"),
        ("report", "report.py", "report-job"),
        ("sub/study", "sub/study.py", "study"),
        ("two.v2", "two.v2.py", "two.v2"),
    ],
)
def test_names(name, file, job, here):
    (here / "sub").mkdir()
    written = new(name)
    assert written.file == file
    assert load_job(file).job.name == written.job.name == job


@pytest.mark.parametrize(
    "name", ["", ".py", "-x", "..", "a\0b", "nowhere/study", "keras", "random", "there", "there.py"]
)
def test_names_that_do_not_do(name, here):
    (here / "there.py").write_text("mine")
    with pytest.raises(UserError):
        new(name)
    assert (here / "there.py").read_text() == "mine"
    assert len(list(here.iterdir())) == 1


def test_a_link_to_nowhere_is_not_written_through(here):
    (here / "study.py").symlink_to(here / "elsewhere.py")
    with pytest.raises(UserError, match="already"):
        new("study")
    assert not (here / "elsewhere.py").exists()


def test_the_bundled_jobs_are_found_under_all_their_names():
    assert example_named("jobs/vgg-depth.py") == example_named("vgg_depth") == "vgg_depth"
    assert example_named("nothing") is None
    assert examples_folder().name == "jobs", "in a checkout"


def test_examples_are_listed_with_question_size_and_data(here):
    text = called("examples", cwd=here).stdout
    for one in list_examples():
        assert one.name in text
        assert one.question.endswith("?")
    assert "3 variants, 9 trials of 12 epochs; digits" in text
    listed = document(called("examples", "--format", "json", cwd=here).stdout)["examples"]
    assert listed[0]["name"] == "quickstart"
    assert listed[0]["trials"] == 9
    assert {one["name"]: one["folds"] for one in listed}["mnist_kfold"] == 5


def test_a_program_is_told_what_was_written(data, here):
    said = called("new", "study", "--data", str(data / "photos"), "--format", "json", cwd=here).stdout
    found = document(said)
    assert (found["file"], found["data"]["classes"], found["data"]["image_size"]) == ("study.py", 2, [32, 32])
    again = json.loads(called("new", "study", "--format", "json", cwd=here).stdout)
    assert again["error"]["exit_code"] == 2


@pytest.mark.parametrize("typed", ["quickstart", "jobs/quickstart.py", "vgg-depth"])
def test_a_bundled_job_that_is_typed_as_if_it_lay_here(typed, here):
    done = called("plan", typed, cwd=here)
    assert done.returncode == 2
    assert "comes with cnnjobs" in done.stderr
    assert "cnnjobs new quickstart --from quickstart" in done.stderr or typed == "vgg-depth"


def test_a_job_file_without_its_suffix(here):
    new("study")
    assert "There is study.py." in called("plan", "study", cwd=here).stderr
