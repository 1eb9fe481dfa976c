"""Decisions: known answers, several variants, and what odd jobs bring."""

import dataclasses
from itertools import permutations

import numpy as np
import pytest

from cnnjobs.stats.sequential import Kept, Rule, Verdict, bound_of_x, decide, look_at

A = [1.2, 0.9, 1.5, 1.1, 1.3]
B = [0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8, 0.3, 0.6, 0.4, 0.2]
C = [-0.5, -0.2, -0.9, 0.1, -0.6, -0.7, -0.4, -0.8, -0.3, -0.6]
D = [0.3, -0.2, 0.1, -0.4, 0.2, 0, -0.1, 0.5, -0.3, 0.1, 0.2, -0.2, 0.4, -0.1, 0, 0.1, -0.3, 0.2, 0.1, -0.1]
F = [100 / 359] * 12
G = [0.0] * 12
H = [one * 100 / 359 for one in (2, 1, 0, 3, 1, 2, 2, 1, 0, 3)]
I = [0.6, None, 0.9, 0.4, -0.1, None, 0.5, 0.8, 0.3, 0.6, 0.4, 0.2]  # noqa: E741
J = [-12, 0.8, 0.9, 0.7, 1, 0.8, 0.9, 1.1, 0.7, 0.9, 0.8, 1, 0.9, 0.8, 0.7, 0.9, 1, 0.8, 0.9, 0.8]
K = [-0.012, -0.020, -0.008, -0.015, -0.018]
SOON = [0.5, 0.6, 0.15, 0.7, 0.5]
"""q between 0.025 and 0.05: enough for the second of two variants, not for the first."""

PATIENT = Rule(gives_up=False)
LOSS = Rule(higher_is_better=False)

KNOWN = {
    "A": (A, Rule(), "better", 5, 5, 0.000276429, 0.002390, (0.724225, 1.675775)),
    "B": (B, Rule(), "better", 8, 8, 0.006503703, 0.038354, (0.029787, 0.945213)),
    "C": (C, Rule(), "worse", 8, 8, 0.004556126, 0.028354, (-0.938317, -0.061683)),
    "D": (D, PATIENT, "undecided", 20, 20, 0.807317, 1, (-0.148301, 0.198301)),
    "D, giving up": (D, Rule(), "given_up", 5, 5, 1, 1, (-0.620335, 0.620335)),
    "F": (F, Rule(), "better", 9, 9, 0.005240784, 0.031945, None),
    "H": (H, Rule(), "better", 7, 7, 0.006294231, 0.037308, (0.031893, 0.843555)),
    "I": (I, Rule(), "better", 8, 10, 0.003384770, 0.021977, (0.085393, 0.914607)),
    "J": (J, PATIENT, "undecided", 20, 20, 0.540049, 1, (-1.855479, 2.295479)),
    "K": (K, LOSS, "better", 5, 5, 0.002394077, 0.016289, (-0.02476, -0.00444)),
}
"""Name -> differences, rule, verdict, pairs, repeats, x, q, interval."""

EQUAL = {
    "E": (D, 0.5, 6, 0.005863891, 0.035139, (-0.451749, 0.451749)),
    "G": (G, 0.2, 9, 0.005240784, 0.031945, None),
}
"""Name -> differences, margin, pairs, x_equal, q_equal, interval."""


def one(differences, rule=None, **others):
    return decide({"a": differences}, rule or Rule(), **others)["a"]


def ends(decision):
    return None if decision.interval.low is None else (decision.interval.low, decision.interval.high)


@pytest.mark.parametrize("name", KNOWN)
def test_known_answers(name):
    differences, rule, verdict, pairs, repeats, x, q, interval = KNOWN[name]
    found = one(differences, rule)
    assert (found.verdict.value, found.pairs, found.repeats) == (verdict, pairs, repeats)
    assert found.x == pytest.approx(x, rel=2e-6)
    assert found.q == pytest.approx(q, abs=2e-6)
    assert ends(found) == (interval if interval is None else pytest.approx(interval, abs=6e-6))
    assert found.differences == tuple(v for v in differences[:repeats] if v is not None)
    assert found.left == 0 and found.look == pairs and found.lost == repeats - pairs


