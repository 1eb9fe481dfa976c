"""When the head no longer answers, the main thread is interrupted; where that does not help, the process is ended."""

import signal
import threading

import pytest

from cnnjobs.engine.lifeline import MISSES, Lifeline

EVERY_S = 0.002


class Head:
    """Answers as told, one look after another, then as the last time."""

    def __init__(self, *told):
        self.told, self.looks = list(told), 0
        self.enough = threading.Event()

    def __call__(self, host, port):
        assert (host, port) == ("head", 6379)
        self.looks += 1
        if self.looks > len(self.told) + MISSES:
            self.enough.set()
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]


def nobody():
    raise AssertionError("the main thread was not stuck")


def lifeline(head, on_stuck=nobody, stuck_s=60.0):
    return Lifeline("head", 6379, on_stuck, every_s=EVERY_S, stuck_s=stuck_s, there=head)


def ended(one):
    """Wait for its thread."""
    one._thread.join(5)
    return not one._thread.is_alive()


def test_a_head_that_no_longer_answers_interrupts_the_main_thread():
    head = Head(True, True, False)
    with pytest.raises(KeyboardInterrupt), lifeline(head) as one:
        threading.Event().wait(10)
    assert one.lost
    assert ended(one)
    assert head.looks == 2 + MISSES


def test_a_head_that_answers_again_in_time_interrupts_nothing():
    head = Head(*([False] * (MISSES - 1) + [True]) * 3)
    with lifeline(head) as one:
        assert head.enough.wait(10)
    assert ended(one)
    assert not one.lost


def test_a_main_thread_that_reacts_is_not_stuck():
    with pytest.raises(KeyboardInterrupt), lifeline(Head(False)) as one:
        threading.Event().wait(10)
    assert ended(one), "and nobody was called"


def test_a_main_thread_that_does_not_react_is_stuck():
    stuck = threading.Event()
    with lifeline(Head(False), stuck.set, stuck_s=0.02) as one:
        while not stuck.is_set():
            try:
                stuck.wait(10)
            except KeyboardInterrupt:  # as code does that waits in a call that nothing interrupts
                continue
    assert stuck.is_set()
    assert one.lost


def test_once_left_it_looks_no_longer():
    head = Head(True)
    with lifeline(head) as one:
        assert head.enough.wait(10)
    assert ended(one)
    looks = head.looks
    assert not threading.Event().wait(5 * EVERY_S)
    assert head.looks == looks


def test_a_run_that_ended_during_the_last_look_is_not_interrupted():
    looking, go_on = threading.Event(), threading.Event()
    head = Head(False)

    def slow(host, port):
        if head.looks == MISSES - 1:
            looking.set()
            go_on.wait(10)
        return head(host, port)

    with lifeline(slow) as one:
        assert looking.wait(10)
    go_on.set()
    assert ended(one)
    assert not one.lost


def test_where_ctrl_c_is_ignored_the_process_is_stuck_at_once_but_not_killed():
    stuck = threading.Event()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with lifeline(Head(False), stuck.set, stuck_s=0.01):
            assert stuck.wait(10)
    finally:
        signal.signal(signal.SIGINT, before)
