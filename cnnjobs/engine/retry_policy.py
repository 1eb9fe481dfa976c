"""What follows when a worker process is lost: whether it counts against the trial, and what a person is told."""

from dataclasses import dataclass

LOST_WORKER_RETRIES = 1
"""How often a trial is started again when its process is lost (its own errors are not tried again)."""

MOST_FORGIVEN = 10
"""So many losses in which a trial had no part are forgiven before it gets an epoch further; the next ones count."""

NODE_GONE = "node has died"
"""What Ray says of an actor whose node is gone before the trial has told where it runs."""


@dataclass(frozen=True)
class WorkerLoss:
    """A worker process that is no more.

    Args:
        retired: it gave up by itself, because it was not fit for another trial.
        node_gone: the node that it ran on is no longer there.
        error: what Ray says of it.
    """

    retired: bool = False
    node_gone: bool = False
    error: str = ""

    @property
    def is_forgiven(self) -> bool:
        """Whether it does not count against the trial: the trial had no part in it."""
        return self.retired or self.node_gone or NODE_GONE in self.error

    def explain(self) -> str:
        """Say it in one line, with what to try."""
        for line in reversed(self.error.splitlines()):
            if line.startswith(("ModuleNotFoundError: ", "ImportError: ")):
                return (
                    f"a worker could not be made: {line} The same packages must be installed on every node: "
                    "`cnnjobs doctor` compares them"
                )
        return (
            "the worker process was lost, twice (out of memory? a crash in a library?). "
            "Try fewer at once: --max-concurrent 1"
        )


class RetryPolicy:
    """Decides after each loss of a trial's worker whether the trial is started again."""

    def __init__(self) -> None:
        self._counted, self._forgiven, self._epoch = 0, 0, 0

    def got_to(self, epoch: int) -> None:
        """Note how many epochs the trial has finished."""
        if epoch > self._epoch:
            self._epoch, self._forgiven = epoch, 0

    def add(self, loss: WorkerLoss) -> bool:
        """Note a loss; return whether the trial is started again.

        A process that gave up by itself did so because of an earlier trial, and no new one does before it has run one.
        """
        if loss.retired:
            return True
        if loss.is_forgiven and self._forgiven < MOST_FORGIVEN:
            self._forgiven += 1
            return True
        self._counted += 1
        return self._counted <= LOST_WORKER_RETRIES

    def explain(self, last: WorkerLoss) -> str:
        """Say in one line why the trial is not started again.

        Args:
            last: the loss that was too many.
        """
        if last.is_forgiven:
            return (
                f"its worker was lost {MOST_FORGIVEN} times, through no fault that shows, without getting an epoch "
                "further. Look at the nodes: do they end when it trains? `cnnjobs doctor` trains one step on each"
            )
        return last.explain()
