"""Ray Tune, function trainable; a third word `reuse` keeps workers (`reuse_actors=True`).

As documented each epoch is reported by a callback; with reuse each trial is reported once, which is quicker.
"""

import sys
from pathlib import Path
from typing import Any

from benchmarks.peers.tune_common import run
from benchmarks.peers.work import Data, Work, asked, fit, load, one_thread, save

REUSE = "reuse"


def training(config: dict[str, Any], work: Work, data: Data, folder: Path) -> None:
    """Train a trial in a process of its own."""
    import keras
    from ray import tune

    one_thread()

    class Report(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):  # type: ignore[no-untyped-def]  # `Any` does not travel with it
            tune.report(dict(logs))

    save(folder, fit(work, data, config["variant"], config["repeat"], (Report(),)))


def training_in_reused_worker(config: dict[str, Any], work: Work, data: Data, folder: Path) -> None:
    """Train a trial in a process that may have trained others."""
    from ray import tune

    one_thread()
    result = fit(work, data, config["variant"], config["repeat"])
    save(folder, result)
    tune.report({"test_accuracy": result["test_accuracy"]})


if __name__ == "__main__":
    work, folder = asked()
    reuse = sys.argv[3:] == [REUSE]
    run(training_in_reused_worker if reuse else training, work, load(work), folder, reuse=reuse)
