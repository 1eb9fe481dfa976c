"""What is said, kept and refused where a rule of deciding begins, goes on, or meets what has changed since."""

from pathlib import Path

import pytest
from support.fakes import StopAfter, run_in, submit_in
from support.scripted import CLEAR, OPEN, SLOW, scripted

import cnnjobs
from cnnjobs.comparison.decisions import job_ruling
from cnnjobs.errors import SpecError
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.submit import Goal
from cnnjobs.run.verify import verify_results
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

THREE = '"one": base, "two": base.but(batch_size=5), "three": base.but(batch_size=6),'
RENAMED = '"one": base, "second": base.but(batch_size=5),'


@pytest.fixture
def submit(tmp_path, monkeypatch):
    """Submits the job file of a folder, in which `two` is better after eight pairs."""
    monkeypatch.chdir(tmp_path)

    def submitted(decide=True, *, most_repeats=None, points=SLOW, three=OPEN, **job):
        worker = scripted(two=points, second=points, three=three)
        return run_in(tmp_path, goal=Goal(decide=decide, most_repeats=most_repeats), worker=worker, **job)

    return submitted


def store():
    return Store(Files("results/tiny"))


def rule():
    return store().job.decide


def made():
    """Variant -> verdict, repeats used, level, of what `job.json` keeps."""
    kept = rule()
    return {kept.variants[one]: (made.verdict, made.repeats, made.alpha) for one, made in kept.decisions.items()}


def notes(done):
    return [line.removeprefix("note: ") for line in done.stderr.splitlines() if line.startswith("note: ")]


def said(done, text):
    return any(text in line for line in notes(done))


BETTER = {"two": ("better", 8, 0.05)}


def test_what_was_fixed_stays_where_nothing_else_is_asked_for(submit):
    first = submit(0.5)
    assert first.error is None
    assert made() == BETTER
    before = rule()
    again = submit()
    assert (again.tried, again.error) == (0, None)
    assert rule() == before
    assert said(again, "The margin remains 0.5 points, as it was when the rule began")
    assert not said(submit(0.5), "The margin remains")


@pytest.mark.parametrize(("began", "asked"), [(True, 0.5), (0.5, 0.2)])
def test_another_margin_after_a_look_is_refused_and_nothing_runs(submit, began, asked):
    submit(began)
    before = store().files.read("job.json")
    done = submit(asked)
    assert isinstance(done.error, SpecError)
    had = "no margin" if began is True else "0.5 points"
    assert f"the margin that the rule began with, {had}, because results have been looked at" in str(done.error)
    assert "`results=PATH`" in str(done.error)
    assert store().files.read("job.json") == before


def test_another_alpha_after_a_look_is_refused(submit, tmp_path):
    submit(0.5)
    path = tmp_path / "job.py"
    text = path.read_text().replace("import Augment", "import Augment, Decide")
    path.write_text(text.replace("repeats=5", "decide=Decide(margin=0.5, alpha=0.01)"))
    with pytest.raises(
        SpecError, match=r"the alpha that the rule began with, 0\.05, .* Received: alpha=0\.01\. Use another"
    ):
        cnnjobs.plan(path)
    path.write_text(text.replace("repeats=5", "decide=Decide(margin=0.5)"))
    assert str(cnnjobs.plan(path)).count("two is better than one") == 1


def test_other_data_have_a_rule_of_their_own(submit):
    submit(0.5)
    before = rule()
    planned = cnnjobs.plan("job.py", decide=0.2, limit_train=200)
    assert "A new rule begins" in " ".join(planned.notes)
    assert planned.stored.deciding.ruling.family == 1, "runs on other data are no comparison of these"
    assert rule() == before, "a plan writes nothing"


def test_before_the_first_look_another_margin_may_be_asked_for(submit, tmp_path):
    run_in(tmp_path, goal=Goal(decide=0.5), worker=scripted(two=SLOW), engine=StopAfter(6))
    done = submit(0.2)
    assert done.error is None
    assert rule().margin == pytest.approx(0.002)
    assert said(done, "3 stored repeats count for the rule, from the first on")


def test_more_repeats_may_be_asked_for_at_any_time_and_stay(submit):
    submit(points=OPEN, most_repeats=6)
    assert made() == {}
    submit(points=OPEN, most_repeats=12)
    assert rule().most_repeats == 12
    done = submit(points=OPEN, most_repeats=8)
    assert (done.error, rule().most_repeats) == (None, 8), "fewer are no mistake: undecided ones end earlier"
    submit(points=OPEN)
    assert rule().most_repeats == 20


