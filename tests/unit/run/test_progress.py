"""Counts, rates and the time left, with the clock passed in; and what is printed when piped."""

import re

import numpy as np
import pytest
from support.decided import A, B
from support.fakes import Clock
from support.rulings import made_ruling

from cnnjobs import Job, Variant, vgg
from cnnjobs.messages import Failure, Progress, Result, Stalled, Status
from cnnjobs.planning.trials import make_plan
from cnnjobs.run.meter import Meter
from cnnjobs.run.progress import Display, Waiting
from cnnjobs.wording.sizes import data_size
from cnnjobs.wording.times import duration

BASE = Variant(model=vgg(), epochs=4)
TRIALS = make_plan(Job(name="a", dataset="digits", repeats=2, variants={"base": BASE}), "data").trials


@pytest.fixture
def clock():
    return Clock()


def meter_of(clock, *images):
    """A meter of so many trials, each of which sees so many images."""
    of = {trial.trial_id: count for trial, count in zip(TRIALS, images, strict=False)}
    return Meter(TRIALS[: len(images)], lambda trial: of[trial.trial_id], clock=clock)


def test_a_trial_that_has_just_begun_is_not_estimated(clock):
    meter = meter_of(clock, 400, 400)
    assert meter.describe() == "0/2 done · starting workers"
    meter.start(TRIALS[0])
    clock.now += 2
    meter.move(TRIALS[0], Progress(1, 4, 100))
    assert meter.rates() == pytest.approx((0.5, 50))
    assert meter.left() is None
    assert meter.describe() == "0/2 done · 1 running · 0.5 epochs/s, 50 images/s · estimating time left"
    assert meter.snapshot().left == ""


def test_time_left_follows_from_what_was_trained_after_the_first_message(clock):
    meter = meter_of(clock, 400, 400)
    meter.start(TRIALS[0])
    clock.now += 12
    meter.move(TRIALS[0], Progress(1, 4, 100))
    clock.now += 2
    meter.move(TRIALS[0], Progress(2, 4, 100))
    assert meter.left() == pytest.approx(2 * 2 + 4 * 2 + 1.2), "with a tenth of the first start for the second"
    assert meter.describe() == "0/2 done · 1 running · 0.1 epochs/s, 14 images/s · 13 s left"


def test_parts_of_an_epoch_count_as_images_but_not_as_epochs(clock):
    meter = meter_of(clock, 400)
    meter.start(TRIALS[0])
    clock.now += 1
    meter.move(TRIALS[0], Progress(0, 4, 60))
    meter.move(TRIALS[0], Progress(1, 4, 40))
    assert meter.rates() == pytest.approx((1, 100))


@pytest.mark.parametrize("images", [30, 100])
def test_epochs_before_a_resumption_are_done_but_not_trained_now(clock, images):
    meter = meter_of(clock, 400)
    meter.start(TRIALS[0])
    clock.now += 1
    meter.move(TRIALS[0], Progress(3, 4, images))
    assert meter.rates() == pytest.approx((images // 100, images))
    assert meter.snapshot().fraction == pytest.approx(0.75)


def test_what_a_trial_that_ended_early_still_owed_is_struck_off(clock):
    meter = meter_of(clock, 400, 400)
    meter.start(TRIALS[0])
    for _ in range(2):
        clock.now += 2
        meter.move(TRIALS[0], Progress(1, 4, 100))
    meter.end(TRIALS[0], failed=True)
    assert meter.left() == pytest.approx(4 * 2 + 0.2), "with a tenth of the first start for the second"
    assert meter.snapshot().fraction == pytest.approx(200 / 600)
    assert (meter.done, meter.failed) == (0, 1)
    assert "1 failed" in meter.describe()


PLANNED = make_plan(
    Job(name="a", dataset="digits", repeats=20, variants={"baseline": BASE, "wide": BASE.but(batch_size=9)}), "data"
).trials
"""20 repeats of two variants: by the names of made-up rulings."""


NEAR = [2.4 * (n**0.5 - (n - 1) ** 0.5) + (-1) ** n for n in range(1, 21)]
"""Pairs that are never decided, nor given up."""


def ruled_meter(clock):
    """A meter of trials of 100 images, of which one was trained, in 10 s."""
    meter = Meter(PLANNED, lambda trial: 100, clock=clock)
    meter.rule(made_ruling({"wide": [0.1]}))
    meter.start(PLANNED[0])
    meter.move(PLANNED[0], Progress(0, 4, 10))
    clock.now += 9
    meter.move(PLANNED[0], Progress(4, 4, 90))
    meter.end(PLANNED[0], failed=False)
    return meter


def test_with_a_rule_the_time_left_is_a_range_from_the_next_look_to_the_last(clock):
    meter = ruled_meter(clock)
    assert meter.describe().startswith("1 of at most 40 done · ")
    assert meter.describe().endswith(" · 2 min to 6 min left"), "9 trials until the first look, 39 in all"
    assert meter.left() == pytest.approx(390)
    meter.rule(made_ruling({"wide": B[:6]}))
    assert meter.snapshot().standing == ("wide: 6 pairs, p 0.172 (0.05)",)
    meter.rule(made_ruling({"wide": NEAR[:19]}))
    assert meter.describe().endswith(" · 6 min left"), "the next look is the last"


def test_trials_of_a_variant_that_is_decided_are_not_to_come(clock):
    meter = ruled_meter(clock)
    meter.rule(made_ruling({"wide": A}))
    assert (meter.trials, meter.left()) == (1, 0)
    assert meter.snapshot().standing == ()
    meter.start(PLANNED[3])
    assert meter.trials == 2, "it came all the same"


def test_piped_output_says_each_decision_once_and_each_look(clock, capsys):
    display = Display(ruled_meter(clock))
    for count in (4, 5, 5, 6, 7, 8, 8):
        display.ruled(made_ruling({"wide": B[:count]}))
    said = [re.sub(r" · .* left$", "", line) for line in capsys.readouterr().err.splitlines()]
    assert said == [
        "[1 of at most 40] after repeat 5: wide: 5 pairs, p 0.331 (0.05)",
        "[1 of at most 40] after repeat 6: wide: 6 pairs, p 0.172 (0.05)",
        "[1 of at most 40] after repeat 7: wide: 7 pairs, p 0.087 (0.05)",
        "[1 of at most 1] wide is better than baseline, by 0.49 points after 8 pairs; sequential p 0.038",
    ]


def test_what_was_decided_before_the_display_began_is_not_news(clock, capsys):
    display = Display(ruled_meter(clock))
    display.ruled(made_ruling({"wide": A}))
    assert capsys.readouterr().err == ""


def test_rates_forget_what_was_long_ago(clock):
    meter = meter_of(clock, 10_000)
    meter.start(TRIALS[0])
    for seconds, images in ((1, 1000), (40, 10), (10, 10), (10, 10)):
        clock.now += seconds
        meter.move(TRIALS[0], Progress(0, 4, images))
    assert meter.rates()[1] < 2


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (3600, "1 h 00 min"), (7500, "2 h 05 min")]
)
def test_durations_read_as_people_say_them(seconds, text):
    assert duration(seconds) == text


