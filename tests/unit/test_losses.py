"""Whether the loss of a worker process counts against its trial, and what a person is told: a table."""

import pytest

from cnnjobs.engine.losses import NODE_GONE, Loss

ACTOR = "The actor died unexpectedly before finishing this task."
NODE = f"The actor died because its {NODE_GONE}. Node Id: 0123"
MISSING = """The actor died because of an error raised in its creation task:
Traceback (most recent call last):
ModuleNotFoundError: No module named 'cnnjobs'
  The above exception was raised while a worker was made."""


@pytest.mark.parametrize(
    ("loss", "forgiven"),
    [
        (Loss(), False),
        (Loss(error=ACTOR), False),
        (Loss(error=MISSING), False),
        (Loss(worn=True), True),
        (Loss(preempted=True), True),
        (Loss(node_gone=True), True),
        (Loss(error=NODE), True),
        (Loss(worn=True, error=ACTOR), True),
    ],
    ids=repr,
)
def test_what_the_trial_had_no_part_in_does_not_count_against_it(loss, forgiven):
    assert loss.is_forgiven is forgiven


@pytest.mark.parametrize("error", ["", ACTOR])
def test_a_process_that_was_lost_twice_is_explained_with_what_to_try(error):
    told = Loss(error=error).explain()
    assert told.startswith("the worker process was lost, twice (out of memory? a crash in a library?).")
    assert "--max-concurrent 1" in told


@pytest.mark.parametrize("line", ["ModuleNotFoundError: No module named 'cnnjobs'", "ImportError: libcudnn.so.9: gone"])
def test_a_worker_that_could_not_be_made_is_explained_with_what_lacks(line):
    told = Loss(error=f"Traceback (most recent call last):\n{line}\nand more").explain()
    assert told.startswith(f"a worker could not be made: {line} The same packages must be installed on every node")
    assert "`cnnjobs doctor`" in told


def test_of_several_errors_the_last_is_told():
    error = "ImportError: first\n\nDuring handling of the above exception:\nModuleNotFoundError: second"
    assert "second" in Loss(error=error).explain()
    assert "first" not in Loss(error=error).explain()


def test_every_explanation_is_one_line():
    assert all("\n" not in Loss(error=error).explain() for error in ("", ACTOR, NODE, MISSING))
