"""Failures of one side, which no test of means sees, stand beside its verdict: diverged and collapsed runs."""

from math import comb

import numpy as np
import pytest
from support.stores import document_of, make_store, report_of, stored_dataset, stored_job

from cnnjobs.comparison.collapsed import Completion, collapsed
from cnnjobs.comparison.table import job_table
from cnnjobs.report.frames import comparison_of
from cnnjobs.report.render.comparison_text import table_lines
from cnnjobs.report.render.latex import latex_table
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.report.sections.verdicts import sentences

BASE = [0.900, 0.903, 0.901, 0.905, 0.902, 0.904, 0.899, 0.903, 0.902, 0.901]
BETTER = [value + 0.02 + 0.001 * (place % 3) for place, value in enumerate(BASE)]


def store_of(root, values, rows=10_000, classes=10, diverged=(), **more):
    """A store of these accuracies, whose variants have diverged runs after them: (place of the variant, how many)."""
    store = make_store(root, values, repeats=max(map(len, values.values())))
    conditions = {name: f"c{place}" for place, name in enumerate(values)}
    dataset = stored_dataset(test_rows=rows, classes=classes, **more)
    store.write_job(stored_job("job", conditions, repeats=10, dataset=dataset))
    for place, name in enumerate(values):
        for repeat in range(len(values[name]), len(values[name]) + dict(diverged).get(place, 0)):
            which = {"trial_id": f"t{place}-{repeat}", "condition_id": f"c{place}", "job": "job", "variant": name}
            store.commit(which | {"repeat": repeat, "fold": 0, "status": "diverged"}, {}, None)
    return store


@pytest.mark.parametrize(
    ("lost", "reference_lost", "when", "p"),
    [(3, 0, "when it completes", 0.210526), (0, 3, "when a completes", 0.210526), (2, 2, "when both complete", 1.0)],
)
def test_a_variant_that_diverges_is_not_plainly_better(tmp_path, lost, reference_lost, when, p):
    """Three of ten runs diverge: the pairs that are left are of those that completed."""
    values = {"a": BASE[: 10 - reference_lost], "b": BETTER[: 10 - lost]}
    store = store_of(tmp_path, values, diverged={1: lost, 0: reference_lost}.items())
    table = job_table(store)
    (said,) = sentences(table)
    assert said.startswith(f"b is better than a {when}, by 2.")
    rates = f"{lost} of 10 runs of b and {reference_lost} of 10 of a diverged or have no finite value"
    assert said.endswith(f"; {rates} (Fisher's exact p = {p:.2g}).")
    (row,) = differences_table(table).rows
    assert (row["verdict"], row["resolved"]) == (f"better {when}", True)
    assert (row["lost"], row["ended"], row["reference_lost"], row["reference_ended"]) == (lost, 10, reference_lost, 10)
    assert row["lost_p"] == pytest.approx(p, abs=1e-6)
    assert comparison_of(store).differences.lost.tolist() == [lost]
    for shown in ("\n".join(table_lines(table)), report_of(store), latex_table(differences_table(table))):
        assert f"better {when}" in shown


def test_where_all_runs_have_a_result_nothing_is_said_of_completing(tmp_path):
    table = job_table(store_of(tmp_path, {"a": BASE, "b": BETTER}))
    (row,) = differences_table(table).rows
    assert (row["verdict"], row["lost"], row["lost_p"], row["collapsed"]) == ("better", 0, None, 0)
    assert "complete" not in sentences(table)[0]
    assert not any("stand out" in note for note in table.notes)


def test_the_test_of_rates_is_fishers():
    """His table of tea: 3 of 4 against 1 of 4, two-sided 34/70."""
    assert Completion(3, 4, 1, 4).p == pytest.approx(34 / 70)
    assert Completion(10, 20, 0, 20).p == pytest.approx(2 * comb(20, 10) / comb(40, 10))


