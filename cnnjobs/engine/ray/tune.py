"""The engine on Ray Tune: schedules trials over the cores or GPUs of a machine, or of a cluster."""

import os
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.execution import class_cache
from ray.tune.progress_reporter import TrialProgressCallback
from ray.tune.result import PID

from cnnjobs.engine.base import Attempt, OnMessage, Work, Worker
from cnnjobs.engine.capture import Capture, announce_exits, take_printed
from cnnjobs.engine.deadline import Deadline
from cnnjobs.engine.pickling import Packed, packed
from cnnjobs.engine.ray.actors import use_in_tune
from cnnjobs.engine.ray.files import through_ray
from cnnjobs.engine.ray.node_copies import NodeCopies, node_copies, sendable
from cnnjobs.engine.ray.relay import (
    FULL,
    MESSAGES,
    NODE,
    RETIRES,
    VERSIONS,
    InOrder,
    Relay,
    WorkerRetired,
    printed_at,
    stacks_at,
)
from cnnjobs.engine.ray.session import Session
from cnnjobs.engine.ray.starts import NO_PLACE, Starts
from cnnjobs.engine.stall import FIRST_S
from cnnjobs.errors import NodeWithoutRoom, SpecError
from cnnjobs.messages import Failure, Message, Result, Started
from cnnjobs.planning.trials import Trial, user_functions
from cnnjobs.planning.user_modules import NO_MODULES, HeldState
from cnnjobs.process.numeric_environment import pin
from cnnjobs.process.private_folder import enter_private_folder, leave_private_folder, private_folder
from cnnjobs.process.variables import variables
from cnnjobs.versions import DECISIVE, differences, installed_versions
from cnnjobs.wording.sentences import clause

STEP_SECONDS = 1.0
"""How long one Tune step lasts: each costs Ray about 20 ms. A shorter trial is one step, where it is not the first."""

PENDING = "TUNE_MAX_PENDING_TRIALS_PG"
"""Variable with the number of trials that ask for nodes at the same time: an autoscaler sees no more."""


class _Silent(tune.ProgressReporter):
    """Reports nothing to a person: the relay tells all there is."""

    def should_report(self, trials: list[Any], done: bool = False) -> bool:
        """Never."""
        return False

    def report(self, trials: list[Any], done: bool, *sys_info: dict[str, Any]) -> None:
        """Show nothing."""


