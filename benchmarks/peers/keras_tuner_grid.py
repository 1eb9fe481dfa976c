"""KerasTuner: a grid of one choice, the variant, with `executions_per_trial` repeats, in one process."""

import itertools
import time
from pathlib import Path
from typing import Any

import keras_tuner

from benchmarks.peers.work import Data, Work, asked, batches, compiled, load, result, save


class Variants(keras_tuner.HyperModel):
    """Builds, trains and tests the network of a variant."""

    def __init__(self, work: Work, data: Data, folder: Path) -> None:
        super().__init__()
        self.given = work, data, folder
        self.repeats: dict[str, Any] = {variant: itertools.count() for variant in work.variants}

    def build(self, hp: Any) -> Any:
        """Build the network."""
        work, data, _ = self.given
        return compiled(work, hp.Choice("variant", list(work.variants)), data)

    def fit(self, hp: Any, model: Any, *args: Any, **options: Any) -> Any:
        """Train and test it once; store what came of it."""
        work, data, folder = self.given
        began, variant = time.time(), hp.get("variant")
        train, valid, test = batches(work, data)
        history = model.fit(train, validation_data=valid, epochs=work.epochs, **options)
        _, accuracy = model.evaluate(test, verbose=0)
        save(folder, result(variant, next(self.repeats[variant]), history.history, accuracy, began))
        return history


if __name__ == "__main__":
    work, folder = asked()
    tuner = keras_tuner.GridSearch(
        Variants(work, load(work), folder),
        objective="val_accuracy",
        executions_per_trial=work.repeats,
        directory=str(folder.parent / "tuner"),
        project_name="variants",
    )
    tuner.search(verbose=0)