@pytest.mark.parametrize("name", EQUAL)
def test_known_answers_of_equivalence(name):
    differences, margin, pairs, x, q, interval = EQUAL[name]
    found = one(differences, Rule(margin=margin))
    assert (found.verdict, found.pairs) == (Verdict.EQUAL, pairs)
    assert found.x_equal == pytest.approx(x, rel=2e-6)
    assert found.q_equal == pytest.approx(q, abs=2e-6)
    assert ends(found) == (interval if interval is None else pytest.approx(interval, abs=6e-6))


def test_known_answers_of_three_variants():
    found = decide({"a": A + [1.0, 1.1] * 7, "b": [*B, 0.5, 0.7, 0.3, 0.6, 0.4, 0.5, 0.6, 0.4], "d": D}, PATIENT)
    assert [(name, each.verdict.value, each.pairs) for name, each in found.items()] == [
        ("a", "better", 5),
        ("b", "better", 9),
        ("d", "undecided", 20),
    ]
    assert found["a"].x == pytest.approx(0.000276429, rel=2e-6) and found["a"].q == pytest.approx(0.002390, abs=2e-6)
    assert ends(found["a"]) == pytest.approx((0.521104, 1.878896), abs=2e-6)
    assert found["a"].alpha == pytest.approx(0.05 / 3)
    assert found["b"].x == pytest.approx(0.003655067, rel=2e-6) and found["b"].q == pytest.approx(0.023478, abs=2e-6)
    assert ends(found["b"]) == pytest.approx((0.005881, 0.927452), abs=2e-6)
    assert found["b"].alpha == 0.025
    assert ends(found["d"]) == pytest.approx((-0.148301, 0.198301), abs=2e-6)
    assert found["d"].alpha == 0.05


def test_without_pairs_the_rule_goes_on():
    found = one([])
    assert (found.verdict, found.repeats, found.pairs, found.mean, found.sd) == (Verdict.OPEN, 0, 0, None, None)
    assert (found.q, found.q_equal, found.left, found.interval.why) == (1, 1, 20, "no pairs")
    assert one(A[:4]).verdict is Verdict.OPEN and one(A[:4]).left == 16


def test_more_endings_than_are_allowed_are_not_used():
    assert one([*D, *[9.0, 9.1] * 40], PATIENT) == one(D, PATIENT)
    assert one([*A, -50, 70], Rule(most_repeats=5)) == one(A, Rule(most_repeats=5))


def test_a_hundred_pairs_exactly():
    random = np.random.default_rng(0)
    rule = dataclasses.replace(PATIENT, most_repeats=100)
    noise = random.normal(size=100)
    found = one(noise - noise.mean(), rule)
    assert (found.verdict, found.pairs, found.left) == (Verdict.UNDECIDED, 100, 0)
    last = noise - noise.mean()
    last += np.where(np.arange(100) < 99, 0.0, 3.0)
    barely = 3.1755 * last.std(ddof=1) / 10 - last.mean()
    flat = np.concatenate([last[:99], [last[99] + 100 * barely]])
    assert one(flat, rule).pairs == 100


def test_a_decision_after_few_pairs_stays_whatever_comes():
    found = one([*A, *[-9.0] * 15])
    assert found == one(A)
    assert found.differences == tuple(A)


def test_a_raised_number_of_repeats_goes_on_where_it_ended():
    before = one(D, PATIENT)
    later = D + [0.6, 0.7] * 10
    after = one(later, dataclasses.replace(PATIENT, most_repeats=40))
    assert before.verdict is Verdict.UNDECIDED and after.verdict is Verdict.BETTER
    assert after.pairs > 20
    assert one(later, dataclasses.replace(PATIENT, most_repeats=100)) == dataclasses.replace(after, left=0)


def test_what_was_given_up_is_taken_up_with_more_repeats():
    weak = [0.4, -0.3, 0.3, -0.2, -0.2]
    assert one(weak).verdict is Verdict.GIVEN_UP
    assert one(weak, Rule(most_repeats=100)).verdict is Verdict.OPEN


