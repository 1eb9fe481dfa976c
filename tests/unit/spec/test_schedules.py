"""Learning rate schedules, by their known points; that they are Keras's is tested with Keras."""

import math

import numpy as np
import pytest

from cnnjobs import (
    SGD,
    CosineDecay,
    CosineRestarts,
    Cyclical,
    ExponentialDecay,
    OneCycle,
    PolynomialDecay,
    StepDecay,
    TimeDecay,
    Variant,
    Warmup,
    schedule,
    vgg,
)
from cnnjobs.errors import SpecError
from cnnjobs.planning.own_schedules import schedule_notes
from cnnjobs.spec import Run

RUN = Run(learning_rate=0.1, epochs=10, steps_an_epoch=20)


def factors(schedule, *epochs):
    return [schedule.factor_at(round(epoch * RUN.steps_an_epoch), RUN) for epoch in epochs]


def test_a_cosine_falls_from_one_to_its_end_over_the_run_and_stays():
    assert factors(CosineDecay(), 0, 5, 10, 12) == pytest.approx([1, 0.5, 0, 0])
    assert factors(CosineDecay(final=0.2, epochs=4), 0, 2, 4, 9) == pytest.approx([1, 0.6, 0.2, 0.2])


def test_exponential_decay_multiplies_every_so_many_epochs():
    assert factors(ExponentialDecay(rate=0.5, epochs=2), 0, 1, 2, 4) == pytest.approx([1, 0.5**0.5, 0.5, 0.25])
    assert factors(ExponentialDecay(rate=0.5, epochs=2, staircase=True), 0, 1.9, 2, 4) == [1, 1, 0.5, 0.25]


def test_time_decay_counts_steps_and_defaults_to_the_tutorials_rule():
    assert TimeDecay(decay=0.01).factor_at(100, RUN) == pytest.approx(1 / 2)
    assert TimeDecay().factor_at(100, RUN) == pytest.approx(1 / (1 + 0.1 / 10 * 100))


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


def test_a_step_decay_falls_from_the_first_step_after_its_epochs():
    decay = StepDecay(epochs=[2, 4.5], factor=0.2)
    assert factors(decay, 0, 1.95, 2, 4.45, 4.5, 9) == pytest.approx([1, 1, 0.2, 0.2, 0.04, 0.04])
    assert StepDecay(epochs=2) == StepDecay(epochs=(2.0,), factor=0.1)
    assert factors(Warmup(epochs=1, then=StepDecay(epochs=2)), 2.95, 3) == [1, 0.1], "counted from the end of the rise"


def test_a_polynomial_falls_to_its_end_and_stays():
    assert factors(PolynomialDecay(final=0.2), 0, 5, 10, 12) == pytest.approx([1, 0.6, 0.2, 0.2])
    assert factors(PolynomialDecay(power=2, epochs=4), 1, 4) == pytest.approx([0.75**2, 0])


def one_cycle_of_pytorch(step, steps, rise=0.3, div=25.0, final_div=1e4, linear=False, three=False):
    """The phases of `torch.optim.lr_scheduler.OneCycleLR`, with a highest rate of 1."""

    def between(start, end, part):
        return start + (end - start) * part if linear else end + (start - end) / 2 * (1 + math.cos(math.pi * part))

    low, least = 1 / div, 1 / div / final_div
    up = rise * steps - 1
    if step <= up:
        return between(low, 1, step / up)
    if not three:
        return between(1, least, (step - up) / (steps - 1 - up))
    down = 2 * rise * steps - 2
    if step <= down:
        return between(1, low, (step - up) / (down - up))
    return between(low, least, (step - down) / (steps - 1 - down))


@pytest.mark.parametrize(
    ("cycle", "options"),
    [
        (OneCycle(), {}),
        (OneCycle(rise=0.25, start=1 / 10, final=1 / 1000, shape="linear"), {"rise": 0.25, "div": 10, "final_div": 100,
                                                                             "linear": True}),
        (OneCycle(rise=0.45, three_phases=True), {"rise": 0.45, "three": True}),
    ],
)  # fmt: skip
def test_one_cycle_is_that_of_pytorch(cycle, options):
    expected = [one_cycle_of_pytorch(step, 200, **options) for step in range(200)]
    assert [cycle.factor_at(step, RUN) for step in range(200)] == pytest.approx(expected)
    assert max(expected) == pytest.approx(1, abs=2e-3), "the optimizer's rate is the highest"


def test_one_cycle_of_a_few_steps_stays_within_its_bounds():
    for steps in range(1, 12):
        found = [OneCycle(three_phases=steps % 2 == 0).factor_at(step, Run(0.1, 1, steps)) for step in range(steps)]
        assert all(0 < one <= 1 for one in found), steps
        assert found[-1] == pytest.approx(4e-6), steps


def test_restarts_begin_at_the_top_of_each_cycle():
    restarts = CosineRestarts(epochs=1, t_mul=2, m_mul=0.5, final=0.1)
    assert factors(restarts, 0, 1, 2, 3, 7) == pytest.approx([1, 0.55, 0.325, 0.325, 0.2125])
    assert factors(restarts, 0.95)[0] < 0.11
    for t_mul in (1, 1.1, 1.5, 2, 3):  # where cycles begin is not a step too late, in whatever binary fraction
        starts = [0.0]
        while starts[-1] < 500:
            starts.append(starts[-1] + t_mul ** (len(starts) - 1))
        chosen = CosineRestarts(epochs=1, t_mul=t_mul)
        assert all(chosen.factor_at(math.ceil(20 * one), RUN) > 0.9 for one in starts), t_mul


