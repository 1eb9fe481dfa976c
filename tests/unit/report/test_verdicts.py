"""The report's first words say what the runs allow, and no more."""

from dataclasses import replace

from support.stores import VALUES, make_store

from cnnjobs.comparison.selection import weights
from cnnjobs.comparison.table import job_table
from cnnjobs.report.render.comparison_text import table_lines
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.report.sections.verdicts import notes, sentences, verdict_section


def said(tmp_path, values, metric=None, margin=None, **made):
    return sentences(job_table(make_store(tmp_path, values, **made), metric, margin=margin))


def test_a_resolved_difference_has_its_size_interval_p_family_and_pairs(tmp_path):
    first, second = said(tmp_path, VALUES)
    assert first == (
        "better | *bold* <script> is better than baseline, by 1.80 points (97.5% CI [+1.10, +2.50], p = 0.002 by Holm "
        "over 2 comparisons, 5 pairs)."
    )
    assert second.startswith(
        "alike against baseline is not resolved: mean difference +0.00 points (95% CI [-1.96, +1.96], p = 1"
    )
    assert second.endswith("5 pairs)."), "how many repeats would resolve it is in the section on planning"


def test_a_difference_within_the_margin_is_said_to_be_so(tmp_path):
    assert "It is smaller than 5 points either way (p" in said(tmp_path, VALUES, margin=5)[1]


def test_another_metric_than_the_jobs_own_has_estimates_in_its_unit_and_no_verdict(tmp_path):
    (first, second) = said(tmp_path, VALUES, "test_loss")
    assert first == (
        "No verdict on better | *bold* <script> against baseline (secondary: on test loss instead of test accuracy): "
        "mean difference -0.0180 nats (95% CI [-0.0236, -0.0124], 5 pairs)."
    )
    assert second.startswith("No verdict on alike")


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
        "a has a mean test accuracy of 60.00%, 95% CI [35.16, 84.84]; SD over 3 runs 10.00 points."
    ]
    assert said(tmp_path / "one", {"a": [0.5]}) == ["a has a test accuracy of 50.00% (one repeat: no spread)."]
    assert said(tmp_path / "none", {"a": []}) == ["No run has completed yet."]


def test_a_variant_without_pairs_cannot_be_compared(tmp_path):
    (first, *_) = said(tmp_path, {"a": [0.5, 0.6], "b": []})
    assert first == "b cannot be compared with a: no pairs yet."


def test_the_section_begins_with_the_question_and_ends_with_what_to_know(tmp_path):
    store = make_store(tmp_path, VALUES, validation="test")
    assert [element.kind for element in verdict_section(job_table(store)).elements] == ["verdict", "verdict", "note"]
    store.write_job(replace(store.kept_job(), text='"""Does it help?\n\nMore of it."""'))
    elements = verdict_section(job_table(store)).elements
    assert [element.kind for element in elements] == ["text", "verdict", "verdict", "note"]
    assert elements[0].text == "Does it help?"


def test_a_difference_of_runs_that_completed_says_how_many_diverged(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.6, 0.65], "b": [0.9, 0.95, 0.97]}, repeats=4)
    which = {"trial_id": "t1-3", "condition_id": "c1", "job": "job", "variant": "b", "repeat": 3, "fold": 0}
    store.commit(which | {"status": "diverged"}, {}, None)
    first, _ = sentences(job_table(store))
    assert first.startswith("No verdict on b against a (3 pairs: a verdict needs five): mean difference +35.67 points")
    assert first.endswith(
        "3 pairs); 1 of 4 runs of b and 0 of 3 of a diverged or have no finite value (Fisher's exact p = 1)."
    )


def test_variants_that_are_equal_in_every_pair_are_said_to_be(tmp_path):
    assert said(tmp_path, {"a": [0.5, 0.6], "b": [0.5, 0.6]})[0] == "b and a are equal in every pair."


def test_variants_that_are_equal_to_the_bit_have_a_verdict_of_their_own(tmp_path):
    values = {"a": [0.8, 0.85], "b": [0.8, 0.85], "c": [0.9, 0.97]}
    table = job_table(make_store(tmp_path, values, train_loss=0.25))
    first, second = sentences(table)[:2]
    assert first == "b and a are equal to the bit in every pair: the settings in which they differ have no effect."
    assert second.startswith("No verdict on c against a (2 pairs: a verdict needs five)")
    verdicts = [row["verdict"] for row in differences_table(table).rows]
    assert verdicts == ["equal to the bit", "2 pairs: a verdict needs five"]
    assert table.notes == (
        "b and a are equal to the bit in both pairs: the settings in which they differ have no effect",
    )
    assert "equal to the bit" in "\n".join(table_lines(table))


def test_variants_that_are_equal_to_the_bit_to_one_another_are_noted(tmp_path):
    values = {"a": [0.7, 0.9], "b": [0.5, 0.6], "c": [0.5, 0.6], "d": [0.5]}
    notes = job_table(make_store(tmp_path, values, train_loss=0.25, repeats=2)).notes
    assert [note for note in notes if "bit" in note] == [
        "c and b are equal to the bit in both pairs: the settings in which they differ have no effect",
        "d and b are equal to the bit in their pair: the settings in which they differ have no effect",
    ]


def test_variants_whose_repeats_vary_other_sources_are_not_compared(tmp_path):
    store = make_store(tmp_path, {"a": [0.90, 0.91] * 5, "b": [0.92, 0.94] * 5}, folds=5, repeats=2)
    held = replace(store.job.variants["b"], vary=("init", "order"))
    store.write_job(replace(store.job, variants={**store.job.variants, "b": held}))
    table = job_table(store)
    assert sentences(table)[0] == "b cannot be compared with a: its repeats vary other sources of chance."
    assert [row.design.same_folds for row in table.rows] == [False, True], "each has its own design"
    assert (table.rows[0].summary.n, table.rows[1].summary.n) == (10, 5)


def test_repeats_with_the_same_seeds_are_not_independent_pairs(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.5, 0.6], "b": [0.7, 0.7, 0.9]})
    store.write_job(replace(store.job, vary=()))
    one = job_table(store).comparisons["b"]
    assert one.sign_flip.why == one.superiority.interval.why == "every repeat has the same seeds"


def with_callbacks(tmp_path, *callbacks, **made):
    store = make_store(tmp_path, {"a": [0.5, 0.6], "b": [0.7, 0.9]}, **made)
    variants = {
        name: replace(variant, settings={"callbacks": own})
        for (name, variant), own in zip(store.job.variants.items(), callbacks, strict=True)
    }
    store.write_job(replace(store.job, variants=variants))
    return store


BEST = {"kind": "BestWeights", "monitor": "val_accuracy"}


def test_which_epochs_weights_are_measured_is_said(tmp_path):
    final = with_callbacks(tmp_path / "final", [], [{"kind": "EarlyStopping", "monitor": "val_loss"}])
    both = with_callbacks(tmp_path / "both", [BEST], [BEST])
    one = with_callbacks(tmp_path / "one", [], [BEST])
    assert weights(final.job) == "the weights of the final epoch"
    assert weights(both.job) == "the weights of the best epoch by val_accuracy"
    assert weights(one.job) == "the weights of the final epoch, or of the best one (b by val_accuracy)"


def test_weights_chosen_by_the_test_set_are_said_to_flatter(tmp_path):
    chosen, free = (
        list(notes(job_table(with_callbacks(tmp_path / name, [], own, validation="test"))))
        for name, own in (("chosen", [BEST]), ("free", []))
    )
    assert "Callbacks of b decide by the test set" in chosen[0]
    assert "Nothing was selected by them here" in free[0]
