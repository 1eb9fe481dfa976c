"""Schedules of the user's, tried out over a training before anything is trained."""

import math
from collections.abc import Iterator, Mapping

from cnnjobs.errors import SpecError
from cnnjobs.process.numeric_environment import while_pinned
from cnnjobs.spec import Run, Variant
from cnnjobs.spec.functions import functions_in
from cnnjobs.spec.schedules import CustomSchedule, Warmup
from cnnjobs.wording.sentences import clause

TRIED = 65
"""Steps at which a schedule is asked: the first, the last, the one in the middle, and others at even distances."""

LITTLE = 0.05
"""A training that never comes to that share of the optimizer's rate is noted."""


def schedule_notes(variants: Mapping[str, Variant], rows: int) -> Iterator[str]:
    """Yield what may be a mistake in schedules of the user's.

    Args:
        variants: by name.
        rows: that each trains on.

    Raises:
        SpecError: if a schedule fails, returns no factor, or returns rates.
    """
    for name, variant in variants.items():
        own = next((one for one in functions_in(variant.schedule) if isinstance(one, CustomSchedule)), None)
        if own is not None:
            yield from _note(name, variant, own.function.__name__, -(-rows // variant.batch_size))


def _note(name: str, variant: Variant, function: str, steps_an_epoch: int) -> Iterator[str]:
    factors, rate = _factors(name, variant, steps_an_epoch), variant.optimizer.learning_rate
    if not factors:
        return
    largest = max(factors)
    if rate < 1 and abs(largest - rate) <= 1e-6 * rate:
        raise SpecError(
            f"Variant {name!r}: `{function}` must return a factor of the optimizer's learning rate, not a rate. The "
            f"largest that it returns is {largest:g}, which is the optimizer's rate itself, so that the training would "
            f"run at {largest * rate:g}. Divide what it returns by {rate:g}."
        )
    if largest == 0:
        raise SpecError(
            f"Variant {name!r}: `{function}` must return a factor above 0 for some step. Received: 0 for each of "
            f"{len(factors)} steps that were tried, so that nothing would be trained."
        )
    if largest < LITTLE:
        yield (
            f"{name}: the largest factor of its schedule is {largest:g}, so that its learning rate is "
            f"{largest * rate:g} at most, where the optimizer says {rate:g}: does {function} return rates?"
        )


def _factors(name: str, variant: Variant, steps_an_epoch: int) -> list[float]:
    """Return the factors of some steps of a training, behind a warm-up, which may be longer than the training."""
    schedule, run = variant.schedule, Run(variant.optimizer.learning_rate, variant.epochs, steps_an_epoch)
    assert schedule is not None
    first = math.ceil(schedule.epochs * steps_an_epoch) if isinstance(schedule, Warmup) else 0
    last = variant.epochs * steps_an_epoch - 1
    if first > last:
        return []
    steps = sorted({first + round((last - first) * place / (TRIED - 1)) for place in range(TRIED)})
    try:
        with while_pinned():  # the function may import Keras
            return [schedule.factor_at(step, run) for step in steps]
    except SpecError as error:
        raise SpecError(f"Variant {name!r}: {clause(error)}.") from error