def test_repeats_that_were_asked_for_before_stay(submit):
    submit(points=OPEN, most_repeats=25)
    done = submit(points=OPEN)
    assert rule().most_repeats == 25
    assert said(done, "The rule continues up to 25 repeats, as was asked for before")


def test_fewer_repeats_than_a_decision_was_made_from_are_refused(submit):
    submit()
    done = submit(most_repeats=7)
    assert "`most_repeats` must be at least 8, from which a decision was made" in str(done.error)
    assert submit(most_repeats=8).error is None
    assert made() == BETTER


def test_a_submit_without_the_rule_keeps_it_and_says_so(submit):
    submit()
    done = submit(False, repeats=11)
    assert done.tried == 6
    assert said(done, "repeats of variants that are decided are shown but not used")
    assert made() == BETTER
    found = job_ruling(store(), store().job)
    assert found.further["two"] == pytest.approx((0.003, 0.006, 0.004))


def test_another_reference_is_refused_as_long_as_the_first_is_there(submit):
    submit()
    done = submit(variants='"two": base.but(batch_size=5), "one": base,')
    assert "The reference is 'one', which the rule of deciding began with" in str(done.error)


def test_edited_settings_of_the_reference_begin_a_new_rule(submit):
    submit(0.5)
    done = submit(0.2, epochs=2)
    assert done.error is None
    assert said(done, "'one', has changed since the rule began. A new rule begins, and decisions of the old one")
    assert rule().margin == pytest.approx(0.002)
    assert said(
        done, "2 of 3 comparisons that the rule counts are of settings that the job no longer has, but of which"
    )
    assert not said(submit(0.2, epochs=2), "A new rule begins")


def test_a_variant_that_comes_later_is_decided_at_a_level_for_all(submit):
    submit()
    done = submit(variants=THREE, three=CLEAR)
    assert said(done, "three joined the job after the rule began. Earlier decisions stand; the others are made among 2")
    assert made() == BETTER | {"three": ("better", 5, 0.025)}


def test_a_variant_that_left_still_counts(submit):
    submit(variants=THREE)
    kept = made()
    done = submit()
    assert said(done, "three left the job after the rule began, but still counts")
    assert job_ruling(store(), store().job).family == 2
    assert made() == kept


def test_edited_settings_of_a_variant_are_decided_anew(submit):
    submit()
    done = submit(variants='"one": base, "two": base.but(batch_size=7),')
    assert said(
        done, "two has other settings than when the rule began, and must be decided anew, among 2 comparisons, as"
    )
    assert not said(done, "left the job")
    assert not said(done, "joined the job")
    assert made()["two"] == ("better", 9, 0.025)


def test_a_variant_that_left_before_the_rule_began_counts(submit):
    submit(False, variants=THREE)
    done = submit()
    assert said(done, "1 of 2 comparisons that the rule counts is of settings that the job no longer has, but of which")


def test_variants_that_are_equal_to_the_bit_are_said_to_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = submit_in(tmp_path, "--decide", "0.5", worker=scripted())
    assert done.exit_code == 0
    assert "two and one are equal to the bit in " in done.stdout
    assert made() == {"two": ("equal", 9, 0.05)}


def test_the_rule_of_a_job_goes_with_an_audit_of_it_nowhere(submit, tmp_path, monkeypatch):
    """An audit is no comparison of variants."""
    own = submit_in(
        tmp_path,
        "--audit",
        "one",
        "--repeats",
        "3",
        change=lambda text: text.replace("repeats=5", "repeats=5, decide=Decide(margin=0.5)").replace(
            "import Augment", "import Decide"
        ),
    )
    assert own.exit_code == 0, own.output
    assert Store(Files("results/tiny-audit-one")).job.decide is None


def test_a_renamed_variant_is_the_same(submit):
    submit()
    done = submit(variants=RENAMED)
    assert (done.tried, done.error) == (0, None)
    assert made() == {"second": BETTER["two"]}
    assert notes(done) == []


def test_stored_repeats_count_from_the_first_and_no_further_than_allowed(submit):
    submit(False, repeats=30, points=OPEN)
    done = submit(points=OPEN)
    assert done.tried == 0
    assert said(done, "30 stored repeats count for the rule, from the first on")
    assert said(done, "30 repeats are stored. The rule uses the first 20 of them; it may use 100")
    assert submit(points=OPEN, most_repeats=30).tried == 0


