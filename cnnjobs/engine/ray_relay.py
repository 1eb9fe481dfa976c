"""Passes messages of trials on, on the submitting side, and decides what follows when a worker is lost."""

from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cnnjobs.engine.capture import take_printed
from cnnjobs.engine.losses import Loss
from cnnjobs.engine.places import answers
from cnnjobs.engine.protocol import OnMessage, Work
from cnnjobs.messages import Failure, Message

MESSAGES, NODE = "messages", "node"
"""Keys under which messages, and the node they come from, travel in Tune's result."""

FETCHED_WITHIN_S = 30.0
"""What a lost process printed is given up after that."""


class WorkerWorn(Exception):
    """A process is not fit for another trial; Tune starts the trial again in a new one."""


class Relay(tune.Callback):
    """Passes messages on; takes them out of what Tune keeps."""

    def __init__(self, work: Work, on_message: OnMessage, folder: str) -> None:
        self._work, self._on_message, self._folder = work, on_message, folder
        self._nodes: dict[str, str] = {}
        self.error: Exception | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Give Tune nothing to snapshot: a submit continues from the store."""
        return {}

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any) -> None:
        """Pass on what a trial tells."""
        self._nodes[trial.trial_id] = result.pop(NODE, "")
        for message in result.pop(MESSAGES, []):
            self._tell(trial, message)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Do not count a loss against a trial that had no part in it."""
        if self._loss_of(trial).is_forgiven:
            trial.max_failures += 1

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Tell of a process that was lost for good."""
        loss = self._loss_of(trial)
        printed = self._printed_by(trial)
        self._tell(trial, Failure(loss.explain(), f"{printed}\n{loss.error or 'no reason given'}".strip()))

    def _loss_of(self, trial: Any) -> Loss:
        error, node = trial.get_pickled_error(), self._nodes.get(trial.trial_id)
        cause = error.as_instanceof_cause() if isinstance(error, ray.exceptions.RayTaskError) else error
        return Loss(
            worn=isinstance(cause, WorkerWorn),
            preempted=bool(getattr(cause, "preempted", False)),
            node_gone=node is not None and not _is_there(node),
            error=str(trial.get_error() or ""),
        )

    def _printed_by(self, trial: Any) -> str:
        """Return what a lost process printed, from the machine that it ran on; nothing if that is gone as well."""
        path, node = printed_at(self._folder, trial.config["trial"]), self._nodes.get(trial.trial_id)
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


def printed_at(folder: str, trial: int) -> Path:
    """Return where a trial's output goes while it runs: beside the folder, which other machines do not have."""
    return Path(f"{folder}-{trial}.log")


def _is_there(node: str) -> bool:
    """Say whether a node still answers: until Ray counts it as dead, half a minute passes."""
    found = next((one for one in ray.nodes() if one["NodeID"] == node and one["Alive"]), None)
    return found is not None and answers(found["NodeManagerAddress"], found["NodeManagerPort"])
