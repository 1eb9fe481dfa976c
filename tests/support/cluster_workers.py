"""Workers for tests on clusters: slow, and telling where they ran, what they opened and what they were given."""

import json
import os
import sys
import time
from collections.abc import Iterator

import numpy as np

from cnnjobs.datasets.images import StoredImages, pieces
from cnnjobs.messages import Message, Predictions, Progress, Result, Status

NAMES = ("TF_CPP_MIN_LOG_LEVEL", "CUDA_VISIBLE_DEVICES", "AWS_SECRET_ACCESS_KEY")
"""Variables of the environment that a log tells."""

STEP_S = 0.2
"""Seconds that an epoch takes."""


MEET_S = 90.0
"""Seconds that a trial waits for those that are to run beside it."""


class TellingWorker:
    """Completes every trial; its log says what happened, as JSON.

    Args:
        dataset: that it was given.
        resources: that it runs on.
        checkpoints: where trials under way are kept.
        meeting: a folder on this machine's disk where the first trials wait for each other; None for no waiting.
        parties: how many wait.
    """

    retire_reason = None

    def __init__(self, dataset, resources, checkpoints, meeting=None, parties=0):
        self.dataset, self.resources, self.checkpoints = dataset, resources, checkpoints
        self.meeting, self.parties = meeting, parties
        self.opened: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event, arguments):
        if event in ("open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename"):
            self.opened.append(str(arguments[0]))

    def run(self, trial) -> Iterator[Message]:
        import ray

        node, began, self.opened = ray.get_runtime_context().get_node_id(), time.time(), []
        if self.meeting is not None:
            self._meet(trial)
        kept = self._last(trial) if self.checkpoints is not None else 0
        for epoch in range(kept, trial.spec.epochs):
            time.sleep(STEP_S)
            if self.checkpoints is not None:
                self.checkpoints.save(trial.trial_id, epoch + 1, lambda: b"state")
            yield Progress(epoch + 1, trial.spec.epochs, len(self.dataset.y_train))
        if self.checkpoints is not None and self.checkpoints.keeps_final:
            self.checkpoints.save_final(trial.length_free_id, trial.spec.epochs, lambda: b"state")
        about = {
            "node": node,
            "pid": os.getpid(),
            "opened": self.opened,
            "shared": _is_shared(self.dataset.x_train),
            "sum": int(sum(piece.astype(np.int64).sum() for piece in pieces(self.dataset.x_train))),
            "test_sum": int(sum(piece.astype(np.int64).sum() for piece in pieces(self.dataset.x_test))),
            "path": getattr(self.dataset.x_train, "path", None),
            "began": began,
            "ended": time.time(),
            "resumed": kept,
            "environment": {name: os.environ.get(name) for name in NAMES},
        }
        labels = self.dataset.y_test
        probabilities = np.full((len(labels), len(self.dataset.class_names)), 1 / 3, np.float32)
        final = {"test_accuracy": 0.5, "seconds": 0.1}
        yield Result(Status.COMPLETED, final, {}, Predictions(labels, probabilities), json.dumps(about))

    def _meet(self, trial) -> None:
        (self.meeting / str(trial.repeat)).touch()
        until = time.monotonic() + MEET_S
        while len(list(self.meeting.iterdir())) < self.parties and time.monotonic() < until:
            time.sleep(0.05)

    def _last(self, trial) -> int:
        for name, _ in self.checkpoints.newest_first(trial.trial_id, print):
            return int(name.rpartition("-")[2].removesuffix(".npz"))
        return 0


def _is_shared(images) -> bool:
    """Say whether processes of a node have one copy of images."""
    return isinstance(images, StoredImages) or not (images.flags.owndata or images.flags.writeable)


def telling_worker(dataset, resources, checkpoints, **meeting):
    return TellingWorker(dataset, resources, checkpoints, **meeting)
