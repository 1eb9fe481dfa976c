"""Trials whose accuracies are written down, for jobs that repeat variants until they are decided."""

from dataclasses import dataclass, field

from cnnjobs.messages import Result
from support.fakes import FakeWorker

CLEAR = (1.2, 0.9, 1.5, 1.1, 1.3)
"""Points by which a variant is better after five pairs."""

SLOW = (0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8, 0.3, 0.6, 0.4, 0.2)
"""Points by which one is better after eight."""

OPEN = (0.9, -0.6, 1.0, -0.5, 0.9, -0.7, 1.0, -0.2, 0.8, -0.3, 0.7, -0.1)
"""Points that are undecided for long."""


@dataclass
class Scripted(FakeWorker):
    """Completes every trial with 80% and the points of its variant, by repeat, again from the first at their end."""

    points: dict[str, tuple[float, ...]] = field(default_factory=dict)
    seconds: float = 0.1

    def run(self, trial):
        for message in super().run(trial):
            if isinstance(message, Result):
                own = self.points.get(trial.variant, (0.0,))
                message.final["test_accuracy"] = 0.8 + own[trial.repeat % len(own)] / 100
                message.final.update(seconds=self.seconds * trial.spec.epochs, epochs_done=trial.spec.epochs)
                message.final["train_loss"] = 1 + message.final["test_accuracy"]
                message = Result(message.status, message.final, message.epochs, None, message.log)
            yield message


def scripted(seconds=0.1, **points):
    """Return what makes such workers.

    Args:
        seconds: an epoch.
        points: of each variant.
    """
    return lambda dataset, resources, _: Scripted(dataset, resources, points=points, seconds=seconds)
