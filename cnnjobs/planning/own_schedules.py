"""Schedules of the user's, tried out over a training before anything is trained."""

import math
from collections.abc import Iterator, Mapping

from cnnjobs.errors import SpecError
from cnnjobs.process.numeric_environment import while_pinned
from cnnjobs.spec import Run, Schedule, Variant
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
            for phase in variant.phases:
                rate, updates = variant.optimizer_rate, -(-rows // (variant.batch_size * variant.accumulate))
                rate = rate if phase.learning_rate is None else phase.learning_rate
                if rate is None:  # that of an optimizer of the user's is not known here
                    _factors(name, variant.schedule, Run(1.0, phase.epochs, updates))
                else:
                    yield from _note(name, variant.schedule, own.function.__name__, Run(rate, phase.epochs, updates))


def _note(name: str, schedule: Schedule | None, function: str, run: Run) -> Iterator[str]:
    factors, rate = _factors(name, schedule, run), run.learning_rate
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


def _factors(name: str, schedule: Schedule | None, run: Run) -> list[float]:
    """Return the factors of some steps of a training, behind a warm-up, which may be longer than the training."""
    assert schedule is not None
    first = math.ceil(schedule.epochs * run.steps_an_epoch) if isinstance(schedule, Warmup) else 0
    last = int(run.epochs) * run.steps_an_epoch - 1
    if first > last:
        return []
    steps = sorted({first + round((last - first) * place / (TRIED - 1)) for place in range(TRIED)})
    try:
        with while_pinned():  # the function may import Keras
            return [schedule.factor_at(step, run) for step in steps]
    except SpecError as error:
        raise SpecError(f"Variant {name!r}: {clause(error)}.") from error