def test_a_margin_finer_than_the_test_set_and_one_out_of_reach_are_said(submit):
    submit(False, repeats=6, points=OPEN)
    done = submit(0.1, points=OPEN)
    assert done.error is None
    assert said(done, "A margin of 0.1 points is less than one of 359 test images is worth, 0.28 points")
    assert said(done, "A margin of 0.1 points can hardly be reached within 20 repeats: 6 pairs of 'two' have an SD of")
    assert said(done, "do not differ are equal after more than 100; a margin of 0.85 points can be reached")


def test_a_margin_within_reach_is_not_said(submit):
    submit(False, repeats=6, points=OPEN)
    assert not any("margin" in note for note in notes(submit(2.0, points=OPEN)))


def test_the_test_set_that_favours_some_variants_is_said(submit, tmp_path):
    path = tmp_path / "stops.py"
    path.write_text(
        "from cnnjobs import BestWeights, Job, Variant, vgg\nbase = Variant(model=vgg(blocks=1), epochs=2)\n"
        'job = Job(name="stops", dataset="digits", validation="test", '
        'variants={"one": base, "best": base.but(callbacks=[BestWeights()])})\n'
    )
    from cnnjobs.run.prepare import prepare, read_job, store_at
    from cnnjobs.run.rule_start import started_rule
    from cnnjobs.spec.decidable import asked_rule

    read = read_job(path, Overrides())
    prepared = prepare(read, Overrides(), lambda *_: None)
    start = started_rule(asked_rule(read.job, decide=True), prepared, store_at("results", read.job))
    assert list(start.notes()) == ["The test set favours 'best', whose callbacks decide by it; so do verdicts"]


def runs_of(variant, repeat):
    rows = store().read("trials", columns=["trial_id", "variant", "repeat"]).table.to_pylist()
    names = {row["trial_id"] for row in rows if (row["variant"], row["repeat"]) == (variant, repeat)}
    return [path for path in Path("results/tiny/trials").iterdir() if path.stem in names]


@pytest.mark.parametrize("variant", ["one", "two"])
def test_a_decision_whose_runs_are_damaged_waits_for_the_same_to_run_again(submit, variant):
    submit(variants=THREE)
    before, kept = made(), rule()
    for path in runs_of(variant, 3):
        path.write_bytes(b"cut sho")
    found = job_ruling(store(), store().job)
    assert found.changed["two"] == f"1 of the {2 * before['two'][1]} runs that it was made from is missing"
    checked = verify_results("results", repair=True)
    assert f"of the {2 * before['two'][1]} runs by which 'two' was decided, 1 is missing: `cnnjobs submit" in str(
        checked
    )
    assert "two" in found.suspended
    assert "two" in found.open
    if variant == "two":
        assert found.decisions["three"].repeats > 3, "others do not wait for it"
        assert len(cnnjobs.plan("job.py", decide=True).missing) == 1
    done = submit(variants=THREE)
    assert done.tried >= 1
    assert said(done, "The decision on 'two' does not stand, because 1 of the ")
    assert said(done, "is missing; it stands again when they have run again")
    assert made() == before
    assert rule() == kept
    assert verify_results("results").whole
    assert job_ruling(store(), store().job).changed == {}


def test_a_decision_whose_runs_are_damaged_is_not_given_up_for_a_family_that_grew(submit, tmp_path):
    submit()
    for path in runs_of("two", 6):
        path.write_bytes(b"cut sho")
    run_in(tmp_path, goal=Goal(decide=True), worker=scripted(two=SLOW, three=OPEN), engine=StopAfter(1), variants=THREE)
    assert made() == BETTER
    submit(variants=THREE)
    assert made()["two"] == BETTER["two"]


def test_runs_with_other_values_are_decided_anew(submit):
    submit()
    rows = store().read("trials").table.to_pylist()
    for path in Path("results/tiny/trials").iterdir():
        path.unlink()
    for row in rows:
        if row["variant"] == "two":
            row["test_accuracy"] = 0.8 - OPEN[row["repeat"]] / 100
        store().commit(row, {}, None)
    done = submit(points=tuple(-one for one in OPEN))
    assert said(done, "the runs that it was made from have other values now; the new one is: open")
    assert "two" not in made()
