"""A worker whose results carry the trained network, for `cnnjobs fit`."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from cnnjobs.datasets.images import subset
from cnnjobs.messages import Message, Result, Status
from cnnjobs.models.model_file import ModelMetadata
from cnnjobs.models.networks import build_model
from cnnjobs.models.trained_pictures import TrainedPictures
from cnnjobs.planning.rows import split_rows
from cnnjobs.planning.trials import Trial
from cnnjobs.spec import DatasetSpec
from cnnjobs.training.model_file import check_savable, pack_model
from cnnjobs.training.trial import TrialWorker

FACTS = ("test_accuracy", "test_loss", "epochs_done", "best_epoch", "train_rows", "test_rows", "parameters")
"""What a model file says of the trial that it comes from."""


class FinalFitWorker:
    """Trains as `TrialWorker` does; a completed trial's result carries its network as a `.keras` file.

    Args:
        worker: trains.
        dataset: what the data set of its trials was loaded from.
        settings: of the variant, as JSON.
    """

    def __init__(self, worker: TrialWorker, dataset: DatasetSpec, settings: Any) -> None:
        self._worker, self._dataset, self._settings = worker, dataset, settings

    @property
    def retire_reason(self) -> str | None:
        """Why this process should not run another trial; None if it may."""
        return self._worker.retire_reason

    def run(self, trial: Trial) -> Iterator[Message]:
        """Train and evaluate; yield progress, and the result with the network last."""
        self._check(trial)
        for message in self._worker.run(trial):
            if isinstance(message, Result) and message.status == Status.COMPLETED:
                message = replace(message, model=self._packed(trial, message.final))
            yield message

    def _check(self, trial: Trial) -> None:
        """Refuse a network that cannot be saved, before it is trained."""
        data = self._worker.dataset
        check_savable(build_model(trial.spec.network, data.image_shape, len(data.class_names)))

    def _packed(self, trial: Trial, final: Any) -> bytes:
        network, pixel_scaling, outputs = self._worker.trained()
        data = self._worker.dataset
        facts = {
            "variant": trial.variant,
            "repeat": trial.repeat + 1,
            "seeds": asdict(trial.seeds),
            "settings": self._settings,
            "validation": trial.protocol.describe(),
            "dataset_name": data.name,
            "dataset_fingerprint": data.fingerprint,
            **{name: final[name] for name in FACTS},
            **{name: value for name, value in final.items() if name.endswith("_version")},
        }
        rows, _ = split_rows(data.training_rows, trial)
        trained = TrainedPictures.of(subset(data.x_train, rows))
        metadata = ModelMetadata(data.class_names, data.image_shape, self._dataset, facts, trained)
        largest = 255.0 if data.x_train.dtype == np.uint8 else 1.0
        return pack_model(network, pixel_scaling, metadata, outputs=outputs, largest=largest)
