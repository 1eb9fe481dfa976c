"""Lets go of trials that have ended: Tune keeps all that it ever ran, each with 20 KB, and looks through them often."""

from typing import Any

from ray.tune.trainable.metadata import _TrainingRunMetadata

NOTHING = "{}"
"""Of the state of a trial that has ended, in Tune's snapshot: a submit continues from the store."""


def let_go(trials: list[Any]) -> None:
    """Take those that have ended out of Tune's own list of trials, but for the last, and empty what it keeps elsewhere.

    Tune (2.60) looks through the list when it may have come to the end, and then writes the state of each trial and
    looks for its files; from an empty list it would read that state again.

    Args:
        trials: the list, as callbacks get it.
    """
    ended = [trial for trial in trials if trial.is_finished()]
    for trial in ended[:-1]:
        trial.run_metadata, trial._state_json, trial._default_result_or_future = _ENDED, NOTHING, None
        trial.set_ray_actor(None)
        trials.remove(trial)


def _of_ended() -> _TrainingRunMetadata:
    made = _TrainingRunMetadata()
    made._cached_json = NOTHING
    return made


_ENDED = _of_ended()
"""What is known of each trial that was let go."""
