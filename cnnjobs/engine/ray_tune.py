"""The engine on Ray Tune: schedules trials over the cores or GPUs of a machine. The only module that imports ray."""

import contextlib
import logging
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray import tune
from ray.tune.execution import class_cache
from ray.tune.search.basic_variant import BasicVariantGenerator

from cnnjobs.datasets import Dataset
from cnnjobs.engine.capture import Capture, take_printed
from cnnjobs.engine.protocol import OnMessage, Work, Worker, attempt
from cnnjobs.messages import Failure, Message, Result, Started

STEP_SECONDS = 1.0
"""How long one Tune step lasts: each costs Ray about 20 ms."""

MESSAGES = "messages"
"""Key under which messages travel in Tune's result."""

LOST_WORKER_RETRIES = 1
"""How often a trial is started again when its process is lost (its own errors are not tried again)."""


class WorkerWorn(Exception):
    """A process is not fit for another trial; Tune starts the trial again in a new one."""


class RayTuneEngine:
    """Runs trials on a local Ray that it starts and stops itself.

    Args:
        cpus: cores to give to Ray.
        gpus: GPUs to give to Ray.
        verbose: let Ray and the workers print.
    """

    def __init__(self, *, cpus: int, gpus: int, verbose: bool = False) -> None:
        self._cpus, self._gpus, self._verbose = cpus, gpus, verbose

    def run(self, work: Work, on_message: OnMessage) -> None:
        """Run all trials."""
        with self._session(work.dataset.nbytes), tempfile.TemporaryDirectory(prefix="cnnjobs-tune-") as folder:
            _pickle_by_value(work)
            self._fit(work, on_message, folder)

    def _fit(self, work: Work, on_message: OnMessage, folder: str) -> None:
        shared = replace(work, dataset=_plain(work.dataset), modules=())
        trainable = tune.with_parameters(_TrialRunner, work=shared, folder=folder)
        resources = tune.PlacementGroupFactory([{"CPU": work.slot.cpus, "GPU": work.slot.gpus}])
        relay = _Relay(work, on_message, folder)
        tuner = tune.Tuner(
            tune.with_resources(trainable, resources),
            param_space={"trial": tune.grid_search(list(range(len(work.trials))))},
            tune_config=tune.TuneConfig(
                reuse_actors=True,  # a worker imports TensorFlow once
                search_alg=BasicVariantGenerator(max_concurrent=work.at_once),
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=folder,
                verbose=0,
                callbacks=[relay],
                failure_config=tune.FailureConfig(max_failures=LOST_WORKER_RETRIES),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        try:
            tuner.fit()
        except Exception:
            if relay.error is not None:  # Tune wraps it in an error of its own
                raise relay.error from None
            raise

    @contextlib.contextmanager
    def _session(self, data_bytes: int) -> Iterator[None]:
        """Start Ray on this machine, on the loopback, without a dashboard; stop it in the end."""
        if not self._verbose:
            for name in ("ray", "ray.tune", "ray.train", "ray.data"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
        _keep_keys_out_of_logs()
        try:
            with _own_signal_handlers():
                self._start_ray(data_bytes)
            yield
        finally:
            ray.shutdown()

    def _start_ray(self, data_bytes: int) -> None:
        ray.init(
            address="local",
            num_cpus=self._cpus,
            num_gpus=self._gpus,
            object_store_memory=2 * data_bytes + (512 << 20),
            include_dashboard=False,
            log_to_driver=self._verbose,
            logging_level=logging.INFO if self._verbose else logging.CRITICAL,
            _node_ip_address="127.0.0.1",
        )


class _TrialRunner(tune.Trainable):
    """Runs trials in a worker process, about a second of each at a step; the process is reused."""

    _messages: Iterator[Message]
    _printed: Path

    def setup(self, config: dict[str, Any], work: Work, folder: str) -> None:
        """Take the first trial. TensorFlow is imported in `step`, where errors are caught."""
        self._work, self._folder = work, folder
        self._worker: Worker | None = None
        self._worn: str | None = None
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Return the messages of the next second, and whether the trial has ended."""
        if self._worn:
            raise WorkerWorn(self._worn)  # here, because Tune does not try a trial again that fails in reset_config
        until = time.monotonic() + STEP_SECONDS
        told: list[Message] = []
        with Capture(self._printed):
            for message in self._messages:
                told.append(message)
                if isinstance(message, Started | Result | Failure) or time.monotonic() > until:
                    break
        ended = isinstance(told[-1], Result | Failure)
        if ended:
            told[-1] = self._with_log(told[-1])
            self._worn = self._worker.worn if self._worker else None
        return {MESSAGES: told, "done": ended}

    def _begin(self, config: dict[str, Any]) -> None:
        self._printed = _printed_at(self._folder, config["trial"])
        self._messages = attempt(self._ready_worker, self._work.trials[config["trial"]])

    def _ready_worker(self) -> Worker:
        if self._worker is None:
            self._worker = self._work.make_worker(self._work.dataset, self._work.slot, self._work.checkpoints)
        return self._worker

    def _with_log(self, message: Message) -> Message:
        if isinstance(message, Result | Failure):
            return replace(message, log=f"{take_printed(self._printed)}{message.log}")
        return message


class _Relay(tune.Callback):
    """Passes messages on, on the submitting side; takes them out of what Tune keeps."""

    def __init__(self, work: Work, on_message: OnMessage, folder: str) -> None:
        self._work, self._on_message, self._folder = work, on_message, folder
        self.error: Exception | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Give Tune nothing to snapshot: a submit continues from the store."""
        return {}

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any) -> None:
        for message in result.pop(MESSAGES, []):
            self._tell(trial, message)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Do not count it against a trial that it was given to a worn process."""
        error = trial.get_pickled_error()
        if isinstance(error, ray.exceptions.RayTaskError) and isinstance(error.as_instanceof_cause(), WorkerWorn):
            trial.max_failures += 1

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Tell of a process that was lost."""
        printed = take_printed(_printed_at(self._folder, trial.config["trial"]))
        text = f"{printed}\n{trial.get_error() or 'no reason given'}".strip()
        summary = (
            "the worker process was lost, twice (out of memory? a crash in a library?). "
            "Try fewer at once: --max-concurrent 1"
        )
        self._tell(trial, Failure(summary, text))

    def _tell(self, trial: Any, message: Message) -> None:
        try:
            self._on_message(self._work.trials[trial.config["trial"]], message)
        except Exception as error:
            self.error = error
            raise


def _printed_at(folder: str, trial: int) -> Path:
    """Return where a trial's output goes while it runs; on this machine the relay finds it there."""
    return Path(folder, "printed", f"{trial}.log")


@contextlib.contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Put this process's handlers back in the end: `ray.init` replaces that of SIGTERM."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None:
                signal.signal(number, handler)


def _keep_keys_out_of_logs() -> None:
    """Keep Tune from copying AWS keys into what Ray writes to its logs; workers on this machine inherit them anyway."""
    class_cache.ENV_VARS_TO_PROPAGATE -= {name for name in class_cache.ENV_VARS_TO_PROPAGATE if "AWS_" in name}


def _plain(dataset: Dataset) -> Dataset:
    """Return the data set with memory maps as plain arrays, which Ray shares between processes without copies."""
    return replace(
        dataset,
        x_train=np.asarray(dataset.x_train),
        y_train=np.asarray(dataset.y_train),
        x_test=np.asarray(dataset.x_test),
        y_test=np.asarray(dataset.y_test),
    )


def _pickle_by_value(work: Work) -> None:
    """Make the user's own modules travel with the trials: worker processes cannot import them."""
    for module in work.modules:
        ray.cloudpickle.register_pickle_by_value(module)
