"""What is done ahead while the last trials run."""

import threading

import pytest

from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.planning.trials import make_plan
from cnnjobs.run.meanwhile import Meanwhile
from cnnjobs.run.meter import Meter

VARIANTS = {"one": Variant(model=vgg(), optimizer=SGD(0.1), epochs=3)}


def ends_until_begun(trials, cpus, cores):
    """Return how many of the trials have ended when it is begun; None if it never is."""
    plan = make_plan(Job(name="a", dataset="digits", repeats=trials, variants=VARIANTS), "data").trials
    meter, done = Meter(plan, lambda trial: 1), threading.Event()
    ahead = Meanwhile(done.set, meter, cpus, cores)
    for ended, trial in enumerate(plan, 1):
        meter.start(trial)
        ahead.started(trial)
        meter.end(trial, failed=ended % 2 == 0)
        if ended % 2:
            ahead.finished(trial, None)
        else:
            ahead.failed(trial, None, "")
        for thread in threading.enumerate():
            if thread.name == "meanwhile":
                thread.join()
        if done.is_set():
            return ended
    return None


@pytest.mark.parametrize(("trials", "cpus", "cores", "ended"), [(4, 1, 2, 3), (4, 1, 3, 2), (4, 2, 2, 4), (3, 1, 8, 1)])
def test_it_begins_when_the_trials_that_are_left_leave_a_core_idle(trials, cpus, cores, ended):
    assert ends_until_begun(trials, cpus, cores) == ended


def test_it_is_begun_once_and_its_errors_are_dropped():
    plan = make_plan(Job(name="a", dataset="digits", repeats=2, variants=VARIANTS), "data").trials
    meter, called, begun = Meter(plan, lambda trial: 1), [], threading.Event()

    def fail():
        called.append(threading.current_thread())
        begun.set()
        raise ImportError

    ahead = Meanwhile(fail, meter, 1, 8)
    ahead.finished(plan[0], None)
    ahead.finished(plan[1], None)
    assert begun.wait(20)
    called[0].join()
    assert len(called) == 1
