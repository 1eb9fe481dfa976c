"""What commands write with `--format json` is what the schema says, and the same numbers that a person sees."""

import time
from pathlib import Path

import pytest
from support.commands import called
from support.documents import checked, document
from support.stores import made_up_store, make_store, stored_job

import cnnjobs
from cnnjobs.run.documents.doctor import doctor_document
from cnnjobs.run.documents.fit import fit_document
from cnnjobs.run.documents.status import of_cluster
from cnnjobs.run.fit import FittedModel
from cnnjobs.run.health_checks import Check
from cnnjobs.schema.json_text import json_text, utc
from cnnjobs.store.files import Files
from cnnjobs.store.lock import Running, StoreLock
from cnnjobs.store.store import Store

AUGMENTED = """
from cnnjobs import Augment, Flip, Job, RandAugment, Variant, transform, vgg
def brighter(images, chance):
    return images
base = Variant(model=vgg(blocks=1, filters=2, dense=4), epochs=1)
job = Job(name="small", dataset="digits", variants={"plain": base, "moved": base.but(augment=Augment(shift=0.1))})
"""


def asked(*words, cwd, code=0):
    """The document that a command writes."""
    done = called(*words, "--format", "json", cwd=cwd)
    assert done.returncode == code, done.stdout + done.stderr
    return document(done.stdout)


