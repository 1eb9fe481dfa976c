"""What follows when a worker process is lost: whether it counts against the trial, and what a person is told."""

from dataclasses import dataclass

LOST_WORKER_RETRIES = 1
"""How often a trial is started again when its process is lost (its own errors are not tried again)."""

NODE_GONE = "node has died"
"""What Ray says of an actor whose node is gone before the trial has told where it runs."""


@dataclass(frozen=True)
class Loss:
    """A worker process that is no more.

    Args:
        worn: it gave up by itself, because it was not fit for another trial.
        preempted: Ray knows that the node was taken away.
        node_gone: the node that it ran on is no longer there.
        error: what Ray says of it.
    """

    worn: bool = False
    preempted: bool = False
    node_gone: bool = False
    error: str = ""

    @property
    def is_forgiven(self) -> bool:
        """Whether it does not count against the trial: the trial had no part in it."""
        return self.worn or self.preempted or self.node_gone or NODE_GONE in self.error

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
