"""ictonyx: `compare_models`, in one process; its tests of the differences are included."""

import time
from collections.abc import Callable
from typing import Any

import ictonyx
from ictonyx.data import ArraysDataHandler

from benchmarks.peers.work import Data, Work, asked, batches, compiled, load, result, save


def builder(work: Work, data: Data, variant: str, folder: Any) -> Callable[[Any], Any]:
    """Return what ictonyx calls for each run of a variant; a file is written after each."""
    repeats = iter(range(work.repeats))

    class Saved(ictonyx.KerasModelWrapper):
        """Stores history and test accuracy, which `compare_models` does not give back."""

        def fit(self, train_data: Any, validation_data: Any = None, **options: Any) -> None:
            began = time.time()
            super().fit(batches(work, data)[0], batches(work, data)[1], **options | {"batch_size": None})
            self.began = began

        def evaluate(self, data: Any, **options: Any) -> Any:
            found = super().evaluate(data, **options)
            history = self.training_result.history
            save(folder, result(variant, next(repeats), history, found["accuracy"], self.began))
            return found

    def build(config: Any) -> Any:
        return Saved(compiled(work, variant, data))

    build.__name__ = variant
    return build


if __name__ == "__main__":
    work, folder = asked()
    data = load(work)
    handler = ArraysDataHandler(
        data.x, data.y, X_val=data.x_valid, y_val=data.y_valid, X_test=data.x_test, y_test=data.y_test
    )
    models = [builder(work, data, variant, folder) for variant in work.variants]
    compared = ictonyx.compare_models(
        models, handler, runs=work.repeats, epochs=work.epochs, batch_size=work.batch_size, seed=0, verbose=False
    )
    print(compared.get_summary())
