"""Whether the loss of a worker process counts against its trial, and when that is given up."""

import pytest

from cnnjobs.engine.retry_policy import LOST_WORKER_RETRIES, MOST_FORGIVEN, RetryPolicy
from cnnjobs.engine.worker_loss import NODE_GONE, WorkerLoss

ACTOR = "The actor died unexpectedly before finishing this task."
NODE = f"The actor died because its {NODE_GONE}. Node Id: 0123"
MISSING = """The actor died because of an error raised in its creation task:
Traceback (most recent call last):
ModuleNotFoundError: No module named 'cnnjobs'
  The above exception was raised while a worker was made."""


@pytest.mark.parametrize(
    ("loss", "forgiven"),
    [
        (WorkerLoss(), False),
        (WorkerLoss(error=ACTOR), False),
        (WorkerLoss(error=MISSING), False),
        (WorkerLoss(retired=True), True),
        (
            WorkerLoss(
                error="The actor died because its node has died. Node Id: 1\n\tthe actor's node was preempted: "
            ),
            True,
        ),
        (WorkerLoss(node_gone=True), True),
        (WorkerLoss(error=NODE), True),
        (WorkerLoss(retired=True, error=ACTOR), True),
    ],
    ids=repr,
)
def test_what_the_trial_had_no_part_in_does_not_count_against_it(loss, forgiven):
    assert loss.is_forgiven is forgiven


CRASH, GONE, HUNG = WorkerLoss(error=ACTOR), WorkerLoss(node_gone=True), WorkerLoss(hung_s=20.0)


def test_one_crash_is_forgiven_and_a_second_is_not():
    policy = RetryPolicy()
    assert [policy.add(CRASH) for _ in range(2)] == [True, False]
    assert policy.explain(CRASH) == CRASH.explain(", twice")


def test_a_trial_that_hung_is_not_started_again():
    assert not RetryPolicy().add(WorkerLoss(hung_s=20.0))


def test_of_a_loss_that_is_not_tried_again_nobody_says_twice():
    policy = RetryPolicy()
    policy.add(HUNG)
    assert "twice" not in policy.explain(HUNG)


def test_losses_without_fault_count_neither_before_a_crash_nor_after():
    policy = RetryPolicy()
    assert [policy.add(loss) for loss in (GONE, GONE, CRASH, GONE, GONE, CRASH)] == [True] * 5 + [False]


def test_a_trial_that_gets_no_epoch_further_is_not_started_for_ever():
    policy = RetryPolicy()
    policy.got_to(7)
    policy.add(GONE)
    policy.got_to(8)
    told = []
    while len(told) < 100 and policy.add(GONE):
        told.append(policy.got_to(8))
    assert len(told) == MOST_FORGIVEN + LOST_WORKER_RETRIES
    assert f"lost {MOST_FORGIVEN} times" in policy.explain(GONE)
    assert "\n" not in policy.explain(GONE)


def test_a_trial_that_gets_on_is_forgiven_as_often_as_it_takes():
    policy = RetryPolicy()
    for epoch in range(3 * MOST_FORGIVEN):
        policy.got_to(epoch)
        assert policy.add(GONE)


def test_a_process_that_gave_up_because_of_an_earlier_trial_never_counts():
    """With many workers a trial may meet one after the other in which another trial failed."""
    policy = RetryPolicy()
    assert all(policy.add(WorkerLoss(retired=True)) for _ in range(3 * MOST_FORGIVEN))
    assert policy.add(WorkerLoss())
    assert not policy.add(WorkerLoss())