def test_a_lowered_number_of_repeats_keeps_what_more_repeats_decided():
    rule = dataclasses.replace(PATIENT, most_repeats=40)
    later = D + [0.6, 0.7] * 10
    made = one(later, rule)
    kept = {"a": Kept(verdict=made.verdict, repeats=made.repeats, alpha=made.alpha)}
    assert one(later, PATIENT, kept=kept) == made
    assert one(later, PATIENT).verdict is Verdict.UNDECIDED


def test_an_interval_agrees_with_a_verdict_at_a_level_that_was_reached_after_its_look():
    """At 5 pairs b has q 0.037, which needs the other to be decided first; its sixth pair is an outlier."""
    b = [*SOON, -2.0, 0.4, 0.5, 0.6, 0.4]
    looks = look_at(b)
    assert 0.025 < looks.q[4] < 0.05 < looks.x_now[5] and looks.x[9] == looks.x_now[4]
    found = decide({"a": B, "b": b}, PATIENT)
    assert (found["a"].verdict, found["a"].repeats) == (Verdict.BETTER, 9)
    assert (found["b"].verdict, found["b"].repeats, found["b"].alpha) == (Verdict.BETTER, 9, 0.05)
    assert found["b"].look == 5 < found["b"].pairs
    assert found["b"].interval.low > 0
    assert found["b"].mean == pytest.approx(np.mean(b[: found["b"].pairs]))


def test_pairs_that_have_turned_since_decide_nothing_when_their_level_is_reached_later():
    """As above, but the mean is below 0 by then: "better, by a negative difference" would be no decision."""
    b = [*SOON, -6.0, 0.4, 0.5, 0.6, 0.4]
    found = decide({"a": B, "b": b}, PATIENT)
    assert (found["a"].verdict, found["a"].repeats) == (Verdict.BETTER, 9)
    assert found["b"].verdict is Verdict.OPEN and found["b"].repeats == 10
    assert found["b"].q < 0.05 and found["b"].mean < 0
    assert found["b"].interval.low < 0 < found["b"].interval.high
    again = decide({"a": B, "b": [*b, *[2.0] * 5]}, PATIENT)["b"]
    assert again.verdict is Verdict.BETTER and again.mean > 0


def test_pairs_that_have_left_the_margin_since_are_not_equal_when_their_level_is_reached_later():
    b = [0.045, -0.14, 0.09, -0.09, 0.11]
    rule = Rule(margin=0.25, gives_up=False)
    assert 0.025 < look_at(b, 0.25).q_equal[-1] < 0.05
    a = [0.1, -0.1, 0.05, -0.05, 0.02, -0.03, 0.0]
    assert look_at(a, 0.25).q_equal[4] <= 0.025
    assert decide({"a": a, "b": b}, rule)["b"].verdict is Verdict.EQUAL
    late = [0.3, *a]
    made = decide({"a": late, "b": [*b, 0.7, 0.7, 0.8]}, rule)
    assert made["a"].verdict is Verdict.EQUAL and made["a"].repeats > 5
    assert made["b"].verdict is Verdict.OPEN and made["b"].mean > 0.25
    assert decide({"a": late, "b": [*b, 0.1, 0.2, -0.4]}, rule)["b"].verdict is Verdict.EQUAL


def random_families(count, variants=3, repeats=30, margin=0.8):
    random = np.random.default_rng(7)
    effects = random.choice([0, 0.4, 0.8, 1.5, -1.5], (count, variants, 1))
    shared = random.normal(size=(count, 1, repeats))
    spread = random.choice([0.3, 1.0], (count, 1, 1))
    values = effects + spread * (random.normal(size=(count, variants, repeats)) + shared)
    lost = random.random(values.shape) < 0.05
    rule = Rule(most_repeats=repeats, margin=margin, gives_up=False)
    return rule, [
        {
            name: [None if gone else float(v) for v, gone in zip(each, away, strict=True)]
            for name, each, away in zip("abc", family, families_lost, strict=True)
        }
        for family, families_lost in zip(values, lost, strict=True)
    ]


