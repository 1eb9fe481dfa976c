"""A process of its own: what it returns, and how its end is told."""

import pytest

from cnnjobs.engine import child_process
from cnnjobs.engine.child_process import Lost, run_apart
from cnnjobs.engine.pickling import packed


def apart(*expressions, **options):
    """What each expression comes to in a process of its own, and the places of those that took long."""
    slow = []
    sent = [packed(expression, ()) for expression in expressions]
    return list(run_apart(eval, sent, lambda place, seconds: slow.append(place), **options)), slow


def test_results_come_in_order_whatever_is_printed_or_read():
    found, _ = apart("1 + 1", "print('noise')", "__import__('sys').stdin.read()", "'x' * 3")
    assert found == [2, None, "", "xxx"]


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("__import__('os')._exit(3)", "it ended its process, with exit code 3"),
        ("__import__('os').kill(__import__('os').getpid(), 9)", "its process was ended by SIGKILL (out of memory?)"),
        ("__import__('ctypes').string_at(0)", "its process was ended by SIGSEGV"),
        ("__import__('sys').exit('bye')", "SystemExit: bye"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_an_argument_whose_process_ends_has_no_result_and_the_others_have(expression, why):
    assert apart("1", expression, "2")[0] == [1, Lost(why), 2]


def test_what_hangs_is_told_and_ended_in_time(monkeypatch):
    monkeypatch.setattr(child_process, "START_S", 5.0)
    found, slow = apart("1", "__import__('time').sleep(60)", "2", slow_s=0.2, timeout_s=0.5)
    assert found == [1, Lost("it was not done after 0.5 s"), 2]
    assert 1 in slow


def test_computing_variables_are_pinned_and_gpus_left_alone(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    found, _ = apart("[__import__('os').environ[name] for name in ('KERAS_BACKEND', 'CUDA_VISIBLE_DEVICES')]")
    assert found == [["tensorflow", "-1"]]


def test_nothing_is_imported_from_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert apart("1 + 1")[0] == [2]
