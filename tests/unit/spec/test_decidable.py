"""For which jobs a rule of deciding is refused, and what each that asks for one asks for."""

import pytest

from cnnjobs import Decide, Job, Variant, vgg
from cnnjobs.errors import SpecError
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.submit import Goal
from cnnjobs.spec.decidable import asked_rule

BASE = Variant(model=vgg())
JOB = Job(name="a", dataset="digits", variants={"one": BASE, "two": BASE.but(epochs=3), "three": BASE.but(epochs=4)})
OWN = JOB.but(decide=Decide(margin=0.5, most_repeats=30))


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (JOB.but(folds=5), "`decide` needs independent repeats. Received: a job with folds=5"),
        (JOB.but(variants={"one": BASE}), "Received: a job with 'one' alone. Add a variant, or use"),
        (JOB.but(vary=()), "needs repeats that differ. Received: vary=() for 'one', 'two', 'three'"),
        (JOB.but(vary={"one": ["init"], "two": (), "three": ["init"]}), "Received: vary=() for 'two', whose repeats"),
        (
            JOB.but(vary={"one": ["init"], "two": ["init", "order"], "three": ["init"]}),
            "Received: other sources in `vary` for 'two' than for the reference, 'one'. Use the same for all.",
        ),
        (JOB.but(repeats={"one": 3, "two": 5, "three": 9}), "Received: repeats={'one': 3, 'two': 5, 'three': 9}."),
    ],
)
def test_a_job_that_the_rule_does_not_hold_for_is_refused(job, message):
    for one, decide in ((job, True), (job, 0.5), (job.but(decide=Decide()), False)):
        with pytest.raises(SpecError) as error:
            Goal(decide=decide).decision(one, Overrides())
        assert message in str(error.value)


def test_a_rule_is_an_argument_of_the_job():
    with pytest.raises(SpecError, match=r"Use `Job\(decide=\.\.\.\)` for a rule\. Received: Decide\(margin=0\.2"):
        Goal(decide=Decide(margin=0.2))


def test_the_same_sources_may_vary_in_another_order():
    vary = {"one": ["init", "order"], "two": ["order", "init"], "three": ["init", "order"]}
    assert asked_rule(JOB.but(vary=vary), decide=True).rule == Decide()


@pytest.mark.parametrize(
    ("options", "overrides", "message"),
    [
        ({"half_width": 0.5}, {}, "`decide` and `half_width` exclude each other"),
        ({"audit": "one"}, {}, "`decide` and `audit` exclude each other"),
        ({}, {"repeats": 10}, "Received: repeats=10. Use `most_repeats=N` for the most of each."),
        ({}, {"only": ("two",)}, "`decide` and `only` exclude each other"),
        ({"most_repeats": 4}, {}, "`most_repeats` must be a whole number of at least 5. Received: most_repeats=4."),
        ({"most_repeats": 101}, {}, "`most_repeats` must be a whole number of at most 100"),
    ],
)
def test_options_that_do_not_go_with_it_are_refused(options, overrides, message):
    for job in (JOB, OWN):
        with pytest.raises(SpecError) as error:
            Goal(decide=True, **options).decision(job, Overrides(**overrides))
        assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "overrides", "instead"),
    [
        ({"half_width": 0.5}, {}, "a half width"),
        ({"audit": "one"}, {}, "an audit"),
        ({}, {"repeats": 3}, "3 repeats"),
        ({}, {"repeats": 3, "only": ("two",)}, "3 repeats"),
    ],
)
def test_the_rule_of_a_job_rests_where_something_else_is_asked_for(options, overrides, instead):
    goal, given = Goal(**options), Overrides(**overrides)
    assert goal.decision(OWN, given) is None
    assert goal.resting(OWN, given) == [
        f"The job's own rule (`decide`) is not used in this submit, which asks for {instead}"
    ]
    assert goal.resting(JOB, given) == []


def test_the_most_repeats_of_nothing_are_refused():
    for job, overrides in ((JOB, Overrides()), (OWN, Overrides(repeats=3))):
        with pytest.raises(SpecError, match="`most_repeats` goes with `decide` or `half_width=POINTS`"):
            Goal(most_repeats=7).decision(job, overrides)
    assert Goal(most_repeats=7, half_width=0.5).decision(JOB, Overrides()) is None


@pytest.mark.parametrize(
    ("job", "decide", "most", "rule", "fixed"),
    [
        (JOB, True, None, Decide(), set()),
        (JOB, 0.2, None, Decide(margin=0.2), {"margin"}),
        (OWN, False, None, Decide(margin=0.5, most_repeats=30), {"margin", "alpha"}),
        (OWN, True, 7, Decide(margin=0.5, most_repeats=7), {"margin", "alpha"}),
        (OWN, 0.2, None, Decide(margin=0.2, most_repeats=30), {"margin", "alpha"}),
    ],
)
def test_an_option_goes_before_the_job(job, decide, most, rule, fixed):
    asked = Goal(decide=decide, most_repeats=most).decision(job, Overrides())
    assert (asked.rule, asked.fixed, asked.most_asked) == (rule, fixed, most is not None)
