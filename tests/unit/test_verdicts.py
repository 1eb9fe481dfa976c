"""The report's first words say what the runs allow, and no more."""

from stored import VALUES, make_store

from cnnjobs.analysis.report_verdicts import sentences, verdict_section
from cnnjobs.analysis.tables import job_table


def said(tmp_path, values, metric=None, margin=None, **made):
    return sentences(job_table(make_store(tmp_path, values, **made), metric, margin=margin))


def test_a_resolved_difference_has_its_size_interval_p_family_and_pairs(tmp_path):
    first, second = said(tmp_path, VALUES)
    assert first == (
        "better | *bold* <script> is better than baseline, by 1.80 points (95% CI [+1.24, +2.36], p = 0.002 by Holm "
        "over 2 comparisons, 5 pairs)."
    )
    assert second.startswith(
        "alike against baseline is not resolved: mean difference +0.00 points (95% CI [-1.96, +1.96], p = 1"
    )
    assert second.endswith("Resolving 0.2 points in 80% of such studies takes 493 [179, 4,053] repeats of both.")


def test_a_difference_within_the_margin_is_said_to_be_so(tmp_path):
    assert "It is smaller than 5 points either way (p" in said(tmp_path, VALUES, margin=5)[1]


def test_a_loss_has_nats_and_less_is_better(tmp_path):
    first, second = said(tmp_path, VALUES, "test_loss")
    assert "is better than baseline, by 0.0180 nats" in first
    assert "Resolving" not in second, "nobody named a margin"


def test_one_repeat_allows_nothing(tmp_path):
    assert said(tmp_path, {"a": [0.5], "b": [0.6]}) == [
        "b is 10.00 points above a: one pair: cannot tell from chance.",
        "So no difference here can be told from chance yet.",
    ]


def test_folds_below_five_are_estimates(tmp_path):
    first, _ = said(tmp_path, {"a": [0.90, 0.92], "b": [0.91, 0.95]}, folds=2, repeats=1)
    assert first == "b is 2.00 points above a: below 5 folds: an estimate only."


def test_one_variant_has_its_mean_interval_and_spread(tmp_path):
    assert said(tmp_path, {"a": [0.5, 0.6, 0.7]}) == [
        "a has a mean test accuracy of 60.00%, 95% CI [35.16, 84.84]; SD over 3 runs 10.00."
    ]
    assert said(tmp_path / "one", {"a": [0.5]}) == ["a has a test accuracy of 50.00% (one repeat: no spread)."]
    assert said(tmp_path / "none", {"a": []}) == ["No run has completed yet."]


def test_a_variant_without_pairs_cannot_be_compared(tmp_path):
    (first, *_) = said(tmp_path, {"a": [0.5, 0.6], "b": []})
    assert first == "b cannot be compared with a: no pairs yet."


def test_the_section_says_what_was_compared_and_what_to_know(tmp_path):
    section = verdict_section(job_table(make_store(tmp_path, VALUES, validation="test")))
    kinds = [block.kind for block in section.blocks]
    assert kinds == ["verdict", "verdict", "text", "note"]
    assert section.blocks[2].text.startswith("Data set digits: 100 training and 10 test images of 2 classes. 5 repeats")
