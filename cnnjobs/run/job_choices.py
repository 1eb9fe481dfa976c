"""What a new job file begins with: network, batch size and epochs that suit a data set."""

from dataclasses import dataclass

from cnnjobs.run.data_facts import DataFacts

MOST_BLOCKS = 3
"""Of the network: each halves the picture, and the last is to see at least two by two pixels."""

LARGEST_BATCH = 64
"""Images of a step where there are many."""

MANY_ROWS = 10_000
"""From so many training images on a step takes `LARGEST_BATCH`."""

STEPS_OF_BATCH = 4
"""An epoch has at least so many steps."""

SEEN = 30_000
"""Images that a training run is to see, where that makes no more than `EPOCHS` epochs."""

EPOCHS = (8, 30)
"""Least and most of them."""

UNEQUAL = 3
"""The largest class has so many times the images of the smallest: accuracy alone says little."""


@dataclass(frozen=True)
class Choices:
    """What a job file begins with.

    Args:
        blocks: of the network.
        filters: of its first block.
        dense: units of its hidden layer.
        batch_size: images of a step.
        epochs: passes over the training images.
        repeats: trainings of each variant.
        is_unequal: whether some classes are much larger than others.
        most_folds: the most folds of cross-validation that each class has an image for.
    """

    blocks: int
    filters: int
    dense: int
    batch_size: int
    epochs: int
    repeats: int
    is_unequal: bool
    most_folds: int

    @classmethod
    def for_data(cls, facts: DataFacts) -> "Choices":
        """Return what suits a data set.

        Args:
            facts: what is known of it.
        """
        shorter, smallest = min(facts.size), int(facts.counts.min())
        blocks = next((count for count in range(MOST_BLOCKS, 1, -1) if shorter >> count >= 2), 1)
        usual = LARGEST_BATCH if facts.trained >= MANY_ROWS else LARGEST_BATCH // 2
        batch_size = usual
        while batch_size > 1 and batch_size * STEPS_OF_BATCH > facts.trained:
            batch_size //= 2
        least, most = EPOCHS
        return cls(
            blocks=blocks,
            filters=16 if shorter < 24 else 32,
            dense=64 if facts.classes <= 20 else 128,
            batch_size=batch_size,
            epochs=min(max(round(SEEN / max(facts.trained, 1)), least), most),
            repeats=3,
            is_unequal=int(facts.counts.max()) >= UNEQUAL * smallest,
            most_folds=min(10, smallest),
        )
