"""The backends, TensorFlow and Ray, each imported on first use only."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset
from cnnjobs.engine.base import Engine, TrialResources, Worker
from cnnjobs.engine.environment import prepare_environment
from cnnjobs.engine.places import Joined
from cnnjobs.planning.trials import Trial
from cnnjobs.spec import DatasetSpec, Variant
from cnnjobs.store.checkpoints import Checkpoints

if TYPE_CHECKING:
    from cnnjobs.engine.ray.session import JoinedRay, LocalRay
    from cnnjobs.models.networks import NetworkFacts
    from cnnjobs.training.model_file import ModelFile
    from cnnjobs.training.trial import TrialWorker

Preview = Callable[[Dataset, Trial, int, int], tuple[NDArray[np.int64], NDArray[np.generic]]]


def open_engine(*, cpus: int, gpus: int, verbose: bool) -> Engine:
    """Return the engine on a Ray that it starts on this machine; importing Ray takes 3 to 7 s."""
    prepare_environment()
    from cnnjobs.engine.ray.session import LocalRay
    from cnnjobs.engine.ray.tune import RayTuneEngine

    return RayTuneEngine(LocalRay(cpus=cpus, gpus=gpus, verbose=verbose))


def open_local_ray(*, cpus: int, gpus: int) -> "LocalRay":
    """Return a Ray that can be started on this machine."""
    prepare_environment()
    from cnnjobs.engine.ray.session import LocalRay

    return LocalRay(cpus=cpus, gpus=gpus)


def open_cluster(place: Joined, *, insecure: bool, verbose: bool) -> "JoinedRay":
    """Join a running cluster.

    Raises:
        ClusterError: if it cannot be joined.
    """
    prepare_environment(joining=True)
    from cnnjobs.engine.ray.session import JoinedRay

    return JoinedRay(place, insecure=insecure, verbose=verbose)


def open_engine_on(session: "JoinedRay") -> Engine:
    """Return the engine on a cluster that was joined."""
    from cnnjobs.engine.ray.tune import RayTuneEngine

    return RayTuneEngine(session)


def open_worker(dataset: Dataset, resources: TrialResources, checkpoints: Checkpoints | None) -> Worker:
    """Return a worker for this process; importing TensorFlow takes 4 to 13 s."""
    return _trial_worker(dataset, resources, checkpoints)


def _trial_worker(dataset: Dataset, resources: TrialResources, checkpoints: Checkpoints | None) -> "TrialWorker":
    _quieten_tensorflow()
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
    _quieten_tensorflow()
    from cnnjobs.training.health_checks import check_health

    return check_health(gpus)


def open_model(path: str) -> "ModelFile":
    """Return the network in a model file, to predict with in this process.

    Raises:
        ModelError: if it is none, or cannot be loaded.
    """
    _quieten_tensorflow()
    from cnnjobs.training.model_file import ModelFile

    return ModelFile(path)


def open_describer() -> "Callable[[Variant, tuple[int, int, int], int], NetworkFacts]":
    """Return a function from (variant, image shape, classes) to what there is to say of its network."""
    _quieten_tensorflow()
    from cnnjobs.models.networks import describe_network

    return describe_network


def open_preview() -> Preview:
    """Return a function from (data set, trial, rows, epochs) to those rows and their augmented versions."""
    _quieten_tensorflow()
    from cnnjobs.training.preview import epoch_versions

    return epoch_versions


def _quieten_tensorflow() -> None:
    """Keep TensorFlow's start-up messages off the terminal; they are printed while it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
