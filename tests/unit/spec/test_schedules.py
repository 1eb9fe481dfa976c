"""Learning rate schedules, by their known points; that they are Keras's is tested with Keras."""

import pytest

from cnnjobs import CosineDecay, Cyclical, ExponentialDecay, TimeDecay, Warmup
from cnnjobs.errors import SpecError
from cnnjobs.spec import Run

RUN = Run(learning_rate=0.1, epochs=10, steps_an_epoch=20)


def factors(schedule, *epochs):
    return [schedule.factor(round(epoch * RUN.steps_an_epoch), RUN) for epoch in epochs]


def test_a_cosine_falls_from_one_to_its_end_over_the_run_and_stays():
    assert factors(CosineDecay(), 0, 5, 10, 12) == pytest.approx([1, 0.5, 0, 0])
    assert factors(CosineDecay(final=0.2, epochs=4), 0, 2, 4, 9) == pytest.approx([1, 0.6, 0.2, 0.2])


def test_exponential_decay_multiplies_every_so_many_epochs():
    assert factors(ExponentialDecay(rate=0.5, epochs=2), 0, 1, 2, 4) == pytest.approx([1, 0.5**0.5, 0.5, 0.25])
    assert factors(ExponentialDecay(rate=0.5, epochs=2, staircase=True), 0, 1.9, 2, 4) == [1, 1, 0.5, 0.25]


def test_time_decay_counts_steps_and_defaults_to_the_tutorials_rule():
    assert TimeDecay(decay=0.01).factor(100, RUN) == pytest.approx(1 / 2)
    assert TimeDecay().factor(100, RUN) == pytest.approx(1 / (1 + 0.1 / 10 * 100))


def test_a_cycle_rises_and_falls_in_straight_lines():
    assert factors(Cyclical(low=0.2, epochs=4), 0, 1, 2, 3, 4, 6) == pytest.approx([0.2, 0.6, 1, 0.6, 0.2, 1])
    assert factors(Cyclical(low=0.0, epochs=4, halving=True), 2, 6) == pytest.approx([1, 0.5])


def test_a_warm_up_rises_to_the_full_rate_then_another_schedule_takes_over():
    assert factors(Warmup(epochs=2), 0, 1, 2, 9) == pytest.approx([1 / 40, 21 / 40, 1, 1])
    then = factors(Warmup(epochs=2, then=CosineDecay()), 2, 6, 10)
    assert then == pytest.approx([1, 0.5, 0]), "over the eight epochs that are left"


def test_a_warm_up_longer_than_the_run_only_rises():
    assert factors(Warmup(epochs=20, then=CosineDecay()), 9.95) == pytest.approx([200 / 400])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CosineDecay(final=2), "`CosineDecay.final` must be a number at least 0 and at most 1"),
        (lambda: CosineDecay(epochs=0), "`CosineDecay.epochs` must be a number above 0"),
        (lambda: ExponentialDecay(rate=1.1), "`ExponentialDecay.rate` must be a number above 0 and at most 1"),
        (lambda: ExponentialDecay(staircase=1), "`ExponentialDecay.staircase` must be True or False"),
        (lambda: TimeDecay(decay=-1), "`TimeDecay.decay` must be a number at least 0"),
        (lambda: Cyclical(low=1), "`Cyclical.low` must be a number at least 0 and below 1"),
        (lambda: Warmup(epochs=0), "`Warmup.epochs` must be a number above 0"),
        (lambda: Warmup(then=Warmup()), r"`Warmup.then` must be CosineDecay\(...\)"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(make, message):
    with pytest.raises(SpecError, match=message):
        make()
