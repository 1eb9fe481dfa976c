"""Disks flip bits, copies are cut short, files are mixed up: rows are right, or the file is named."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.stores import document_of, history, predictions, stored_dataset, stored_job

import cnnjobs
from cnnjobs.cli import main
from cnnjobs.errors import StoreError
from cnnjobs.store.compaction import compact
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

TABLES = ("trials", "epochs", "predictions")
RUNS, EPOCHS, EXAMPLES = 3, 4, 40
DAMAGES = 16
"""Of each file, random ones."""


def committed(folder, *, compacted=False):
    """A store of two variants with three runs each, whose rows say how much there is of each."""
    store = Store(Files(folder))
    conditions = {"a": "c0", "b": "c1"}
    store.write_job(stored_job("job", conditions, repeats=RUNS, dataset=stored_dataset(test_rows=EXAMPLES, classes=3)))
    for index, name in enumerate(conditions):
        for run in range(RUNS):
            which = {"trial_id": f"t{index}-{run}", "condition_id": f"c{index}", "job": "job", "variant": name}
            numbers = {"test_accuracy": 0.5 + run / 10, "epochs_done": EPOCHS, "test_rows": EXAMPLES, "repeat": run}
            row = which | numbers | {"fold": 0, "status": "completed", "settings": "{}", "device": "cpu"}
            store.commit(row, history(10 * index + run, EPOCHS), predictions(10 * index + run))
    if compacted:
        compact(store, least=1)
    return store


def by_trial(table):
    rows = {}
    for row in table.to_pylist():
        rows.setdefault(row["trial_id"], []).append(row)
    return rows


def damages(content, others, count=DAMAGES):
    """Yield (what, content): the files of others, cuts, blocks of zeros, flipped bits; a third of these at the end."""
    random = np.random.default_rng(len(content))
    yield from (("another's", other) for other in others if other != content)
    for end in (0, 1, len(content) // 2, len(content) - 1):
        yield "cut short", content[:end]
    for _ in range(count):
        place = int(random.integers(len(content)))
        if random.random() < 1 / 3:
            place = int(random.integers(max(len(content) - 1000, 0), len(content)))
        flipped = content[:place] + bytes([content[place] ^ (1 << int(random.integers(8)))]) + content[place + 1 :]
        yield f"bit at {place}", flipped
        zeroed = content[:place] + bytes(min(64, len(content) - place)) + content[place + 64 :]
        if zeroed != content:
            yield f"zeros at {place}", zeroed


@pytest.mark.parametrize("compacted", [False, True], ids=["single", "compacted"])
@pytest.mark.parametrize("name", TABLES)
def test_after_any_damage_of_a_file_the_rows_are_right_or_the_file_is_named(tmp_path, name, compacted):
    """A bit flips, a block is lost, a copy is cut short, or the file of another trial or table lies under the name."""
    store = committed(tmp_path, compacted=compacted)
    right = by_trial(store.read(name).table)
    files = sorted((tmp_path / name).iterdir())
    path, whole = files[0], files[0].read_bytes()
    others = [file.read_bytes() for table in TABLES for file in sorted((tmp_path / table).iterdir())[:2]]
    count = 0
    for what, damaged in damages(whole, others):
        path.write_bytes(damaged)
        stored = Store(Files(tmp_path)).read(name)
        found = by_trial(stored.table)
        assert all(found[trial] == right[trial] for trial in found), what
        assert any(place.startswith(f"{path} (") for place in stored.damaged), what
        assert found.keys() == right.keys() - ({path.stem} if len(files) > 1 else right.keys()), what
        count += 1
    assert count > 2 * DAMAGES


def test_a_damaged_job_json_is_named_whatever_is_wrong_with_it(tmp_path):
    """One bit of job.json flips: no other number of repeats, no other name, no traceback."""
    committed(tmp_path)
    whole = (tmp_path / "job.json").read_bytes()
    right = Store(Files(tmp_path)).job
    for what, damaged in damages(whole, [b"{}", b"[]", b"\xff\xfe"], 80):
        (tmp_path / "job.json").write_bytes(damaged)
        try:
            assert Store(Files(tmp_path)).job == right, what  # a bit of a space may be another space
        except StoreError as error:
            assert f"{tmp_path}/job.json" in str(error), what


LOST = Path("/proc/self/mem")
"""A file of Linux whose first byte cannot be read: "Input/output error", as of a disk that has lost a block."""


@pytest.mark.skipif(not LOST.exists(), reason="needs Linux")
def test_a_file_of_which_the_disk_has_lost_a_block_is_named_and_the_others_are_read(tmp_path):
    """The file system answers "Input/output error" for a file of the results."""
    store = committed(tmp_path / "job")
    right = by_trial(store.read("trials").table)
    for place in ("trials/t0-1.parquet", "epochs/t1-1.parquet"):
        path = tmp_path / "job" / place
        path.unlink()
        path.symlink_to(LOST)
    stored = Store(Files(tmp_path / "job")).read("trials")
    assert by_trial(stored.table) == {trial: rows for trial, rows in right.items() if trial != "t0-1"}
    assert "Input/output error" in stored.damaged[0]
    assert {place for check in cnnjobs.verify(tmp_path).checks for place in check.damaged} == {
        "trials/t0-1.parquet",
        "epochs/t1-1.parquet",
    }
    assert cnnjobs.verify(tmp_path, repair=True).whole
    assert Store(Files(tmp_path / "job")).read("trials").table.num_rows == 2 * RUNS - 2


def run(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done


def test_damaged_files_are_named_the_others_shown_and_the_exit_code_says_so(tmp_path):
    """A block of one file is lost, so that its texts are no UTF-8: status and aggregate show all others."""
    committed(tmp_path / "job")
    for place in ("trials/t0-1", "epochs/t0-2", "predictions/t1-0"):
        path = tmp_path / "job" / f"{place}.parquet"
        path.write_bytes(path.read_bytes().replace(b"job", b"\xff\xfe\xfd"))
    told = run("status", tmp_path)
    assert told.exit_code == 1
    assert "2/3" in told.output
    assert "trials/t0-1.parquet (" in told.output
    shown = run("aggregate", tmp_path, "--no-predictions", "--curves", "loss")
    assert shown.exit_code == 1
    assert "2/3" in shown.output
    for place in ("trials/t0-1", "epochs/t0-2"):
        assert f"{place}.parquet (" in shown.output
    assert "2 files of the results are damaged" in shown.output
    found = cnnjobs.compare(cnnjobs.load_results(tmp_path))
    assert "trials/t0-1.parquet" in " ".join(found.notes["job"])
    assert any(place.startswith(f"{path} (") for place in document_of(found.stores[0]).damaged)
    with pytest.warns(UserWarning, match=r"trials/t0-1\.parquet"):
        assert len(cnnjobs.load_results(tmp_path).trials) == 5


def test_verify_says_that_all_is_whole(tmp_path):
    """Nothing is wrong: exit code 0, and nothing is written."""
    committed(tmp_path / "one", compacted=True)
    committed(tmp_path / "two")
    before = sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*"))
    for words in (("verify", tmp_path), ("verify", tmp_path / "one"), ("verify", tmp_path, "--repair")):
        done = run(*words)
        assert (done.exit_code, "all whole" in done.output) == (0, True)
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*")) == before
    assert cnnjobs.verify(tmp_path).table.empty


@pytest.mark.parametrize("compacted", [False, True], ids=["single", "compacted"])
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("lost", [False, True], ids=["damaged", "lost"])
def test_verify_repairs_by_setting_aside_what_lost_something(tmp_path, name, compacted, lost):
    """A file is damaged or gone: verify names it; after the repair its trials are missing, the others as before."""
    store = committed(tmp_path, compacted=compacted)
    right = by_trial(store.read("trials").table)
    path = sorted((tmp_path / name).iterdir())[0]
    held = {path.stem} if path.stem in right else set(right)
    if lost:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-9])
    found = cnnjobs.verify(tmp_path)
    if lost and name == "trials":
        assert found.whole, "nobody knows that there was a trial: it is missing, and runs again"
    else:
        assert not found.whole
        assert (path.name in str(found)) != lost
        assert str(found).count("NOT whole") == 1
    repaired = cnnjobs.verify(tmp_path, repair=True)
    assert repaired.whole, str(repaired)
    left = by_trial(Store(Files(tmp_path)).read("trials").table)
    assert left == {trial: rows for trial, rows in right.items() if trial not in held}
    if not lost:
        assert [place.name for place in tmp_path.rglob(f"damaged/*/{name}/*")].count(path.name) == 1
        assert path.name in next(tmp_path.rglob("damaged/*/reasons.txt")).read_text()


def test_verify_repairs_job_json_and_checkpoints(tmp_path):
    """job.json and a checkpoint are damaged: both are moved, none deleted; the job is to be submitted again."""
    store = committed(tmp_path / "job")
    store.files.below("checkpoints").write("t9-0000001.npz", b"no digest")
    path = tmp_path / "job" / "job.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"repeats": 2}))
    done = run("verify", tmp_path)
    assert done.exit_code == 1
    assert "job/job.json" in done.output
    assert "checkpoints/t9-0000001.npz" in done.output
    done = run("verify", tmp_path, "--repair")
    assert done.exit_code == 1
    assert "job.json is missing: the next submit of the job writes it" in done.output
    moved = {place.name for place in (tmp_path / "job" / "damaged").rglob("*") if place.is_file()}
    assert moved == {"job.json", "t9-0000001.npz", "reasons.txt"}
    assert len(list((tmp_path / "job" / "trials").iterdir())) == 2 * RUNS


def test_verify_names_a_damaged_model_and_leaves_it_where_it_is(tmp_path):
    """A bit of a saved model flips."""
    committed(tmp_path / "job")
    (tmp_path / "job" / "models").mkdir()
    path = tmp_path / "job" / "models" / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", bytes(range(256)))
    assert run("verify", tmp_path).exit_code == 0
    path.write_bytes(path.read_bytes().replace(b"\x20\x21\x22", b"\x20\x21\x23"))
    done = run("verify", tmp_path, "--repair")
    assert done.exit_code == 1
    assert "models/a.keras is damaged (model.weights.h5): `cnnjobs fit` makes it again" in done.output
    assert path.exists()


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_verify_of_no_results_is_an_error(tmp_path, make):
    """The path is wrong: exit code 2, not "all whole"."""
    make(tmp_path / "x")
    assert run("verify", Path(tmp_path, "x")).exit_code == 2
