"""The token is a file that its owner alone may read, found as Ray finds it, and gone with the process that made it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cnnjobs.engine.token import (
    MODE,
    PATH,
    VALUE,
    close_token_file,
    cluster_token,
    find_token,
    token_file,
    write_token,
)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "auth_token"
    write_token(path, "s3cret")
    return path


@pytest.mark.usefixtures("open_umask")
def test_a_new_file_is_its_owners_alone_whatever_the_umask(tmp_path):
    write_token(tmp_path / "token", "s3cret")
    assert mode_of(tmp_path / "token") == 0o600
    assert (tmp_path / "token").read_text() == "s3cret"


def test_a_file_that_is_there_is_not_written_over(file):
    with pytest.raises(FileExistsError):
        write_token(file, "other")
    assert file.read_text() == "s3cret"


def test_a_link_that_somebody_laid_is_not_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_token(tmp_path / "link", "s3cret")
    assert not (tmp_path / "elsewhere").exists()


def test_the_environment_comes_before_the_file(file):
    assert find_token({VALUE: " of the environment\n", PATH: str(file)}) == "of the environment"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_holds_no_token(empty, file):
    assert find_token({VALUE: empty, PATH: str(file)}) == "s3cret"


def test_the_file_that_is_named_comes_before_that_of_the_home(file, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    (tmp_path / "home" / ".ray").mkdir(parents=True)
    write_token(tmp_path / "home" / ".ray" / "auth_token", "of the home")
    assert find_token({PATH: str(file)}) == "s3cret"
    assert find_token({}) == "of the home"
    assert token_file({}) == tmp_path / "home" / ".ray" / "auth_token"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_file_without_a_token_has_none(content, tmp_path):
    (tmp_path / "token").write_bytes(content)
    assert find_token({PATH: str(tmp_path / "token")}) is None


def test_without_a_file_there_is_no_token(tmp_path):
    assert find_token({PATH: str(tmp_path / "none")}) is None
    assert find_token({PATH: str(tmp_path)}) is None, "a folder"


def test_spaces_around_the_token_are_none_of_it(tmp_path):
    (tmp_path / "token").write_text("\n s3cret \n")
    assert find_token({PATH: str(tmp_path / "token")}) == "s3cret"


@pytest.mark.parametrize("rights", [0o644, 0o640, 0o604, 0o666])
def test_rights_of_others_are_taken_away(rights, file):
    file.chmod(rights)
    assert close_token_file({PATH: str(file)}) is True
    assert mode_of(file) == 0o600


def test_a_file_that_is_closed_is_left_alone(file):
    file.chmod(0o400)
    assert close_token_file({PATH: str(file)}) is False
    assert mode_of(file) == 0o400


def test_without_a_file_nothing_is_closed(tmp_path):
    assert close_token_file({PATH: str(tmp_path / "none")}) is False


def test_the_clusters_token_is_shown_only_where_there_is_one(file, monkeypatch):
    monkeypatch.delenv(VALUE, raising=False)
    monkeypatch.setenv(MODE, "to be restored")
    monkeypatch.delenv(MODE)
    monkeypatch.setenv(PATH, str(file.parent / "none"))
    with cluster_token():
        assert MODE not in os.environ
    monkeypatch.setenv(PATH, str(file))
    with cluster_token():
        assert os.environ[MODE] == "token"
    assert MODE not in os.environ


def test_who_said_whether_to_show_the_token_is_heard(file, monkeypatch):
    monkeypatch.setenv(MODE, "disabled")
    monkeypatch.setenv(PATH, str(file))
    with cluster_token():
        assert os.environ[MODE] == "disabled"
    assert os.environ[MODE] == "disabled"


OWN = f"""
import os, stat
os.umask(0)
from cnnjobs.engine.token import own_token
before = dict(os.environ)
with own_token():
    first = os.environ[{PATH!r}]
    modes = [oct(stat.S_IMODE(os.stat(path).st_mode)) for path in (os.path.dirname(first), first)]
    print(first, *modes, len(open(first).read()), os.environ[{MODE!r}], {VALUE!r} in os.environ)
assert os.environ == before, "what the person has set for clusters"
with own_token():
    assert os.environ[{PATH!r}] == first, "one a process"
"""


def test_a_token_of_its_own_is_made_used_and_removed_with_the_process(alone):
    folder = Path(alone, "t")
    folder.mkdir()
    environment = {**os.environ, VALUE: "would come first", PATH: "elsewhere", "RAY_TMPDIR": str(folder)}
    done = subprocess.run([sys.executable, "-c", OWN], env=environment, capture_output=True, text=True, check=True)
    path, *told = done.stdout.split()
    assert told == ["0o700", "0o600", "64", "token", "False"]
    assert Path(path).is_relative_to(folder)
    assert list(folder.iterdir()) == [], "nothing stays behind"
    assert "would come first" not in done.stdout + done.stderr


def test_two_processes_have_two_tokens():
    code = "from cnnjobs.engine.token import *\nwith own_token(): print(find_token())"
    command = [sys.executable, "-c", code]
    made = {subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2)}
    assert len(made) == 2