def falling(step, steps, to=0.0):
    return 1 - (1 - to) * step / steps


def of_epoch(epoch, lr):
    return lr * 0.9


def test_a_function_of_step_and_steps_is_a_schedule():
    assert factors(schedule(falling, to=0.5), 0, 5, 10) == [1, 0.75, 0.5]
    assert Variant(model=vgg(), schedule=falling).schedule == schedule(falling)
    assert factors(Warmup(epochs=2, then=falling), 1, 2, 6) == pytest.approx([21 / 40, 1, 0.5])
    assert Variant(model=vgg(), schedule=Warmup(then=falling)).follows_length
    assert schedule(lambda step, steps: np.float32(0.5)).factor_at(0, RUN) == 0.5
    assert schedule(lambda step, steps: np.array(1)).factor_at(0, RUN) == 1.0


@pytest.mark.parametrize("returned", [-0.1, float("nan"), "0.1", None, True, [0.1], np.zeros(2)])
def test_what_is_no_factor_is_refused_with_its_step(returned):
    with pytest.raises(SpecError, match=r"`given` must return a factor .* For step 3 of 200 it returned"):

        def given(step, steps):
            return returned

        schedule(given).factor_at(3, RUN)


def test_a_function_that_fails_is_named_with_its_step():
    def broken(step, steps):
        return 1 / (step - 3)

    with pytest.raises(SpecError, match=r"For step 3 of 200 it raised ZeroDivisionError"):
        schedule(broken).factor_at(3, RUN)


class LearningRateSchedule:
    """Stands for Keras's, by its name."""


class CosineDecayRestarts(LearningRateSchedule):
    """As people bring it."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: schedule(of_epoch),
            r"a function of \(step, steps\)\. Received: \(epoch, lr\)\. .*step \* epochs",
        ),
        (lambda: schedule(lambda epoch: 1), r"a function of \(step, steps\)\. Received: \(epoch\)"),
        (lambda: schedule(lambda i, lr: lr), r"Received: \(i, lr\)"),
        (lambda: schedule(lambda step: 1), r"must be callable as <lambda>\(step, steps\)"),
        (lambda: schedule(falling, speed=1), r"must be callable as falling\(step, steps, speed=...\)"),
        (lambda: schedule(CosineDecayRestarts()), r"which returns rates\. Use CosineRestarts\(...\) of cnnjobs"),
        (lambda: Variant(model=vgg(), schedule=CosineDecayRestarts()), r"Use CosineRestarts\(...\) of cnnjobs"),
        (lambda: schedule(0.1), "must be a plain function"),
        (lambda: StepDecay(epochs=(60, 60)), r"several that ascend, such as \(60, 120, 160\)"),
        (lambda: StepDecay(epochs=()), "`StepDecay.epochs` must be a number of epochs"),
        (lambda: StepDecay(epochs=(0, 3)), "`StepDecay.epochs` must be a number above 0"),
        (lambda: StepDecay(epochs=3, factor=10), "`StepDecay.factor` must be a number above 0 and below 1"),
        (lambda: PolynomialDecay(power=0), "`PolynomialDecay.power` must be a number above 0"),
        (lambda: OneCycle(rise=1), "`OneCycle.rise` must be a number above 0 and below 1"),
        (lambda: OneCycle(rise=0.6, three_phases=True), "`OneCycle.rise` must be at most 0.5 with three phases"),
        (lambda: OneCycle(shape="cos"), "`OneCycle.shape` must be one of 'cosine', 'linear'"),
        (lambda: CosineRestarts(t_mul=0.5), "`CosineRestarts.t_mul` must be a number at least 1"),
        (lambda: Warmup(then=falling(0, 1)), r"schedule\(function\) or None\. Received: then=1"),
    ],
)
def test_schedules_of_others_are_refused_with_advice(make, message):
    with pytest.raises(SpecError, match=message):
        make()


# --- tried out when a job is planned ---------------------------------------------------------------------------------


def tried(function, rate=0.001, **options):
    variant = Variant(model=vgg(), optimizer=SGD(rate), epochs=4, batch_size=50, **options)
    return list(schedule_notes({"own": variant.but(schedule=function)}, 1000))


def test_a_schedule_that_returns_rates_is_refused_or_noted_when_planned():
    assert tried(falling) == []
    with pytest.raises(SpecError, match=r"Variant 'own': `<lambda>` must .*run at 1e-06\. Divide .*0.001"):
        tried(lambda step, steps: 0.001 * (1 - step / steps))
    with pytest.raises(SpecError, match="not a rate"):
        tried(Warmup(epochs=1, then=schedule(lambda step, steps: 0.001)))
    (note,) = tried(lambda step, steps: 0.01)
    assert note.startswith(
        "own: the largest factor of its schedule is 0.01, so that its learning rate is 1e-05 at most"
    )
    assert tried(lambda step, steps: 1, rate=1.0) == []
    assert tried(Warmup(epochs=9, then=schedule(lambda step, steps: 1 / 0))) == [], "it is never asked"


def test_a_schedule_that_fails_at_the_end_fails_when_planned():
    with pytest.raises(SpecError, match=r"Variant 'own': .* For step 79 of 80 it returned -1\."):
        tried(lambda step, steps: -1 if step == steps - 1 else 1)
    with pytest.raises(SpecError, match="Received: 0 for each of 65 steps"):
        tried(lambda step, steps: 0)
