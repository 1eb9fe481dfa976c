"""Passes messages of trials on, on the submitting side, and decides what follows when a worker is lost."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.result import PID
from ray.tune.schedulers import FIFOScheduler
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cnnjobs.engine.base import OnMessage, Work
from cnnjobs.engine.capture import take_printed
from cnnjobs.engine.own_files import read_own
from cnnjobs.engine.places import answers
from cnnjobs.engine.ray.ended import let_go
from cnnjobs.engine.retry_policy import RetryPolicy
from cnnjobs.engine.stall import StallWatch
from cnnjobs.engine.worker_loss import WorkerLoss
from cnnjobs.errors import NodeWithoutRoom, StoreError, WorkerDiffers
from cnnjobs.messages import Failure, Message, Note, Progress, Result, Stalled, Started
from cnnjobs.versions import DECISIVE, differences, installed_versions

MESSAGES, NODE, VERSIONS, FULL, RETIRES = "messages", "node", "versions", "full", "retires"
"""Keys under which messages, the node and the software they come from, why it cannot have the data, and whether the
process runs no other trial, travel."""

FETCHED_WITHIN_S = 30.0
"""What a lost process printed is given up after that."""

GRACE_S = 15.0
"""A process whose trial makes no progress ends by itself; so long after it should have, Ray is told to end it."""


MOST_BYTES = 10_000_000
"""Of what Tune writes about the losses of a trial."""


class WorkerRetired(Exception):
    """A process is not fit for another trial; Tune starts the trial again in a new one."""


RETIRED = re.compile(rf"^{__name__}\.{WorkerRetired.__name__}(:|$)", re.MULTILINE)
"""How Ray tells of that."""


class Relay(tune.Callback):
    """Passes messages on; takes them out of what Tune keeps."""

    def __init__(self, work: Work, on_message: OnMessage, folder: str) -> None:
        self._work, self._on_message, self._folder = work, on_message, folder
        self._nodes: dict[str, str] = {}
        self._pids: dict[str, int] = {}
        self._used: dict[Any, tuple[str, int]] = {}
        self._announced: set[str] = set()
        self._stalls = StallWatch()
        self._stuck: set[str] = set()
        self._retry_policies: defaultdict[str, RetryPolicy] = defaultdict(RetryPolicy)
        self._versions = installed_versions()
        self.given_up: list[Any] = []
        self.error: Exception | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Give Tune nothing to snapshot: a submit continues from the store."""
        return {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Tell at once that a process which has run others takes a trial up; a new one first says what it is."""
        process = self._used.get(trial.temporary_state.ray_actor)
        if process is None:
            return
        self._nodes[trial.trial_id], self._pids[trial.trial_id] = process
        self._announced.add(trial.trial_id)
        self._watch(trial, Started())
        self._tell(trial, Started())

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any) -> None:
        """Pass on what a trial tells."""
        self._nodes[trial.trial_id] = result.pop(NODE, "")
        self._check_versions(result.pop(VERSIONS, {"cnnjobs": "of another commit"}), trial)
        if full := result.pop(FULL, ""):
            self.error = NodeWithoutRoom(full)
            raise self.error
        self._pids[trial.trial_id] = result.get(PID, 0)
        self._note_use(trial, retires=result.pop(RETIRES, False))
        for message in result.pop(MESSAGES, []):
            if isinstance(message, Started) and trial.trial_id in self._announced:
                continue
            self._watch(trial, message)
            self._tell(trial, message)

    def _note_use(self, trial: Any, *, retires: bool) -> None:
        """Keep where a process is, as long as it may run other trials."""
        process = trial.temporary_state.ray_actor
        self._used.pop(process, None)
        if process is not None and not retires:
            self._used[process] = self._nodes[trial.trial_id], self._pids[trial.trial_id]

    def _check_versions(self, there: Mapping[str, str], trial: Any) -> None:
        """Refuse a worker whose software could give other numbers: it has not trained."""
        if others := differences(there, self._versions, DECISIVE):
            own = ", ".join(f"{name} {self._versions[name]}" for name in DECISIVE)
            host = next(
                (n["NodeManagerHostname"] for n in ray.nodes() if n["NodeID"] == self._nodes[trial.trial_id]), "?"
            )
            self.error = WorkerDiffers(
                f"A worker on {host} has {', '.join(others)}, and this process has {own}. Results depend on these "
                "versions, so the worker trains nothing. Install the same versions there and here (`cnnjobs doctor` "
                "compares them), or, if files of this package were edited meanwhile, start again."
            )
            raise self.error

    def on_step_end(self, iteration: int, trials: list[Any], **_: Any) -> None:
        """Tell of trials that make no progress; end those that should have ended themselves. Some ten times a second.

        A process that is stopped, or waits for a disk that is gone, does not.
        """
        let_go(trials)
        silent = self._stalls.silent()
        timeout_s = self._work.timeout_s
        late = set() if timeout_s is None else {*self._stalls.silent_for(timeout_s + GRACE_S)} - self._stuck
        if not silent and not late:
            return
        for trial in trials:
            if trial.trial_id in silent:
                self._tell(trial, Stalled(silent[trial.trial_id], timeout_s))
            if trial.trial_id in late and trial.temporary_state.ray_actor is not None:
                self._stuck.add(trial.trial_id)
                ray.kill(trial.temporary_state.ray_actor)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Let a trial whose worker was lost start again, or give it up. Tune itself would try for ever."""
        stacks = self._stacks_of(trial)
        loss = self._loss_of(trial, stacks)
        if not self._retry_policies[trial.trial_id].add(loss):
            self._give_up(trial, loss, stacks)
            self.given_up.append(trial)
        elif not loss.retired:
            self._tell(trial, Note(f"{loss.what}; {self._goes_on(trial)}"))
        self._forget(trial)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Tell of a trial that Tune does not start again."""
        stacks = self._stacks_of(trial)
        self._give_up(trial, self._loss_of(trial, stacks), stacks)
        self._forget(trial)

    def _watch(self, trial: Any, message: Message) -> None:
        """Take in what a message says of the trial's pace."""
        if isinstance(message, Started):
            self._stalls.start(trial.trial_id, self._work.trials[trial.config["trial"]].condition_id)
        elif isinstance(message, Progress):
            self._retry_policies[trial.trial_id].got_to(message.epoch)
            self._stalls.hear(trial.trial_id)
        elif isinstance(message, Note):
            self._stalls.hear(trial.trial_id, begun=False)
        elif isinstance(message, Result | Failure):
            self._stalls.hear(trial.trial_id)
            self._forget(trial)
            self._retry_policies.pop(trial.trial_id, None)

    def _forget(self, trial: Any) -> None:
        """Forget the process that a trial had."""
        self._nodes.pop(trial.trial_id, None)
        self._pids.pop(trial.trial_id, None)
        self._announced.discard(trial.trial_id)
        self._stalls.end(trial.trial_id)

    def _give_up(self, trial: Any, loss: WorkerLoss, stacks: str) -> None:
        printed = self._left_by(trial, printed_at(self._folder, trial.config["trial"]))
        said = self._retry_policies[trial.trial_id].explain(loss, printed, stacks)
        parts = (printed, stacks, loss.error or "no reason given")
        self._tell(trial, Failure(said, "\n".join(part for part in parts if part).strip()))

    def _goes_on(self, trial: Any) -> str:
        """Say from where a trial goes on in another process."""
        checkpoints = self._work.checkpoints
        try:
            trial_id = self._work.trials[trial.config["trial"]].trial_id
            epoch = 0 if checkpoints is None else checkpoints.newest_epoch(trial_id)
        except StoreError:
            return "it goes on from its last checkpoint"
        return f"it goes on from epoch {epoch}, its last checkpoint" if epoch else "it starts again from the beginning"

    def _loss_of(self, trial: Any, stacks: str) -> WorkerLoss:
        error, node = _last_error(trial), self._nodes.get(trial.trial_id)
        hung = bool(stacks) or trial.trial_id in self._stuck
        return WorkerLoss(
            retired=RETIRED.search(error) is not None,
            node_gone=node is not None and not _is_there(node),
            error=error,
            pid=self._pids.get(trial.trial_id),
            hung_s=self._work.timeout_s if hung else None,
        )

    def _stacks_of(self, trial: Any) -> str:
        """Return what a process wrote that ended because its trial made no progress; empty if it did not."""
        if self._work.timeout_s is None:
            return ""
        return self._left_by(trial, stacks_at(self._folder, trial.config["trial"]))

    def _left_by(self, trial: Any, path: Path) -> str:
        """Return what a lost process wrote, from the machine that it ran on; nothing if that is gone as well."""
        node = self._nodes.get(trial.trial_id)
        if node is None or node == ray.get_runtime_context().get_node_id() or not _is_there(node):
            return take_printed(path)
        there = NodeAffinitySchedulingStrategy(node, soft=False)
        task: Any = ray.remote(num_cpus=0, max_retries=0)(take_printed)
        try:
            text: str = ray.get(task.options(scheduling_strategy=there).remote(path), timeout=FETCHED_WITHIN_S)
        except Exception:  # the node is going, most likely: the failure is told all the same
            return ""
        return text

    def _tell(self, trial: Any, message: Message) -> None:
        try:
            self._on_message(self._work.trials[trial.config["trial"]], message)
        except Exception as error:
            self.error = error
            raise


class InOrder(FIFOScheduler):
    """Starts trials in their order; ends those that the relay has given up, which wait to be started again."""

    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self._relay = relay

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        """Return the next trial."""
        while self._relay.given_up:
            tune_controller.stop_trial(self._relay.given_up.pop())
        return super().choose_trial_to_run(tune_controller)


def _last_error(trial: Any) -> str:
    """Return what Ray says of the last loss; Tune writes one below the other.

    Tune writes the error as a pickle as well, which it would load in the end: never from Ray's folders, where other
    users may have put another one. From Tune's own folder here: where results go it is copied much later.
    """
    trial.run_metadata.pickled_error_filename = None
    written = read_own(Path(trial.error_file), MOST_BYTES) if trial.error_file is not None else None
    text = (written or b"").decode("utf-8", "replace")
    return re.split(r"^Failure # \d+ \(occurred at .*\)\n", text, flags=re.M)[-1]


def printed_at(folder: str, trial: int) -> Path:
    """Return where a trial's output goes while it runs, on whatever machine."""
    return Path(folder, "logs", f"{trial}.log")


def stacks_at(folder: str, trial: int) -> Path:
    """Return where a process that makes no progress writes what it is doing."""
    return Path(folder, "logs", f"{trial}.stacks")


def _is_there(node: str) -> bool:
    """Say whether a node still answers: until Ray counts it as dead, half a minute passes."""
    entry = next((entry for entry in ray.nodes() if entry["NodeID"] == node and entry["Alive"]), None)
    return entry is not None and answers(entry["NodeManagerAddress"], entry["NodeManagerPort"])
