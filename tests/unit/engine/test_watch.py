"""What stays wrong for some looks interrupts the main thread; where that does not help, the process is ended."""

import signal
import subprocess
import sys
import threading

import pytest

from cnnjobs.engine.watch import Watch

EVERY_S, LOOKS = 0.002, 4


class Told:
    """Is wrong as told, one look after another, then as the last time."""

    def __init__(self, *told):
        self.told, self.looks = list(told), 0
        self.enough = threading.Event()

    def __call__(self):
        self.looks += 1
        if self.looks > len(self.told) + LOOKS:
            self.enough.set()
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]


def nobody():
    raise AssertionError("the main thread was not stuck")


def watch(is_wrong, on_stuck=nobody, stuck_s=60.0):
    return Watch(is_wrong, LOOKS, on_stuck, every_s=EVERY_S, stuck_s=stuck_s)


def ended():
    """Wait for the thread that looks."""
    looking = [thread for thread in threading.enumerate() if thread.name == "watch"]
    for thread in looking:
        thread.join(5)
    return not any(thread.is_alive() for thread in looking)


def test_what_goes_wrong_interrupts_the_main_thread():
    told = Told(False, False, True)
    with pytest.raises(KeyboardInterrupt), watch(told) as one:
        threading.Event().wait(10)
    assert one.went_wrong
    assert ended()
    assert told.looks == 2 + LOOKS


def test_what_is_right_again_in_time_interrupts_nothing():
    told = Told(*([True] * (LOOKS - 1) + [False]) * 3)
    with watch(told) as one:
        assert told.enough.wait(10)
    assert ended()
    assert not one.went_wrong


def test_a_main_thread_that_reacts_is_not_stuck():
    with pytest.raises(KeyboardInterrupt), watch(Told(True)):
        threading.Event().wait(10)
    assert ended(), "and nobody was called"


def test_a_main_thread_that_does_not_react_is_stuck():
    stuck = threading.Event()
    with watch(Told(True), stuck.set, stuck_s=0.02) as one:
        while not stuck.is_set():
            try:
                stuck.wait(10)
            except KeyboardInterrupt:  # as code does that waits in a call that nothing interrupts
                continue
    assert stuck.is_set()
    assert one.went_wrong


def test_once_left_it_looks_no_longer():
    told = Told(False)
    with watch(told):
        assert told.enough.wait(10)
    assert ended()
    looks = told.looks
    assert not threading.Event().wait(5 * EVERY_S)
    assert told.looks == looks


def test_a_run_that_ended_during_the_last_look_is_not_interrupted():
    looking, go_on = threading.Event(), threading.Event()
    told = Told(True)

    def slow():
        if told.looks == LOOKS - 1:
            looking.set()
            go_on.wait(10)
        return told()

    with watch(slow) as one:
        assert looking.wait(10)
    go_on.set()
    assert ended()
    assert not one.went_wrong


def test_where_ctrl_c_is_ignored_the_process_is_stuck_at_once_but_not_killed():
    stuck = threading.Event()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with watch(Told(True), stuck.set, stuck_s=0.01):
            assert stuck.wait(10)
    finally:
        signal.signal(signal.SIGINT, before)


BLOCKED = """
import signal, threading
from cnnjobs.engine.watch import Watch

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
try:
    with Watch(lambda: True, 2, lambda: print("stuck", flush=True), every_s=0.01, stuck_s=5):
        threading.Event().wait(20)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_process_that_inherits_that_nothing_interrupts_it_is_interrupted_all_the_same():
    """As the jobs of Ray's Jobs API do."""
    done = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "interrupted\n", done.stderr
