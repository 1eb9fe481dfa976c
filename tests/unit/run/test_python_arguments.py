"""What Python passes is checked where every door passes it: each mistake is an error that names the argument."""

import inspect
import math
from pathlib import Path

import numpy as np
import pytest
from support.fakes import write_job

import cnnjobs
from cnnjobs import Job, Variant, vgg
from cnnjobs.errors import Interrupted, UserError
from cnnjobs.planning.job_file import load_job

JOB = Job(name="here", dataset="digits", repeats=2, variants={"one": Variant(model=vgg(blocks=1), epochs=1)})

WRONG = {
    "repeats": ("5", 0, -1, 2.5, math.nan, True),
    "epochs": ("5", "0%", "-5%", "half", "20 %", "", "1e2%", 0, -1),
    "only": ("none", ["one", "none"], [1], [], 5, b"one"),
    "limit_train": (0, "100", 5),
    "dataset": ("no such data", 5),
    "image_size": (96, 0, "big"),
    "strict": ("yes",),
    "half_width": (0, -1, "0.2", math.nan),
    "decide": (0, -1, "0.2", math.nan, None),
    "most_repeats": (0, 5),
    "audit": ("none", 5, ["one"]),
    "max_concurrent": (0, "2", 1.5),
    "cpus_per_trial": (0, -1, "2"),
    "gpus_per_trial": (-1, "1", 1.5, math.nan),
    "checkpoint_every": (-1, "5", math.inf),
    "trial_timeout": (0, -1, "5", math.nan),
    "log": ("neptune", ["mlflow", 5], 5),
    "watch": ("yes", 1, None),
    "address": ("nonsense", "http://127.0.0.1:8265", 5),
    "insecure": ("no",),
    "verbose": (1,),
    "keep_going": ("no", 1),
}


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_argument_of_submit_is_named_and_nothing_is_written(name, value, tmp_path):
    with pytest.raises(UserError) as caught:
        cnnjobs.submit(JOB, **{"address": "local", name: value})
    said = str(caught.value)
    assert f"`{name}" in said or name in ("dataset", "address", "strict") or "cnnjobs.submit" in said, said
    assert "--" not in said, said
    assert not (tmp_path / "results").exists()


def test_every_argument_of_submit_is_tried():
    assert set(WRONG) == set(inspect.signature(cnnjobs.submit).parameters) - {"job", "results"}


@pytest.mark.parametrize("job", [None, {}, 5, JOB.variants["one"], [JOB]], ids=lambda job: type(job).__name__)
@pytest.mark.parametrize("call", [cnnjobs.submit, cnnjobs.plan, cnnjobs.fit])
def test_what_is_no_job_is_refused(call, job):
    with pytest.raises(UserError, match=r"`job` must be a Job, or the path of a file that defines one\. Received: a"):
        call(job)


def test_a_job_file_that_is_none_is_named():
    with pytest.raises(UserError, match=r"There is no job file none\.py"):
        cnnjobs.plan("none.py")


def test_a_job_and_the_file_that_defines_it_have_the_same_plan(tmp_path):
    path = write_job(tmp_path)
    from_file = cnnjobs.plan(path)
    assert cnnjobs.plan(from_file.job).missing == from_file.missing
    assert cnnjobs.plan(str(path), only="one").only == ("one",)
    assert not (tmp_path / "results").exists()


def test_numbers_of_numpys_and_paths_are_what_they_stand_for():
    plan = cnnjobs.plan(JOB, Path("other"), repeats=np.int64(3), epochs=np.int32(2), limit_train=np.int16(100))
    assert len(plan.missing) == 3
    assert {trial.spec.epochs for trial in plan.missing} == {2}


def test_a_plan_is_a_table_and_what_the_terminal_shows():
    plan = cnnjobs.plan(JOB)
    assert plan.table.set_index("variant").loc["one", "would run"] == 2
    assert "`submit` would run 2 of 2 trials" in str(plan)
    assert repr(plan) == str(plan)
    assert "\x1b" not in str(plan)
    assert "<td>one</td>" in plan._repr_html_()


def test_a_plan_of_a_data_set_that_is_away_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    plan = cnnjobs.plan(JOB, dataset="cifar10")
    assert "`submit` downloads it" in str(plan)
    with pytest.raises(LookupError, match="not on this machine yet"):
        _ = plan.missing


@pytest.mark.parametrize(("arguments", "named"), [({"repeat": 0}, "repeat"), ({"variant": "none"}, "variant")])
def test_a_wrong_argument_of_fit_is_named(arguments, named):
    with pytest.raises(UserError, match=f"`{named}` must be"):
        cnnjobs.fit(JOB, **arguments)


@pytest.mark.parametrize("results", [None, 5, True, b"x"])
@pytest.mark.parametrize("call", [lambda results: cnnjobs.plan(JOB, results), cnnjobs.status])
def test_results_are_a_place(call, results, tmp_path):
    with pytest.raises(UserError, match=r"`results` must be a path or a URI\. Received: results="):
        call(results)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("images", [None, 5, b"a.png", [np.zeros((8, 8, 1))], [None], [["a.png"]]])
def test_what_are_no_pictures_is_refused(images):
    with pytest.raises(UserError, match="`images` must be a path, a list of paths, or one array"):
        cnnjobs.predict("none.keras", images)


def test_ctrl_c_is_no_exception_that_a_loop_over_jobs_would_swallow():
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert not issubclass(Interrupted, Exception)


def helper_of(folder, width):
    """Write a job that imports a neighbour."""
    folder.mkdir(exist_ok=True)
    (folder / "neighbour_of_jobs.py").write_text(f"def width(): return {width}\n")
    text = "from cnnjobs import *\nfrom neighbour_of_jobs import width\ndef net(i, c): return width()\n"
    text += "job = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=net)})"
    (folder / "job.py").write_text(text)
    return folder / "job.py"


def test_jobs_of_one_process_have_each_their_own_neighbours(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    one, two = helper_of(tmp_path / "one", 4), helper_of(tmp_path / "two", 40)
    ids = [cnnjobs.plan(path).missing[0].trial_id for path in (one, two, one)]
    assert ids[0] == ids[2] != ids[1]
    helper_of(tmp_path / "one", 400)
    assert cnnjobs.plan(one).missing[0].trial_id not in ids, "and an edit between two calls is seen"


def test_neighbours_travel_the_second_time_as_well(tmp_path):
    path = helper_of(tmp_path / "one", 4)
    travels = [[module.__name__ for module in load_job(path).neighbours] for _ in range(2)]
    assert travels == [["neighbour_of_jobs"]] * 2


def test_predict_wants_pictures_and_a_model():
    with pytest.raises(UserError, match="`images` must name at least one picture"):
        cnnjobs.predict("none.keras", [])
    with pytest.raises(UserError, match=r"none\.keras"):
        cnnjobs.predict("none.keras", ["a.png"])
    with pytest.raises(UserError, match="`top_k` must be a whole number of at least 1"):
        cnnjobs.predict("none.keras", ["a.png"], top_k=0)