def test_every_interval_agrees_with_its_verdict():
    rule, families = random_families(150)
    seen, relaxed = set(), 0
    for family in families:
        for found in decide(family, rule).values():
            seen.add(found.verdict)
            relaxed += found.look < found.pairs
            low, high = found.interval.low, found.interval.high
            assert {
                Verdict.BETTER: low > 0,
                Verdict.WORSE: high < 0,
                Verdict.EQUAL: -rule.margin < low and high < rule.margin,
                Verdict.UNDECIDED: low < 0 < high and not (-rule.margin < low and high < rule.margin),
            }[found.verdict]
            assert found.verdict is not Verdict.BETTER or found.q <= found.alpha + 1e-12
            assert found.verdict is not Verdict.EQUAL or found.q_equal <= found.alpha + 1e-12
    assert seen == {Verdict.BETTER, Verdict.WORSE, Verdict.EQUAL, Verdict.UNDECIDED}
    assert relaxed, "a level that was reached later occurs among them"


def test_nothing_that_was_decided_after_a_repeat_changes_with_later_ones():
    rule, families = random_families(20)
    for family in families:
        end = decide(family, rule)
        for repeats in range(5, 30, 4):
            sofar = decide({name: each[:repeats] for name, each in family.items()}, rule)
            for name, found in sofar.items():
                if found.verdict.is_decided:
                    assert found == end[name]
                else:
                    assert end[name].repeats > repeats


def test_one_variant_that_is_ahead_waits_for_the_others():
    found = decide({"a": A, "b": B[:4]}, Rule())
    assert found["a"].verdict is Verdict.OPEN and found["a"].repeats == 4
    assert decide({"a": A, "b": B[:5]}, Rule())["a"].verdict is Verdict.BETTER


def test_the_order_of_variants_decides_nothing():
    rule, families = random_families(6)
    for family in families:
        made = decide(family, rule)
        for order in permutations(family):
            assert decide({name: family[name] for name in order}, rule) == made


def test_better_and_equal_at_the_same_look_is_better():
    """A small difference that is certain: it is one, and none that matters; the margin is told beside it."""
    found = one([0.1, 0.11, 0.09, 0.1, 0.11], Rule(margin=0.5))
    assert found.verdict is Verdict.BETTER
    assert found.q_equal <= 0.05


def test_equal_stays_while_the_others_go_on():
    """Its q would be enough once another is decided: it has its verdict, and the others their level."""
    a = [0.05 * v for v in SOON]
    assert 0.025 < look_at(a).q[-1] < 0.05
    others = [0.5, -0.1, 0.9, 0.2, 1.2, 0.4, 0.8, 0.6, 0.5, 0.7, 0.6, 0.5]
    rule = Rule(margin=0.2, most_repeats=12, gives_up=False)
    found = decide({"a": a, "b": others}, rule)
    assert (found["a"].verdict, found["a"].repeats) == (Verdict.EQUAL, 5)
    assert found["b"].verdict is Verdict.BETTER and found["b"].repeats > 5
    assert found["b"].alpha == 0.025, "a was decided in the other family only"
    assert decide({"a": a + [9.0] * 7, "b": others}, rule) == found


def test_comparisons_that_are_no_longer_among_the_variants_count():
    assert one(B).alpha == 0.05
    six = one(B, family=6)
    assert six.verdict is Verdict.BETTER and six.pairs == 11 and six.alpha == pytest.approx(0.05 / 6)
    assert one(B, family=1) == one(B, family=None) == one(B)
    assert decide({"a": B, "b": B}, Rule(), family=1) == decide({"a": B, "b": B}, Rule())


def test_a_decision_of_earlier_stands_with_more_variants():
    """q of 0.038 was enough alone; with two variants Holm would ask for 0.025 first."""
    made = one(B)
    kept = {"a": Kept(verdict=made.verdict, repeats=made.repeats, alpha=made.alpha)}
    found = decide({"a": B, "b": D[:8]}, Rule(gives_up=False), kept=kept)
    assert found["a"] == made
    assert found["b"].alpha == 0.025, "Holm has not decided the first at this number of variants"
    assert not found["b"].verdict.is_decided


