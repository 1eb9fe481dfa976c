"""By its own pace, a trial that makes no progress is told from one that is slow."""

import pytest
from support.fakes import Clock

from cnnjobs.engine.stall import FIRST_S, LEAST_S, LOOK_S, TIMES, StallWatch


class Watched(StallWatch):
    """Looks as often as the engine does while time passes."""

    def __init__(self):
        self.clock = Clock()
        super().__init__(self.clock)

    def passes(self, seconds):
        """Return the trials that were found silent meanwhile, in order, with the seconds each was."""
        found = []
        for _ in range(round(seconds)):
            self.clock.now += 1
            found += self.silent().items()
        return found

    def runs(self, trial, settings="a", every_s=1, times=10):
        for _ in range(times):
            assert not self.passes(every_s)
            self.hear(trial)


def begun(every_s=1):
    watch = Watched()
    watch.start("one", "a")
    watch.runs("one", every_s=every_s)
    return watch


def test_a_trial_of_quick_steps_is_told_of_after_a_minute():
    [(trial, seconds)] = begun().passes(3600)
    assert trial == "one"
    assert seconds == pytest.approx(LEAST_S, abs=2)


def test_one_of_slow_steps_has_ten_times_as_long_as_they_took():
    [(_, seconds)] = begun(every_s=50).passes(3600)
    assert seconds == pytest.approx(50 * TIMES, abs=2)


def test_what_repeats_took_counts_for_a_trial_of_the_same_settings():
    watch = begun(every_s=50)
    watch.end("one")
    watch.start("two", "a")
    watch.start("other", "b")
    watch.hear("two")
    watch.hear("other")
    assert [trial for trial, _ in watch.passes(3600)] == ["other", "two"]


def test_before_anything_is_known_the_first_steps_have_five_minutes():
    watch = Watched()
    watch.start("one", "a")
    [(_, seconds)] = watch.passes(3600)
    assert seconds == pytest.approx(FIRST_S, abs=2)


def test_once_others_have_begun_a_trial_has_ten_times_as_long_to_begin():
    watch = Watched()
    watch.start("one", "a")
    assert not watch.passes(15)
    watch.hear("one")
    watch.end("one")
    watch.start("two", "b")
    [(_, seconds)] = watch.passes(3600)
    assert seconds == pytest.approx(15 * TIMES, abs=2)


def test_a_silence_is_told_once_and_the_next_one_again():
    watch = begun()
    assert len(watch.passes(3600)) == 1
    watch.hear("one")
    assert not watch.passes(1000), "it is slow at times: ten times an hour is its pace now"
    watch = begun()
    assert len(watch.passes(61)) == 1
    watch.hear("one")
    assert len(watch.passes(3600)) == 1


def test_a_trial_that_has_ended_is_not_silent():
    watch = begun()
    watch.end("one")
    assert not watch.passes(3600)
    assert not watch.silent_for(1)


def test_while_this_process_was_stopped_trials_were_not_silent():
    watch = begun()
    watch.clock.now += 3600
    assert not watch.silent()
    assert not watch.silent_for(LOOK_S + 1)


def test_a_trial_that_begins_anew_begins_to_count_anew():
    watch = begun()
    assert not watch.passes(50)
    watch.start("one", "a")
    assert not watch.passes(20)
