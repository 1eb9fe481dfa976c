"""What is known of a worker process that is no more, and what a person is told of it."""

import re
from dataclasses import dataclass

from cnnjobs.engine.stacks import where_dumped

NODE_GONE = "node has died"
"""What Ray says of an actor whose node is gone before the trial has told where it runs."""

IN_CREATION = "raised in its creation task"
"""What Ray says of an actor that raised while it was made."""

NODES_MEMORY = re.compile(r"Memory on the node .* was (?P<used>[\d.]+)GB used / (?P<limit>[\d.]+)GB limit")
"""What Ray's memory monitor says of the machine when it ends a process there (Ray 2.60)."""

PROCESS_MEMORY = re.compile(r"pid=(?P<pid>\d+), .*?memory used=(?P<used>[\d.]+)GB")
"""And of each process that it ends."""

LARGEST = re.compile(r"^(?P<pid>\d+)\t(?P<used>[\d.]+)\tray::(?!IDLE)", re.M)
"""And of Ray's workers among the largest processes of the machine."""

CRASHED = re.compile(r"^Fatal Python error: (?P<what>.+)$", re.M)
"""What `faulthandler`, which Ray switches on in workers, writes at the end of a process that crashes."""

LEFT = re.compile(r"^(?P<what>os\._exit\(.*\) was called in .+)$", re.M)
"""What a worker writes when the code of a trial ends its process."""

RAISED = re.compile(
    r"^(?P<what>(?!ray\.|ActorDied|ActorUnavailable|RayActor)[\w.]+(?:Error|Exception|Exit|Interrupt)\b.*)$"
)
"""How lines begin with which a traceback ends; not one of Ray's own about a process that is no more."""

LESS_MEMORY = "A smaller `batch_size` or network takes less; so do fewer trials at once (--max-concurrent 1)"


@dataclass(frozen=True)
class WorkerLoss:
    """A worker process that is no more.

    Args:
        retired: it gave up by itself, because it was not fit for another trial.
        node_gone: the node that it ran on is no longer there.
        error: what Ray says of it.
        pid: its process; None if it was lost before it told.
        hung_s: it was ended because it had made no progress for so many seconds; None if it was not.
    """

    retired: bool = False
    node_gone: bool = False
    error: str = ""
    pid: int | None = None
    hung_s: float | None = None

    @property
    def is_forgiven(self) -> bool:
        """Whether it does not count against the trial: the trial had no part in it."""
        return self.retired or self.is_with_node or self.was_outgrown

    @property
    def is_with_node(self) -> bool:
        """Whether the machine that it ran on is gone, or was taken away."""
        return self.node_gone or NODE_GONE in self.error

    @property
    def what(self) -> str:
        """What happened, in a few words."""
        if self.is_with_node:
            return "its machine is gone"
        if self.was_outgrown:
            return "its worker process was ended for lack of memory, of which another one had more"
        return "its worker process was lost"

    @property
    def was_outgrown(self) -> bool:
        """Whether it was ended for want of memory while another worker had more: Ray ends the newest first."""
        own = self._ended_for_memory().get(self.pid or 0)
        others = [float(one["used"]) for one in LARGEST.finditer(self.error) if int(one["pid"]) != self.pid]
        return own is not None and any(used > float(own) for used in others)

    @property
    def is_final(self) -> bool:
        """Whether the trial is not started again: it would take as long, and hang again."""
        return self.hung_s is not None

    def explain(self, often: str = "", printed: str = "", stacks: str = "") -> str:
        """Say it in one line, with what to try.

        Args:
            often: how often it happened, as in ", twice".
            printed: what the process printed last.
            stacks: what its threads were doing when it was ended, as `faulthandler` writes it.
        """
        if self.hung_s is not None:
            place = where_dumped(stacks, through="step")
            return f"no progress for {self.hung_s:g} s, the trial timeout" + (f"; it was in {place}" if place else "")
        memory = self._memory()
        if memory:
            return f"out of memory{often}: {memory}. {LESS_MEMORY}"
        if raised := self._raised():
            return raised
        if left := [*LEFT.finditer(printed)]:
            return f"the code of the trial ended its process{often}: {left[-1]['what']}"
        if crashes := [*CRASHED.finditer(printed)]:
            place = where_dumped(printed[crashes[-1].start() :])
            return f"the worker process crashed{often}: {crashes[-1]['what']}" + (f", in {place}" if place else "")
        return (
            f"the worker process was ended from outside{often} without a message, most likely by the system for lack "
            f"of memory. {LESS_MEMORY}"
        )

    def _raised(self) -> str:
        """Say what was raised in the worker outside of its trial: while it was made, or when it told; else nothing."""
        raised = [line for line in self.error.splitlines() if RAISED.match(line)]
        if not raised:
            return ""
        if raised[-1].startswith(("ModuleNotFoundError: ", "ImportError: ")):
            return (
                f"a worker could not be made: {raised[-1]} The same packages must be installed on every node: "
                "`cnnjobs doctor` compares them"
            )
        what = "could not be made" if IN_CREATION in self.error else "failed"
        return f"a worker {what}: {raised[-1]}"

    def _memory(self) -> str:
        """Return what there was of memory when Ray ended the process to save the machine; empty if it did not."""
        found = NODES_MEMORY.search(self.error)
        if found is None:
            return ""
        ended = self._ended_for_memory()
        own = ended.get(self.pid or 0) or (next(iter(ended.values())) if len(ended) == 1 else None)
        had = "" if own is None else f" with {own} GB"
        return (
            f"Ray ended the worker process{had} when {found['used']} of the {found['limit']} GB of its machine were in "
            "use"
        )

    def _ended_for_memory(self) -> dict[int, str]:
        """Return the processes that Ray ended at that moment, with the GB that each had."""
        return {int(one["pid"]): one["used"] for one in PROCESS_MEMORY.finditer(self.error)}