def test_the_level_of_what_goes_on_is_the_one_it_would_be_decided_at():
    made = one(B)
    kept = {"a": Kept(verdict=made.verdict, repeats=made.repeats, alpha=made.alpha)}
    assert 0.025 < look_at(SOON).q[-1] < 0.05
    found = decide({"a": B, "b": SOON}, PATIENT, kept=kept)["b"]
    assert found.verdict is Verdict.OPEN
    assert found.interval.low < 0 < found.interval.high


def test_a_decision_whose_pairs_are_gone_stands_without_numbers():
    found = one([], kept={"a": Kept(verdict=Verdict.BETTER, repeats=8, alpha=0.05)})
    assert (found.verdict, found.pairs, found.q, found.interval.why) == (Verdict.BETTER, 0, 1, "no pairs")
    found = one(B[:3], kept={"a": Kept(verdict=Verdict.BETTER, repeats=8, alpha=0.05)})
    assert (found.verdict, found.pairs, found.repeats) == (Verdict.BETTER, 3, 3)


def test_an_earlier_equal_stands_where_the_margin_was_taken_away():
    made = one(D, Rule(margin=0.5))
    kept = {"a": Kept(verdict=made.verdict, repeats=made.repeats, alpha=made.alpha)}
    found = one(D, Rule(), kept=kept)
    assert (found.verdict, found.look, ends(found)) == (Verdict.EQUAL, 6, ends(made))


def test_a_failed_repeat_keeps_only_its_own_variant():
    found = decide({"a": A[:3], "b": B}, PATIENT, waiting=["a"])
    assert (found["a"].verdict, found["a"].repeats, found["a"].left) == (Verdict.OPEN, 3, 17)
    assert (found["b"].verdict, found["b"].repeats, found["b"].alpha) == (Verdict.BETTER, 9, 0.025)


def test_a_first_repeat_that_failed_is_not_one_that_diverged():
    found = decide({"a": [], "b": B}, PATIENT, waiting=["a"])
    assert (found["a"].verdict, found["a"].repeats) == (Verdict.OPEN, 0)
    assert found["b"].repeats == 9
    found = decide({"a": [None, None], "b": B}, PATIENT, waiting=["a"])
    assert (found["a"].verdict, found["a"].repeats) == (Verdict.OPEN, 2)


def test_a_failed_repeat_does_not_end_with_those_of_the_others():
    found = decide({"a": A[:4], "b": D}, PATIENT, waiting=["a"])
    assert found["b"].verdict is Verdict.UNDECIDED
    assert found["a"].verdict is Verdict.OPEN


def test_a_repeat_that_is_repaired_changes_no_decision_that_was_made():
    """Alone b needed nine pairs for a level of 0.025; with a's fifth it would have been decided after eight."""
    before = decide({"a": A[:4], "b": B}, PATIENT, waiting=["a"])
    made = before["b"]
    assert made.repeats == 9
    kept = {"b": Kept(verdict=made.verdict, repeats=made.repeats, alpha=made.alpha)}
    after = decide({"a": A, "b": B}, PATIENT, kept=kept)
    assert after["b"] == made
    assert after["a"].verdict is Verdict.BETTER
    assert decide({"a": A, "b": B}, PATIENT)["b"].repeats == 8


@pytest.mark.parametrize("pairs", [B[:8], B[:3], B[:7]])
def test_the_pairs_before_a_failed_repeat_count_where_no_other_variant_goes_on(pairs):
    waits, goes_on = decide({"a": pairs}, PATIENT, waiting=["a"])["a"], decide({"a": pairs}, PATIENT)["a"]
    assert waits == goes_on and waits.pairs == len(pairs)
    assert waits.verdict is (Verdict.BETTER if len(pairs) == 8 else Verdict.OPEN)


