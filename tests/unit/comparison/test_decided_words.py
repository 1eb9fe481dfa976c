"""What the rule decides, in sentences: the known answers, as people read them."""

import math

import pytest
from support.decided import DIVERGED, FAILED, A, B, C, D, I
from support.rulings import made_ruling

from cnnjobs.comparison.decided_words import rule_text, short_text, standing_text, verdict_text


def test_better_is_said_with_the_interval_that_holds_at_every_look():
    assert verdict_text(made_ruling({"wider": B}), "wider", allowing=0.00458) == (
        "wider is better than baseline, by 0.49 points after 8 pairs; 95% interval [+0.03, +0.95], which holds however "
        "often one looks; sequential p 0.038; allowing for the stop about 0.46"
    )


def test_worse_is_said_without_a_sign():
    assert short_text(made_ruling({"tiny": C}), "tiny") == "tiny is worse than baseline, by 0.50 points after 8 pairs"


def test_of_several_the_interval_is_at_the_level_that_decided():
    found = made_ruling({"wider": [*A, *[1.0, 1.1] * 6], "deeper": [*B, 0.5], "same": D[:13]})
    assert "98.33% interval [+0.52, +1.88]" in verdict_text(found, "wider")
    assert "after 9 pairs; 97.5% interval [+0.01, +0.93]" in verdict_text(found, "deeper")


def test_equal_is_said_with_the_margin_as_it_was_asked_for():
    found = made_ruling({"same": D}, margin=0.5)
    assert short_text(found, "same") == "same is equal to baseline within 0.5 points, after 6 pairs"
    assert verdict_text(found, "same").endswith("; sequential p 0.035")


def test_pairs_all_alike_have_no_interval():
    assert verdict_text(made_ruling({"wider": [100 / 359] * 12}), "wider") == (
        "wider is better than baseline, by 0.28 points after 9 pairs; sequential p 0.032"
    )


def test_given_up_says_why():
    assert verdict_text(made_ruling({"same": D}), "same") == (
        "same is given up after 5 pairs: 20 repeats would hardly decide; within [-0.62, +0.62]"
    )


@pytest.mark.parametrize(
    ("most", "then"),
    [(20, "--most-repeats 50 goes on"), (50, "--most-repeats 100 goes on"),
     (100, "error rates are known only up to 100 pairs")],
)  # fmt: skip
def test_undecided_says_how_it_goes_on(most, then):
    near = [2.4 * (math.sqrt(n) - math.sqrt(n - 1)) + (-1) ** n for n in range(1, most + 1)]
    said = short_text(made_ruling({"near": near}, most_repeats=most), "near")
    assert said.startswith(f"near is undecided after {most} pairs, within [-0.")
    assert said.endswith(f"]; {then}")


def test_repeats_without_a_pair_are_said_with_who_diverged():
    assert short_text(made_ruling({"wild": I}), "wild") == (
        "wild is better than baseline when it completes, by 0.50 points after 8 pairs of 10 repeats (it diverged in 2, "
        "baseline in 0)"
    )


def test_no_pair_at_all():
    assert (
        short_text(made_ruling({"wild": [DIVERGED] * 5}), "wild") == "wild is undecided: it diverged in 5 of 5 repeats"
    )


def test_what_waits_says_for_what():
    found = made_ruling({"wider": [0.6, 0.1, 0.9, FAILED, 0.2]})
    assert verdict_text(found, "wider") == "wider is undecided: repeat 4 failed; the next submit goes on"
    assert standing_text(found, "wider") == "wider: repeat 4 failed"


def test_an_open_variant_stands_at_a_p_of_a_bound():
    found = made_ruling({"wider": B[:6], "deeper": B[:6]})
    assert short_text(found, "wider") == "wider is not decided yet, after 6 pairs"
    assert standing_text(found, "wider") == "wider: 6 pairs, p 0.172 (0.025)"
    assert standing_text(made_ruling({"wider": B[:1]}), "wider") == "wider: 1 pair"


def test_what_is_nearer_to_equal_stands_at_the_p_of_that_over_all_comparisons():
    """Whatever is worse counts among those that are not equal: it is no easier for the others."""
    found = made_ruling({"same": D[:5], "tiny": [-60.0, -61.0, -62.0, -60.5, -61.5]}, margin=0.5)
    assert found.decisions["tiny"].verdict == "worse"
    assert standing_text(found, "same") == "same: 5 pairs, p of equal 0.091 (0.025)", (
        "t 3.835 of 4 degrees of freedom: x 0.0186"
    )


def test_the_rule_is_said_in_one_line():
    assert rule_text(made_ruling({"wider": B, "deeper": B}, margin=0.5)) == (
        "repeats until each of 2 variants is better, worse or equal within 0.5 points of baseline, looking after every "
        "repeat from the fifth on; at most 20 repeats"
    )
    assert "until the variant is better or worse than baseline, looking" in rule_text(made_ruling({"wider": B}))
