"""The private folder is its user's alone, gone with its process, and swept after processes that were killed."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from support.other_user import UID, as_other_user, base, changeable, needs_two_users

from cnnjobs.errors import UserError
from cnnjobs.process import private_folder as module
from cnnjobs.process.private_folder import (
    MOST_BASE_BYTES,
    PREFIX,
    enter_private_folder,
    is_safe,
    leave_private_folder,
    others_reach,
    sweep,
)

__all__ = ["base"]


def make_old(folder):
    os.utime(folder, (time.time() - 3600,) * 2)


def run(base, code, **options):
    environment = os.environ | {"RAY_TMPDIR": str(base)}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True, **options)


HOLD = "import time; from cnnjobs.process.private_folder import *; print(private_folder(), flush=True); time.sleep(60)"


def test_it_is_one_a_process_and_its_owners_alone(base):
    before = os.umask(0)
    try:
        folder = module.private_folder()
    finally:
        os.umask(before)
    assert module.private_folder() == folder
    assert folder.parent == base
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_is_gone_with_its_process(base):
    process = run(base, "from cnnjobs.process.private_folder import *; (private_folder() / 'x').write_text('x')")
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert list(base.iterdir()) == []


def test_a_forked_process_takes_nothing_away(base):
    code = (
        "import os, sys; from cnnjobs.process.private_folder import *; folder = private_folder(); child = os.fork()\n"
        "if child == 0: sys.exit()\n"
        "os.waitpid(child, 0); print(folder.is_dir())"
    )
    assert run(base, code).communicate(timeout=30)[0].strip() == "True"


def test_what_a_killed_process_left_is_swept_by_the_next(base):
    killed = run(base, HOLD)
    left = Path(killed.stdout.readline().strip())
    (left / "ray").mkdir()
    make_old(left)
    sweep(base)
    assert left.is_dir(), "its process lives"
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    module.private_folder()
    assert not left.exists()


def test_what_has_just_been_made_is_not_swept(base):
    (base / f"{PREFIX}young").mkdir(mode=0o700)
    sweep(base)
    assert (base / f"{PREFIX}young").is_dir()


def test_what_is_open_to_others_is_not_taken_for_ours(base):
    (base / f"{PREFIX}open").mkdir()
    (base / f"{PREFIX}open").chmod(0o777)
    (base / "own").mkdir(mode=0o700)
    (base / f"{PREFIX}link").symlink_to(base / "own")
    make_old(base / f"{PREFIX}open")
    make_old(base / "own")
    sweep(base)
    assert {one.name for one in base.iterdir()} == {f"{PREFIX}open", "own", f"{PREFIX}link"}


def test_a_folder_that_something_cleared_is_made_again(base):
    first = module.private_folder()
    first.rmdir()
    assert module.private_folder().is_dir()


def test_a_folder_in_which_others_may_rename_is_not_used(base, monkeypatch):
    assert is_safe(base)
    base.chmod(0o777)  # as `mkdir` makes it where the umask is 0
    assert not is_safe(base)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(base))
    assert module.private_folder().parent in (Path("/tmp"), Path("/var/tmp"))
    module.remove_private_folder()


def test_a_folder_with_a_long_name_is_not_used_because_of_the_sockets(base, monkeypatch):
    long = base / ("x" * MOST_BASE_BYTES)
    long.mkdir(mode=0o700)
    monkeypatch.setenv("RAY_TMPDIR", str(long))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(base))
    assert module.private_folder().parent == base


@pytest.mark.parametrize("name", ["nowhere", "file", "with\0zero"])
def test_without_any_folder_the_person_is_told_to_make_one(name, base, monkeypatch):
    (base / "file").touch()
    monkeypatch.setattr(module.os, "environ", {"RAY_TMPDIR": f"{base}/{name}"})
    monkeypatch.setattr(tempfile, "gettempdir", lambda: f"{base}/{name}")
    monkeypatch.setattr(module, "is_safe", lambda folder: False)
    with pytest.raises(UserError, match=r"can hold temporary files: .* export TMPDIR=~/tmp"):
        module.private_folder()


def test_the_last_worker_of_another_machine_removes_the_folder_there(base):
    there = base / f"{PREFIX}abc"
    enter_private_folder(there)
    (there / "log").write_text("x")
    enters = "from cnnjobs.process.private_folder import *; "
    enters += f"enter_private_folder(Path({str(there)!r})); print(1, flush=True)"
    other = run(base, f"{enters}; input()", stdin=subprocess.PIPE)
    assert other.stdout.readline() == "1\n"
    leave_private_folder(there)
    assert there.is_dir(), "another worker is there"
    other.communicate("\n", timeout=30)
    enter_private_folder(there)
    leave_private_folder(there)
    assert not there.exists()


def test_whether_others_reach_a_folder_is_up_to_those_above_as_well(base, monkeypatch):
    (base / "own" / "ray").mkdir(parents=True)
    (base / "own" / "ray").chmod(0o777)
    assert others_reach(base / "own" / "ray")
    (base / "own").chmod(0o700)
    assert not others_reach(base / "own" / "ray")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert not others_reach(base)


@needs_two_users
def test_another_user_can_neither_read_nor_change_anything_in_it(base):
    folder = module.private_folder()
    (folder / "ray").mkdir()
    (folder / "ray").chmod(0o777)
    (folder / "ray" / "error.pkl").touch()
    (folder / "ray" / "error.pkl").chmod(0o666)
    assert changeable(base) == [str(base)]
    said = as_other_user('cat "$1"/ray/error.pkl; mv "$1" "$1.away"; rm -rf "$1"', str(folder))
    assert said.count("ermitted") + said.count("ermission denied") == 3
    assert (folder / "ray" / "error.pkl").exists()


@needs_two_users
@pytest.mark.parametrize("lays", ['mkdir -m 777 "$1"', 'mkdir "$1.x" && ln -s "$1.x" "$1"', 'ln -s /etc "$1"'])
def test_a_worker_does_not_use_what_another_user_has_laid_in_its_place(lays, base):
    there = base / f"{PREFIX}abc"
    assert as_other_user(lays, str(there)) == ""
    assert there.lstat().st_uid == UID
    with pytest.raises(UserError, match="another user of this machine has put it there"):
        enter_private_folder(there)


@needs_two_users
def test_a_temporary_folder_of_another_user_is_not_used(base):
    assert as_other_user('mkdir -m 755 "$1"', f"{base}/theirs") == ""
    assert not is_safe(base / "theirs")