def whole(made):
    """A document with what it gets at the end of its command."""
    return checked(json_text({"notes": [], "error": None, **made}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results of a job, with predictions."""
    where = tmp_path_factory.mktemp("documents")
    made_up_store(where / "results", "one", ("a", "b"), runs=6)
    return where


@pytest.fixture(scope="module")
def aggregated(folder):
    return asked("aggregate", "results", cwd=folder)


def test_the_tables_of_a_report_are_its_csv_files_unrounded(folder, aggregated):
    import pandas as pd

    for job in aggregated["jobs"]:
        place = Path(job["results"], "report", "tables")
        assert {path.stem for path in (folder / place).glob("*.csv")} == set(job["tables"])
        for name, table in job["tables"].items():
            stored = pd.read_parquet(folder / place / f"{name}.parquet")
            assert list(stored.columns) == table["columns"]
            for made, row in zip(table["rows"], stored.to_dict("records"), strict=True):
                assert {key: value for key, value in made.items() if value is not None and key != "null_reasons"} == {
                    key: value for key, value in row.items() if value is not None and value == value
                }


def test_the_stable_keys_of_tables_and_the_sentences_of_the_report_are_there(folder, aggregated):
    one = next(job for job in aggregated["jobs"] if job["job"] == "one")
    assert one["metric"]["column"] == "test_accuracy"
    assert one["verdicts"][0].startswith("b and a are equal")
    assert len(one["runs"]) == 12
    page = (folder / one["report"]["page"]).read_text(encoding="utf-8")
    assert one["texts"][0]["section"] in page
    (methods,) = (said["text"] for said in one["texts"] if said["section"] == "Methods")
    assert methods.startswith("We used ")
    compared = cnnjobs.compare(cnnjobs.load_results(folder / "results" / "one"))
    assert [row["mean"] for row in one["tables"]["differences"]["rows"]] == compared.differences["mean"].tolist()


def test_a_job_that_cannot_be_read_is_named_beside_those_that_can(tmp_path):
    made_up_store(tmp_path / "results", "whole")
    made_up_store(tmp_path / "results", "odd")
    (tmp_path / "results" / "odd" / "job.json").write_text("{}")
    for words, key in ((("aggregate", "results", "--no-predictions"), "job"), (("status", "results"), "job")):
        found = asked(*words, cwd=tmp_path, code=2)
        assert [job[key] for job in found["jobs"]] == ["whole"]
        assert len(found["broken"]) == 1
        assert found["broken"][0] in found["error"]["message"]
        assert (found["error"]["kind"], found["error"]["exit_code"]) == ("StoreError", 2)


def test_damaged_files_are_named_in_what_could_be_read(tmp_path):
    made_up_store(tmp_path / "results", "job", variants=("a", "b"), runs=3)
    path = sorted((tmp_path / "results" / "job" / "trials").glob("*.parquet"))[0]
    path.write_bytes(path.read_bytes()[:-9])
    assert asked("status", "results", cwd=tmp_path, code=1)["jobs"][0]["damaged"][0].startswith(
        f"results/job/trials/{path.name} "
    )
    found = asked("aggregate", "results", cwd=tmp_path, code=1)
    assert (len(found["jobs"][0]["damaged"]), found["error"]["kind"]) == (1, "DamagedResults")
    found = asked("verify", "results", cwd=tmp_path, code=1)
    assert [one["file"] for one in found["jobs"][0]["damaged"]] == [f"trials/{path.name}"]
    assert (found["whole"], found["error"]["kind"]) == (False, "DamagedResults")
    repaired = asked("verify", "results", "--repair", cwd=tmp_path)
    assert (repaired["whole"], len(repaired["repaired"])) == (True, 1)


def test_nothing_there_is_an_error(tmp_path):
    for words in (("status",), ("aggregate",), ("verify",)):
        assert asked(*words, "none", cwd=tmp_path, code=2)["schema"] == "cnnjobs.error/1"


def test_jobs_on_two_data_sets_are_compared_over_them_or_it_is_said_why_not(tmp_path):
    for job, dataset in (("one", "digits"), ("two", "letters")):
        store = make_store(tmp_path / job, {"a": [0.9, 0.91], "b": [0.92, 0.94]}, repeats=2)
        stored = store.kept_job()
        store.write_job(
            type(stored)(
                **{
                    **vars(stored),
                    "name": job,
                    "dataset": type(stored.dataset)(**{**vars(stored.dataset), "name": dataset}),
                }
            )
        )
        (tmp_path / job / "job").rename(tmp_path / f"{job}-results")
    results = tmp_path / "results"
    results.mkdir()
    for job in ("one", "two"):
        (tmp_path / f"{job}-results").rename(results / job)
    across = asked("aggregate", "results", "--overlay", "one:a", "--overlay", "two:b", cwd=tmp_path, code=2)
    assert across["schema"] == "cnnjobs.error/1", "no curves to draw"
    across = asked("aggregate", "results", cwd=tmp_path)["across_datasets"]
    assert (across["why"], across["metric"]["column"]) == ("", "test_accuracy")
    assert set(across["tables"]) >= {"ranks", "pairs"}


def test_status_while_trials_run(tmp_path):
    store = Store(Files(tmp_path))
    store.write_job(stored_job(folds=2))
    which = {"trial_id": "t", "condition_id": "c0", "job": "job", "variant": "a", "repeat": 1, "fold": 0}
    store.commit(which | {"status": "failed", "error": "no memory", "log": "here"}, {}, None)
    told = (Running("a", 0, 1, "epoch 1 of 2", quiet_since=1.5), Running("a", 1, 0, "starting"))
    with StoreLock(Files(tmp_path), every_s=0.01) as lock:
        lock.update(told)
        until = time.monotonic() + 10
        found = asked("status", ".", cwd=tmp_path)["jobs"][0]
        while len(found["running"]) < 2 and time.monotonic() < until:
            found = asked("status", ".", cwd=tmp_path)["jobs"][0]
    assert found["running"][0] == {
        "variant": "a",
        "repeat": 0,
        "fold": 1,
        "doing": "epoch 1 of 2",
        "quiet_since": "1970-01-01T00:00:01.500Z",
    }
    assert found["failed"] == [{"variant": "a", "repeat": 1, "fold": 0, "error": "no memory", "log": "here"}]
    assert (found["submitting"], found["cut_off"], found["variants"][0]["running"]) == (True, False, 2)
    assert not asked("status", ".", cwd=tmp_path)["jobs"][0]["submitting"]


def test_a_plan_knows_what_is_stored_and_what_would_run(tmp_path):
    (tmp_path / "job.py").write_text(AUGMENTED)
    found = asked("plan", "job.py", "--no-sizes", "--only", "moved", cwd=tmp_path)
    assert (found["trials"], found["would_run"]) == (10, 5)
    assert [(one["variant"], one["missing"], one["would_run"]) for one in found["variants"]] == [
        ("plain", 5, 0),
        ("moved", 5, 5),
    ]


def test_a_data_set_that_is_not_here_yet_leaves_what_follows_from_it_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "job.py").write_text(AUGMENTED.replace('"digits"', '"mnist"'))
    found = asked("plan", "job.py", "--no-sizes", cwd=tmp_path)
    assert (found["dataset"], found["would_run"], found["variants"][0]["done"]) == (None, None, None)
    assert "not on this machine yet" in found["lines"][0]


def test_a_data_set_that_is_shown(tmp_path):
    found = asked("show", "digits", "--duplicates", "--output", "out.png", cwd=tmp_path)
    assert [(one["part"], one["images"], one["most"]) for one in found["parts"]] == [
        ("train", 1438, 255),
        ("test", 359, 255),
    ]
    assert sum(one["images"]["test"] for one in found["classes"]) == 359
    assert found["duplicates"]["pairs"] == sum(one["same"] + one["alike"] for one in found["duplicates"]["where"])
    assert all((tmp_path / name).is_file() for name in (found["pictures"], found["duplicates"]["file"]))
    assert (found["augmentation"], found["sizes"]) == (None, None)


def test_sizes_of_pictures_and_what_is_none(tmp_path):
    from PIL import Image

    for name, size in {
        "a/1": (8, 8),
        "a/2": (9, 12),
        "a/3": (8, 8),
        "b/1": (8, 8),
        "b/2": (10, 8),
        "b/3": (8, 8),
    }.items():
        path = tmp_path / "photos" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", size, len(name)).save(path)
    (tmp_path / "photos" / "a" / "notes.txt").write_text("no picture")
    found = asked("show", "photos", "--image-size", "8", cwd=tmp_path)
    assert found["sizes"] == {
        "pictures": 6,
        "looked_at": 6,
        "different": 3,
        "height": {"least": 8, "most": 12},
        "width": {"least": 8, "most": 10},
    }
    assert found["passed_over"] == {"*.txt": 1}


def test_a_fitted_model_and_numbers_that_it_has_not():
    found = whole(fit_document(FittedModel("a.keras", "a", {"test_accuracy": 0.5, "test_loss": float("nan")}, 12)))
    assert found["metrics"]["null_reasons"] == {"test_loss": "nan"}


def test_checks_of_a_machine_and_of_a_head():
    of_head = whole(doctor_document([Check("clock", "late", "Synchronise it.")]))
    found = whole(doctor_document([Check("dashboard", "there")], of_head))
    assert [(one["name"], one["wrong"], one["remedy"]) for one in found["checks"]] == [
        ("dashboard", False, None),
        ("clock", True, "Synchronise it."),
    ]
    assert found["wrong"] == 1


def test_the_jobs_of_a_cluster():
    job = {"job": "a", "status": "running", "since": utc(0.0), "identity": "cnnjobs-a-1", "results": "results/a"}
    found = whole(of_cluster(None, None, "http://127.0.0.1:8265", [job, job | {"since": None}]))
    assert found["cluster"]["jobs"][0]["since"] == "1970-01-01T00:00:00.000Z"
