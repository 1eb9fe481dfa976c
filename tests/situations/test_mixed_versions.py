"""Runs that would be trained with other versions of libraries than those that are stored."""

from dataclasses import dataclass, replace

from support.fakes import FakeWorker, run_in, submit_in
from support.isolation import alone

import cnnjobs
from cnnjobs.messages import Result
from cnnjobs.versions import DECISIVE, installed_versions

__all__ = ["alone"]


@dataclass
class _Trained(FakeWorker):
    """A worker that tells its versions, as those that train do."""

    versions = installed_versions()

    def run(self, trial):
        for message in super().run(trial):
            if isinstance(message, Result):
                told = {f"{name}_version": self.versions[name] for name in DECISIVE}
                message = replace(message, final={**message.final, **told, "numerics_version": 7})
            yield message


class _OfLastYear(_Trained):
    versions = installed_versions() | {"keras": "3.1.0", "cnnjobs": "0.1.0+of another commit"}


def worker(kind):
    return lambda dataset, resources, checkpoints: kind(dataset, resources)


def test_the_note_on_mixed_versions_comes_before_training(tmp_path, monkeypatch):
    """Keras is updated between two submits of a job; its report would compare runs of both."""
    run_in(tmp_path, worker=worker(_OfLastYear), repeats=1)
    assert "versions" not in run_in(tmp_path, worker=worker(_Trained), repeats=1).stderr, "nothing is to run"
    monkeypatch.chdir(tmp_path)
    planned = cnnjobs.plan(str(tmp_path / "job.py"), results="results", repeats=2, sizes=False)
    here = installed_versions()["keras"]
    said = f"Stored runs were made with keras 3.1.0, and those to come are made with {here}, which may cause"
    assert [said in note for note in planned.notes] == [True, False]
    done = submit_in(tmp_path, "--results", "results", worker=worker(_Trained), repeats=2)
    first, *_ = done.stderr.splitlines()
    assert said in first, "before the line that says what runs"
    assert (
        "Stored runs were made with cnnjobs 0.1.0+of another commit, and those to come are made with 0.1.0+"
        in done.stderr
    )
    assert "python" not in done.stderr
    assert not cnnjobs.plan(str(tmp_path / "job.py"), results="results", repeats=2, sizes=False).notes, "all is stored"


def test_runs_of_equal_versions_get_no_note(tmp_path):
    """A job that is submitted twice."""
    run_in(tmp_path, worker=worker(_Trained), repeats=1)
    assert "versions" not in run_in(tmp_path, worker=worker(_Trained), repeats=2).stderr


def test_what_the_trainer_computes_is_told_by_the_worker(tmp_path):
    """The number that tells trainers apart is stored of what trained, not of what submitted."""
    run_in(tmp_path, worker=worker(_Trained), repeats=1)
    assert set(cnnjobs.load_results(str(tmp_path / "results")).trials["numerics_version"]) == {7}
