"""Other people have accounts on the machine: they can neither change what is run nor have their own code run."""

import contextlib
import os
import pickle
from pathlib import Path
from types import SimpleNamespace

from support import fakes
from support.isolation import alone
from support.other_user import UID, as_other_user, base, changeable, needs_two_users

from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.datasets.storage.cache import cache_folder
from cnnjobs.datasets.storage.cached_dataset import cached
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.engine.worker_loss import WorkerLoss
from cnnjobs.messages import Failure, Result
from cnnjobs.planning.trials import make_plan
from cnnjobs.process import private_folder as module
from cnnjobs.run.backends import open_engine

__all__ = ["alone", "base"]


class Touch:
    """Touches a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


@needs_two_users
def test_while_trials_run_nothing_of_them_can_be_changed_and_afterwards_nothing_is_left(base):
    """Ray's own folders are writable by all: on a machine of several users, one of them tries every file of a run."""
    told, found = [], []
    one = Variant(model=vgg(), optimizer=SGD(0.1), epochs=1)
    variants = {"calm": one, "dies": one.but(batch_size=2)}
    trials = make_plan(Job(name="a", dataset="digits", repeats=1, variants=variants), "data").trials
    work = Work(trials, fakes.tiny_dataset(), fakes.fake_worker, TrialResources(1, 0, 1), at_once=1, modules=(fakes,))

    def look(trial, message):
        if isinstance(message, Result | Failure):
            told.append(message)
            found.extend(changeable(base))
            assert list(base.rglob("error.pkl")) or isinstance(message, Result), "Tune writes pickles there"

    with contextlib.closing(open_engine(cpus=1, gpus=0, verbose=False)) as engine:
        engine.run(work, look)
    assert [type(message) for message in told] == [Result, Failure]
    assert set(found) == {str(base)}
    assert "The actor died" in told[1].log
    module.remove_private_folder()
    assert list(base.iterdir()) == []


def test_a_pickle_in_the_place_of_a_lost_workers_error_is_never_loaded(base):
    """A Ray that others have started keeps its files where everybody can swap them; a worker of ours is lost."""
    from ray.tune.experiment import Trial

    from cnnjobs.engine.ray.relay import _last_error

    (base / "error.pkl").write_bytes(pickle.dumps(Touch(base / "run")))
    (base / "error.txt").write_text("Failure # 1 (occurred at noon)\nThe actor died because its node has died.\n")
    metadata = SimpleNamespace(pickled_error_filename="error.pkl", error_filename="error.txt")
    trial = SimpleNamespace(trial_id="a", run_metadata=metadata, error_file=str(base / "error.txt"))
    loss = WorkerLoss(error=_last_error(trial))
    assert loss.is_forgiven
    assert loss.error == "The actor died because its node has died.\n"
    assert Trial.get_pickled_error(trial) is None, "nor by Tune, which would load it in the end"
    assert not (base / "run").exists()


@needs_two_users
def test_what_another_user_says_of_a_lost_worker_is_not_heard(base):
    """The same, and the text of the error is another user's."""
    from cnnjobs.engine.ray.relay import _last_error

    assert as_other_user('echo "its node has died" > "$1"', f"{base}/error.txt") == ""
    assert (base / "error.txt").stat().st_uid == UID
    (base / "secret").write_text("its node has died")
    (base / "link.txt").symlink_to(base / "secret")
    os.mkfifo(base / "pipe.txt")
    for name in ("error.txt", "link.txt", "pipe.txt"):
        trial = SimpleNamespace(trial_id="a", run_metadata=SimpleNamespace(), error_file=str(base / name))
        assert _last_error(trial) == ""


@needs_two_users
def test_pictures_that_another_user_has_put_into_a_cache_for_all_are_not_trained_on(base, monkeypatch):
    """A laboratory keeps decoded data sets in a folder that everybody can write to; one entry is not what it says."""
    shared, theirs = base / "cache", fakes.tiny_dataset(seed=1)
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("CNNJOBS_CACHE", str(shared))
    (base / "made").mkdir()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("CNNJOBS_CACHE", str(base / "made"))
        cached("a-key", "tiny", lambda: theirs)
    (base / "made").chmod(0o755)
    assert as_other_user('cp -r "$1" "$2"', f"{base}/made/a-key", f"{shared}/a-key") == ""
    found = cached("a-key", "tiny", fakes.tiny_dataset)
    assert found.fingerprint == fakes.tiny_dataset().fingerprint != theirs.fingerprint
    assert changeable(shared) == [str(shared), *changeable(shared / "a-key")], "nothing of ours"
    assert cached("a-key", "tiny", lambda: theirs).fingerprint == found.fingerprint, "kept"


@needs_two_users
def test_a_folder_that_another_user_has_laid_for_this_ones_pictures_is_not_used(base, monkeypatch):
    """The same, and the folder of this user's own in the cache is not this user's."""
    base.chmod(0o1777)
    assert as_other_user('mkdir -m 777 "$1"', f"{base}/user-{os.geteuid()}") == ""
    monkeypatch.setenv("CNNJOBS_CACHE", str(base))
    monkeypatch.setenv("XDG_CACHE_HOME", str(base / "home"))
    assert cache_folder() == base / "home" / "cnnjobs"


def test_a_cache_that_a_group_shares_is_shared(base, monkeypatch):
    """Members of a group have agreed to."""
    (base / "cache").mkdir()
    (base / "cache").chmod(0o2775)
    monkeypatch.setenv("CNNJOBS_CACHE", str(base / "cache"))
    assert cache_folder() == base / "cache"