class _SilentResults(TrialProgressCallback):
    """Prints nothing of results; in its place Tune's own does, of trials without any."""

    def log_result(self, trial: Any, result: dict[str, Any], error: bool = False) -> None:
        """Print nothing."""

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Print nothing."""


class TuneRun:
    """Runs trials on a Ray by Tune.

    Args:
        session: which one; this process is connected to it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._starts: Starts | None = None
        self._ends = 0

    @property
    def over(self) -> bool:
        """Whether all trials that were to start have ended."""
        return self._starts is not None and self._ends > 0 and self._starts.all_ended(self._ends)

    def run(self, work: Work, on_message: OnMessage) -> None:
        """Run all trials on the Ray that this process is connected to."""
        order = work.starts()
        self._starts = Starts(order, work.at_once)

        def tell(trial: Trial, message: Message) -> None:
            on_message(trial, message)
            if isinstance(message, Result | Failure):
                order.freed(trial)
                self._ends += 1

        _send_no_variables()
        with tempfile.TemporaryDirectory(prefix="run-", dir=private_folder()) as folder:
            self._fit(work, self._starts, tell, folder)

    def _fit(self, work: Work, starts: Starts, on_message: OnMessage, folder: str) -> None:
        shared = self._shared(work)
        trainable = tune.with_parameters(_TrialRunner, work=shared, folder=folder, versions=installed_versions())
        resources = tune.PlacementGroupFactory([{"CPU": work.resources.cpus, "GPU": work.resources.gpus}])
        relay = Relay(work, on_message, folder)
        use_in_tune()
        tuner = tune.Tuner(
            tune.with_resources(trainable, resources),
            param_space={"trial": NO_PLACE},
            tune_config=tune.TuneConfig(
                num_samples=len(work.trials),
                reuse_actors=True,  # a worker imports TensorFlow once
                search_alg=starts,
                scheduler=InOrder(relay),
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=f"{folder}/tune",
                verbose=0,
                callbacks=[relay, _SilentResults()],
                progress_reporter=_Silent(),  # Tune's own clears the cell of a notebook, whatever it shows there
                failure_config=tune.FailureConfig(max_failures=-1),  # the relay decides
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        try:
            with variables({PENDING: str(work.at_once)}):
                tuner.fit()
        except Exception:
            if relay.error is not None:  # Tune wraps it in an error of its own
                raise relay.error from None
            raise

    def _shared(self, work: Work) -> "_Shared":
        """Return work as it goes to the workers.

        Raises:
            SpecError: if a function of the user's refers to what cannot be sent.
        """
        try:
            code = packed((work.trials, work.make_worker), work.modules, work.user_modules)
        except Exception as error:  # what cannot be pickled raises many kinds
            raise SpecError(
                f"A function of the job refers to what cannot be sent to workers ({type(error).__name__}: "
                f"{clause(str(error))}). Make it inside the function."
            ) from error
        plain = replace(
            work,
            trials=(),
            order=None,
            dataset=sendable(work.dataset),
            make_worker=_no_worker,
            modules=(),
            user_modules=NO_MODULES,
            checkpoints=self._within_reach(work),
        )
        return _Shared(plain, code, None if self._session.shares_disk else node_copies(work.dataset))

    def _within_reach(self, work: Work) -> Any:
        """Return the checkpoints in a form that every worker can use. Buckets too: workers have no keys for them."""
        kept = work.checkpoints
        return kept if kept is None or self._session.shares_disk else through_ray(kept)


@dataclass(frozen=True)
class _Shared:
    """Work as it goes to the workers.

    Args:
        plain: what has nothing of the user's code in it.
        code: trials and the maker of workers, which can only be unpacked where the user's modules can be imported.
        copies: how images that lie on the submitting machine's disk come to the worker's; None if there are none.
    """

    plain: Work
    code: Packed
    copies: NodeCopies | None = None

    def arrive(self) -> "Generator[Message, None, _Shared]":
        """Tell of the images' way to this node; return the work with where they lie on it.

        Raises:
            NodeWithoutRoom: if they do not fit.
            DamagedContent: if what comes is not what was sent.
        """
        if self.copies is None:
            return self
        dataset = yield from self.copies.arrive(self.plain.dataset)
        return _Shared(replace(self.plain, dataset=dataset), self.code)

    def unpacked(self) -> Work:
        """Return the work, in a process that is to do it.

        Raises:
            Exception: of any kind: code of the user's may run.
        """
        trials, make_worker = self.code.unpacked()
        return replace(self.plain, trials=trials, make_worker=make_worker)


def _no_worker(*_: Any) -> Worker:
    raise NotImplementedError


class _TrialRunner(tune.Trainable):
    """Runs trials in a worker process, about a second of each at a step; the process is reused."""

    _attempt: Attempt
    _held: HeldState
    _messages: Generator[Message]
    _printed: Path
    _stacks: Path

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pin()  # before the work is unpickled: a module of the user's may import Keras
        super().__init__(*arguments, **options)

    def setup(self, config: dict[str, Any], work: _Shared, folder: str, versions: dict[str, str]) -> None:
        """Take the first trial, unless this process has other software than the submitting side.

        TensorFlow and the user's modules are imported in `step`, where errors are caught.
        """
        self._shared, self._folder, self._versions = work, folder, installed_versions()
        self._work: Work | None = None
        self._refuses = bool(differences(self._versions, versions, DECISIVE))
        self._full = ""
        enter_private_folder(Path(folder).parent)
        tempfile.tempdir = str(Path(folder).parent)  # what libraries write for a while goes with the folder
        self._node = ray.get_runtime_context().get_node_id()
        self._worker: Worker | None = None
        self._retire_reason: str | None = None
        announce_exits()
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Return the messages of the next second, and whether the trial has ended."""
        if self._retire_reason:
            # here, because Tune does not try a trial again that fails in reset_config
            raise WorkerRetired(self._retire_reason)
        if self._refuses:
            return {MESSAGES: [], NODE: self._node, VERSIONS: self._versions, "done": True}
        until = time.monotonic() + STEP_SECONDS
        told: list[Message] = []
        with Capture(self._printed), self._deadline as deadline:
            deadline.restart(self._start_s())
            for message in self._messages:
                deadline.restart(self._start_s())
                told.append(message)
                if self._ends_step(message) or time.monotonic() > until:
                    break
        ended = isinstance(told[-1], Result | Failure)
        if self._full:
            return {MESSAGES: [], NODE: self._node, VERSIONS: self._versions, FULL: self._full, "done": True}
        if ended:
            self._stacks.unlink(missing_ok=True)
            told[-1] = self._with_log(told[-1])
            self._messages.close()  # now, not when the next trial begins: what the trial changed is put back
            own = self._worker.retire_reason if self._worker else None
            self._retire_reason = own or self._attempt.spoilt
        retires = self._retire_reason is not None
        return {MESSAGES: told, NODE: self._node, VERSIONS: self._versions, RETIRES: retires, "done": ended}

    def get_auto_filled_metrics(self, *_: Any, **more: Any) -> dict[str, Any]:
        """Return what Tune is told beside a step's own: the process alone. Of all it would add, it keeps statistics."""
        return {PID: os.getpid()}

    def cleanup(self) -> None:
        """Leave nothing behind."""
        leave_private_folder(Path(self._folder).parent)

    def _begin(self, config: dict[str, Any]) -> None:
        self._printed, self._stacks = (at(self._folder, config["trial"]) for at in (printed_at, stacks_at))
        self._deadline = Deadline(self._shared.plain.timeout_s, self._stacks)
        self._attempt = Attempt(partial(self._ready, config["trial"]), before=self._arriving())
        self._messages = self._attempt.messages()

    def _ends_step(self, message: Message) -> bool:
        """Say whether a step ends with a message: the end of a trial, or the first word of a new process."""
        return isinstance(message, Result | Failure) or (isinstance(message, Started) and self._worker is None)

    def _start_s(self) -> float:
        """Return how long the next step may take at least: the first imports TensorFlow, which is no trial's pace."""
        return FIRST_S if self._worker is None else 0.0

    def _arriving(self) -> Iterator[Message]:
        """Tell of the data's way to this node, for the first trial of this process."""
        try:
            self._shared = yield from self._shared.arrive()
        except NodeWithoutRoom as error:
            self._full = str(error)
            raise

    def _ready(self, trial: int) -> tuple[Worker, Trial]:
        if self._work is None:
            self._work = self._shared.unpacked()
            self._held = HeldState(user_functions(self._work.trials))
        else:
            self._held.restore()  # what the trial before has set in modules of the user's
        if self._worker is None:
            self._worker = self._work.new_worker()
            self._deadline.restart()
        return self._worker, self._work.trials[trial]

    def _with_log(self, message: Message) -> Message:
        if isinstance(message, Result | Failure):
            return replace(message, log=f"{take_printed(self._printed)}{message.log}")
        return message


def _send_no_variables() -> None:
    """Keep Tune from giving workers variables of this process.

    AWS keys among them would be in Ray's logs, and a worker that asks for variables is never one of those that Ray
    has ready. Those on this machine inherit all, those of a cluster have what `WORKERS` says.
    """
    class_cache.ENV_VARS_TO_PROPAGATE, class_cache.DEFAULT_ENV_VARS = set(), {}
