"""What follows when a worker process is lost: whether it counts against the trial, and when that is given up."""

from cnnjobs.engine.worker_loss import WorkerLoss

LOST_WORKER_RETRIES = 1
"""How often a trial is started again when its process is lost (its own errors are not tried again)."""

MOST_FORGIVEN = 10
"""So many losses in which a trial had no part are forgiven before it gets an epoch further; the next ones count."""


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
        if loss.is_final:
            return False
        if loss.retired:
            return True
        if loss.is_forgiven and self._forgiven < MOST_FORGIVEN:
            self._forgiven += 1
            return True
        self._counted += 1
        return self._counted <= LOST_WORKER_RETRIES

    def explain(self, last: WorkerLoss, printed: str = "", stacks: str = "") -> str:
        """Say in one line why the trial is not started again.

        Args:
            last: the loss that was too many.
            printed: what its processes printed.
            stacks: what the last one was doing when it was ended.
        """
        if last.was_outgrown:
            return last.explain(f", {MOST_FORGIVEN} times")
        if last.is_forgiven and not last.is_final:
            return (
                f"its worker was lost {MOST_FORGIVEN} times, for no visible reason, without completing another epoch. "
                "Check whether the nodes go down when it trains: `cnnjobs doctor` trains one step on each"
            )
        return last.explain(", twice" if self._counted > LOST_WORKER_RETRIES else "", printed, stacks)