def test_a_waiting_variant_is_decided_when_the_level_of_its_pairs_is_reached():
    """Its five pairs have q of 0.037, enough once the other is decided."""
    found = decide({"a": SOON, "b": B}, PATIENT, waiting=["a"])
    assert (found["b"].verdict, found["b"].repeats) == (Verdict.BETTER, 9)
    assert (found["a"].verdict, found["a"].pairs, found["a"].alpha) == (Verdict.BETTER, 5, 0.05)
    assert found["a"].interval.low > 0


def test_repeats_that_diverge_count_as_repeats_and_not_as_pairs():
    found = one([None] * 5 + A)
    assert (found.verdict, found.repeats, found.pairs, found.lost) == (Verdict.NO_PAIRS, 5, 0, 5)
    assert found.interval.why == "no pairs"
    found = one([None] * 4 + A)
    assert (found.verdict, found.repeats, found.pairs) == (Verdict.BETTER, 9, 5)
    found = one([0.1, *[None] * 15])
    assert (found.verdict, found.repeats, found.pairs) == (Verdict.OPEN, 16, 1)
    found = one([0.1, *[None] * 16])
    assert (found.verdict, found.repeats) == (Verdict.GIVEN_UP, 17), "five pairs cannot come any more"
    found = one([0.1, *[None] * 19], PATIENT)
    assert (found.verdict, found.pairs, found.interval.why) == (
        Verdict.UNDECIDED,
        1,
        "1 of the 5 pairs of the first look",
    )


def test_a_variant_without_pairs_does_not_keep_the_others():
    found = decide({"a": [None] * 5, "b": B}, PATIENT)
    assert found["a"].verdict is Verdict.NO_PAIRS
    assert (found["b"].verdict, found["b"].repeats) == (Verdict.BETTER, 9)


def test_losses_are_better_where_they_are_smaller():
    assert one(A, LOSS).verdict is Verdict.WORSE
    assert one(C, LOSS).verdict is Verdict.BETTER
    assert one([-v for v in A]).verdict is Verdict.WORSE


def test_a_mirrored_job_has_the_mirrored_decisions():
    rule, families = random_families(30)
    mirror = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
    for family in families:
        made = decide(family, rule)
        for name, found in decide({n: [v and -v for v in each] for n, each in family.items()}, rule).items():
            assert found.verdict is mirror.get(made[name].verdict, made[name].verdict)
            assert (found.repeats, found.q) == (made[name].repeats, made[name].q)


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="must be finite"):
        one([0.1, float("nan"), 0.2])


@pytest.mark.parametrize(
    "wrong",
    [
        {"most_repeats": 4},
        {"most_repeats": 101},
        {"margin": 0.0},
        {"margin": -0.5},
        {"margin": float("nan")},
        {"margin": float("inf")},
        {"alpha": 0.0},
        {"alpha": 0.5},
        {"alpha": float("nan")},
    ],
)
def test_a_rule_that_promises_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be "):
        Rule(**wrong)


def test_giving_up_needs_five_pairs_and_hope_is_the_effect_and_a_half_more_errors():
    """At 5 pairs: |mean| / s + 1.5 / sqrt(5) below 0.72107, the effect that 20 pairs need."""
    spread = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    spread /= spread.std(ddof=1)
    threshold = 0.72107 - 1.5 / 5**0.5
    assert one(spread + threshold - 1e-3).verdict is Verdict.GIVEN_UP
    assert one(spread + threshold + 1e-3).verdict is Verdict.OPEN
    assert one(spread, Rule(margin=0.722)).verdict is Verdict.OPEN, "the margin can be reached"
    assert one(spread, Rule(margin=0.720)).verdict is Verdict.GIVEN_UP
    assert one(G).repeats == 5 and one(G).verdict is Verdict.GIVEN_UP
    assert one(G, Rule(margin=1e-6)).verdict is Verdict.EQUAL
    assert one([0.3] * 8).verdict is Verdict.OPEN


def test_a_bound_that_is_met_exactly_decides():
    """The bound itself belongs to it: q <= alpha."""
    looks = look_at(B)
    assert one(B[:8], Rule(alpha=float(looks.q[7]), gives_up=False)).verdict is Verdict.BETTER
    assert bound_of_x(float(looks.q[7])) == pytest.approx(looks.x[7])