RESULT = Result(Status.COMPLETED, {"test_accuracy": 0.9123}, {}, None, log="hello from the trial\n")


def test_piped_output_is_a_line_a_trial(clock, capsys):
    with Display(meter_of(clock, 400, 400)) as display:
        for trial in TRIALS:
            display.started(trial)
        clock.now += 2
        display.progressed(TRIALS[0], Progress(4, 4, 400))
        display.finished(TRIALS[0], RESULT)
        display.failed(TRIALS[1], Failure("ValueError: [bold]no[/bold]", "trace"), "logs/x.log")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "[1/2] base, repeat 1: test accuracy 91.23% · 2 s left",
        "[2/2] base, repeat 2: FAILED: ValueError: [bold]no[/bold]; log: logs/x.log",
    ]


def test_verbose_shows_what_trials_printed(clock, capsys):
    with Display(meter_of(clock, 400), verbose=True) as display:
        display.finished(TRIALS[0], RESULT)
    assert "hello from the trial" in capsys.readouterr().err


def test_a_diverged_trial_is_told(clock, capsys):
    with Display(meter_of(clock, 400)) as display:
        display.finished(TRIALS[0], Result(Status.DIVERGED, {"epochs_done": np.int64(3)}, {}, None))
    assert "diverged at epoch 3, its loss is not finite" in capsys.readouterr().err


def test_a_trial_that_makes_no_progress_is_told_and_that_it_goes_on(clock, capsys):
    with Display(meter_of(clock, 400)) as display:
        display.started(TRIALS[0])
        display.stalled(TRIALS[0], Stalled(90.0))
        display.progressed(TRIALS[0], Progress(1, 4, 100))
        display.progressed(TRIALS[0], Progress(2, 4, 100))
    told, goes_on = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"\[0/1\] base, repeat 1: no progress since \d\d:\d\d:\d\d \(2 min\), longer than its pace explains. The "
        r"job waits for it; with --trial-timeout SECONDS it would be stopped, and fail with the place where it was",
        told,
    )
    assert goes_on == "[0/1] base, repeat 1: goes on"


def test_with_a_timeout_it_is_told_when_the_trial_is_ended(clock, capsys):
    meter = meter_of(clock, 400)
    with Display(meter) as display:
        display.started(TRIALS[0])
        display.stalled(TRIALS[0], Stalled(90.0, timeout_s=600.0))
        assert "no progress since" in meter.snapshot().running["base, repeat 1"]
    assert "After 10 min it is stopped and counts as failed" in capsys.readouterr().err


def test_what_is_quick_is_not_told(clock, capsys):
    waiting = Waiting(clock)
    for done in range(5):
        waiting("decoding pictures", done, 5)
    waiting("decoding pictures", 5, 5)
    assert capsys.readouterr().err == ""


def test_what_takes_long_is_told_now_and_then(clock, capsys):
    waiting = Waiting(clock)
    for done in range(40):
        waiting("decoding pictures", done * 1000, 40_000)
        clock.now += 1
    assert capsys.readouterr().err.splitlines() == [
        "decoding pictures: 3,000 of 40,000, 1,000 per second",
        "decoding pictures: 14,000 of 40,000, 1,000 per second",
        "decoding pictures: 25,000 of 40,000, 1,000 per second",
        "decoding pictures: 36,000 of 40,000, 1,000 per second",
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (999.7, "1.0 kB"),
        (3_440, "3.4 kB"),
        (9_960, "10 kB"),
        (999_600, "1.0 MB"),
        (25_300_000, "25 MB"),
        (6_442_450_944, "6.4 GB"),
        (2 << 50, "2,252 TB"),
    ],
)
def test_sizes_have_two_or_three_figures_and_the_unit_that_fits(count, text):
    assert data_size(count) == text
