"""Ray Tune, class trainable, workers reused: one step is a whole trial."""

from pathlib import Path
from typing import Any

from ray import tune

from benchmarks.peers.tune_common import run
from benchmarks.peers.work import Data, Work, asked, fit, load, one_thread, save


class Training(tune.Trainable):
    """A worker that trains one trial after the other."""

    def setup(self, config: dict[str, Any], work: Work, data: Data, folder: Path) -> None:
        """Import TensorFlow, once."""
        self.given = work, data, folder
        one_thread()

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Serve another trial: `self.config` is already its."""
        return True

    def step(self) -> dict[str, Any]:
        """Train the trial."""
        work, data, folder = self.given
        result = fit(work, data, self.config["variant"], self.config["repeat"])
        save(folder, result)
        return {"test_accuracy": result["test_accuracy"], "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing is kept of a trial but its results."""


if __name__ == "__main__":
    work, folder = asked()
    run(Training, work, load(work), folder, reuse=True)