def test_a_run_near_chance_is_named_beside_the_verdict(tmp_path):
    """Nine runs are better by two points, and the tenth has learned nothing: the t test says nothing of it."""
    store = store_of(tmp_path, {"a": BASE, "b": [*BETTER[:6], 0.104, *BETTER[7:]]})
    note = next(note for note in job_table(store).notes if note.startswith("Runs that stand out"))
    assert note.startswith(
        "Runs that stand out: 1 of 10 runs of b (repeat 7 near chance), and 0 of 10 runs of a. Tests of"
    )
    assert "repeat 7 near chance" in report_of(store)
    assert "repeat 7 near chance" in "\n".join(table_lines(job_table(store)))
    (row,) = comparison_of(store).differences.to_dict("records")
    assert (row["collapsed"], row["reference_collapsed"]) == (1, 0)
    loss = job_table(store, metric="test_loss")
    assert any("repeat 7 near chance" in note for note in loss.notes), "whatever variants are compared on"


def keyed(values):
    return {(repeat, 0): value for repeat, value in enumerate(values)}


def kinds(own, reference, rows=10_000, classes=10, **more):
    job = stored_job(dataset=stored_dataset(test_rows=rows, classes=classes, **more))
    return [sorted(found.items()) for found in collapsed(job, keyed(own), keyed(reference))]


@pytest.mark.parametrize(
    ("values", "rows", "found"),
    [
        ([*BASE[:9], 0.80], 10_000, [((9, 0), "far below the rest")]),
        ([*BASE[:9], 0.80], 30, []),  # three images
        ([*BASE[:9], 0.896], 10_000, []),
        ([*BASE[:4], 0.80], 10_000, [((4, 0), "far below the rest")]),
        ([*BASE[:3], 0.80], 10_000, []),  # four runs
        ([*BASE[:3], 0.108], 10_000, [((3, 0), "near chance")]),
        ([0.95] * 9 + [0.85], 10_000, [((9, 0), "far below the rest")]),
        ([0.95] * 9 + [0.9475], 400, []),  # one image where all others tie
        ([*BASE[:9], 0.99], 10_000, []),  # only runs that are worse
    ],
)
def test_what_has_collapsed(values, rows, found):
    assert kinds(values, BASE, rows) == [found, []]
    assert kinds(BASE, values, rows) == [[], found]


def test_near_chance_is_the_share_of_the_largest_class_where_that_is_known():
    """Of pictures of which 70% are of one class, a network that learned nothing is right on 70%."""
    few = [0.93, 0.92, 0.94, 0.705]
    assert kinds(few, [0.93, 0.92, 0.94, 0.93], classes=2) == [[], []], "one of two classes is right on a half"
    assert kinds(few, [0.93, 0.92, 0.94, 0.93], largest_class=0.7)[0] == [((3, 0), "near chance")]


def test_where_nothing_is_learned_no_run_has_collapsed():
    assert kinds([0.1, 0.11, 0.1, 0.09, 0.1], [0.1, 0.1, 0.1, 0.105, 0.1]) == [[], []]


def test_runs_without_failures_are_seldom_named():
    """Of normal runs on 10,000 images with an SD of 0.2 points."""
    random = np.random.default_rng(0)
    job = stored_job(dataset=stored_dataset(test_rows=10_000, classes=10))
    named = 0
    for _ in range(400):
        own, reference = 0.95 + 0.002 * random.normal(size=(2, 10))
        named += any(map(len, collapsed(job, keyed(own), keyed(reference))))
    print(named / 400)
    assert named <= 0.02 * 400


def test_the_share_of_the_largest_class_is_kept_with_the_job(tmp_path):
    store = store_of(tmp_path, {"a": BASE}, largest_class=0.25)
    assert store.kept_job().dataset.largest_class == 0.25
    assert "largest_class" not in stored_job().to_json()["dataset"], "early stores are without"
    assert document_of(store, with_predictions=False)
