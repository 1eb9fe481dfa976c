"""The backends, TensorFlow and Ray, each imported on first use only."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset
from cnnjobs.engine.base import Engine, TrialResources, Worker
from cnnjobs.engine.child_process import Lost, run_apart
from cnnjobs.engine.environment import prepared_environment
from cnnjobs.engine.pickling import Packed
from cnnjobs.engine.places import Joined
from cnnjobs.errors import CnnjobsError, UserError
from cnnjobs.planning.trials import Trial
from cnnjobs.process.numeric_environment import pin
from cnnjobs.process.process_state import ProcessState
from cnnjobs.process.quick_imports import quick_imports
from cnnjobs.spec import DatasetSpec
from cnnjobs.store.checkpoints import Checkpoints

if TYPE_CHECKING:
    from cnnjobs.engine.ray.session import JoinedRay, LocalRay
    from cnnjobs.models.network_facts import NetworkFacts, NetworkRequest, Unusable
    from cnnjobs.training.model_file import ModelFile
    from cnnjobs.training.trial import TrialWorker

UNUSED = (
    "keras.wrappers", "keras.visualization", "keras.src.visualization",  # scikit-learn with SciPy, and Matplotlib
    "tensorflow._api.v2.compat", "tensorflow._api.v2.lite",  # TensorFlow 1, and the converter to TensorFlow Lite
)  # fmt: skip
"""Modules that TensorFlow and Keras import and trials do not use: a quarter of the time that importing takes."""

Preview = Callable[[Dataset, Trial, int, int], tuple[NDArray[np.int64], NDArray[np.generic], list[list[str]]]]


def open_engine(
    *, cpus: int, gpus: int, verbose: bool, at_once: int = 0, on_stuck: Callable[[CnnjobsError], None] | None = None
) -> Engine:
    """Return the engine on a Ray that it starts on this machine; importing Ray takes half a second.

    Args:
        cpus: cores to give to Ray.
        gpus: GPUs to give to it.
        verbose: let Ray and the workers print.
        at_once: so many workers are started with it, and every worker imports TensorFlow when it starts; 0 for none
            of that.
        on_stuck: is to end the process when Ray was ended from outside and the main thread waits for it; None for
            just that.
    """
    with prepared_environment():
        from cnnjobs.engine.ray.engine import RayEngine
        from cnnjobs.engine.ray.session import LocalRay

    imports = ("cnnjobs.run.worker_imports",) if at_once else ()
    session = LocalRay(cpus=cpus, gpus=gpus, verbose=verbose, workers=at_once, imports=imports)
    if on_stuck is not None:
        session.on_stuck = on_stuck
    return RayEngine(session)


def open_local_ray(*, cpus: int, gpus: int) -> "LocalRay":
    """Return a Ray that can be started on this machine."""
    with prepared_environment():
        from cnnjobs.engine.ray.session import LocalRay

    return LocalRay(cpus=cpus, gpus=gpus)


def open_cluster(place: Joined, *, insecure: bool, verbose: bool) -> "JoinedRay":
    """Join a running cluster.

    Raises:
        ClusterError: if it cannot be joined.
    """
    with prepared_environment(joining=True):
        from cnnjobs.engine.ray.session import JoinedRay

    return JoinedRay(place, insecure=insecure, verbose=verbose)


def open_engine_on(session: "JoinedRay") -> Engine:
    """Return the engine on a cluster that was joined."""
    from cnnjobs.engine.ray.engine import RayEngine

    return RayEngine(session)


def open_worker(dataset: Dataset, resources: TrialResources, checkpoints: Checkpoints | None) -> Worker:
    """Return a worker for this process; importing TensorFlow takes 4 to 13 s."""
    return _trial_worker(dataset, resources, checkpoints)


def _trial_worker(dataset: Dataset, resources: TrialResources, checkpoints: Checkpoints | None) -> "TrialWorker":
    _prepare_tensorflow()
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(
        dataset, cpus=resources.cpus, gpus=resources.gpus, replicas=resources.replicas, checkpoints=checkpoints
    )


def open_final_fit_worker(
    dataset: Dataset, resources: TrialResources, checkpoints: Checkpoints | None, *, source: DatasetSpec, settings: Any
) -> Worker:
    """Return a worker for this process whose results carry the trained network.

    Args:
        dataset: what it trains on.
        resources: what it runs on.
        checkpoints: where trials under way are kept.
        source: what the data set was loaded from, for the model file.
        settings: of the variant as JSON, for the model file: told here, because the sources of its functions and
            its weights file lie where the job was read.
    """
    worker = _trial_worker(dataset, resources, checkpoints)
    from cnnjobs.training.final_fit import FinalFitWorker

    return FinalFitWorker(worker, source, settings)


def open_health_check() -> Callable[[int], Mapping[str, Any]]:
    """Return what looks at the machine it runs on; only there it imports TensorFlow."""
    return _check_health


def _check_health(gpus: int) -> Mapping[str, Any]:
    _prepare_tensorflow()
    from cnnjobs.training.health_checks import check_health

    return check_health(gpus)


def open_model(path: str) -> "ModelFile":
    """Return the network in a model file, to predict with in this process.

    Raises:
        ModelError: if it is none, or cannot be loaded.
    """
    _prepare_tensorflow()
    from cnnjobs.training.model_file import ModelFile

    return ModelFile(path)


def look_at_networks(
    requests: Sequence[Packed], on_slow: Callable[[int, float], None], *, timeout_s: float | None = None
) -> Iterator["NetworkFacts | Unusable | Lost"]:
    """Return what there is to say of each network; only the process that looks at them imports TensorFlow.

    Args:
        requests: each a `NetworkRequest`, packed.
        on_slow: is told which of them, from 0, takes long, and for how many seconds.
        timeout_s: seconds that one may take; None for any.
    """
    return run_apart(_look_at, requests, on_slow, timeout_s=timeout_s)


def _look_at(request: "NetworkRequest") -> "NetworkFacts | Unusable":
    with quick_imports(UNUSED):
        from cnnjobs.training.devices import make_strategy
        from cnnjobs.training.network_probe import look_at

    strategy = make_strategy(os.cpu_count() or 1, 0, request.replicas)
    state = ProcessState.now()  # with what libraries have set that were imported for it
    try:
        return look_at(request, strategy)
    finally:
        state.restore()


def open_preview() -> Preview:
    """Return a function from (data set, trial, rows, epochs) to those rows, their augmented versions and mixes."""
    _prepare_tensorflow()
    from cnnjobs.training.keras_settings import settings_pinned
    from cnnjobs.training.preview import epoch_versions

    return settings_pinned()(epoch_versions)


def import_for_trials() -> None:
    """Import what trains trials; a worker does so before it has one."""
    _prepare_tensorflow()
    import cnnjobs.training.trial  # noqa: F401


def _prepare_tensorflow() -> None:
    """Import TensorFlow with pinned settings, and keep its messages off the terminal.

    Raises:
        UserError: if this process has imported Keras with another backend, which cannot be changed.
    """
    if os.environ.get("MPLBACKEND"):
        import_matplotlib()  # now, while the variable is there for what a notebook draws
    pin()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    imported: Any = sys.modules.get("keras")
    backend = imported.config.backend() if hasattr(imported, "config") else "tensorflow"
    if backend != "tensorflow":
        raise UserError(
            f"This process has imported Keras with the backend {backend!r}, and cnnjobs builds networks with that of "
            "TensorFlow. Restart Python, and set KERAS_BACKEND=tensorflow, or nothing, before Keras is imported."
        )
    with quick_imports(UNUSED):
        import cnnjobs.training.devices  # noqa: F401


def import_matplotlib() -> None:
    """Import Matplotlib, which Keras does as well, so that a backend that is none in MPLBACKEND is no matter.

    Raises:
        UserError: for a `matplotlibrc` that is no text.
    """
    import cnnjobs.report.figures  # noqa: F401
