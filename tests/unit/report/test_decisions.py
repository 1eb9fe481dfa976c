"""The report of a job whose repeats ended by a rule: known answers of the rule, as a person and a program read them."""

import math
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow.csv as pa_csv
import pytest
import scipy.stats

from cnnjobs.comparison.decided_looks import steps_of
from cnnjobs.comparison.table import job_table
from cnnjobs.report.build import job_document
from cnnjobs.report.cells import interval_cell
from cnnjobs.report.frames import compare
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.render.comparison_text import table_lines
from cnnjobs.report.render.csv import csv_text, table_csv
from cnnjobs.report.render.html import html_report
from cnnjobs.report.render.latex import latex_table
from cnnjobs.report.render.markdown import markdown_report
from cnnjobs.report.render.notebook import comparison_html
from cnnjobs.report.sections.decisions import decided_sentences, decision_notes, decision_row
from cnnjobs.run.aggregate import Aggregation
from cnnjobs.run.documents.comparison import aggregate_document
from cnnjobs.schema.json_text import json_text
from cnnjobs.stats import equivalence, sign_flip
from cnnjobs.store.results import Results
from tests.support.decided import DIVERGED, FAILED, A, B, C, D, I, commit_run, decided_store
from tests.support.documents import checked
from tests.support.stores import document_of, quiet, report_of, write_report

IMAGE = 100 / 359
LOSS = [-0.012, -0.020, -0.008, -0.015, -0.018]

KNOWN = {
    "A": ([*A, 1.0], {}, ("better", 5, 5, 0.002390, 0.724225, 1.675775)),
    "B": (B, {}, ("better", 8, 8, 0.038354, 0.029787, 0.945213)),
    "C": (C, {}, ("worse", 8, 8, 0.028354, -0.938317, -0.061683)),
    "D": (D, {}, ("given_up", 5, 5, 1, -0.620335, 0.620335)),
    "E": (D, {"margin": 0.5}, ("equal", 6, 6, 0.035139, -0.451749, 0.451749)),
    "F": ([IMAGE] * 12, {}, ("better", 9, 9, 0.031945, None, None)),
    "G": ([0] * 12, {"margin": 0.2}, ("equal", 9, 9, 0.031945, None, None)),
    "I": (I, {}, ("better", 8, 10, 0.021977, 0.085393, 0.914607)),
}
"""Differences in points -> verdict, pairs, repeats, sequential p of the verdict, interval in points."""


def only_row(store):
    found = job_table(store)
    return decision_row(found.ruling, next(iter(found.ruling.decisions)))


@pytest.mark.parametrize("case", KNOWN)
def test_known_answers(tmp_path, case):
    pairs, more, (verdict, used, repeats, q, low, high) = KNOWN[case]
    row = only_row(decided_store(tmp_path, {"dropout": pairs}, **more))
    assert (row["decision"], row["pairs"], row["repeats"]) == (verdict, used, repeats)
    assert row["sequential_p_equal" if verdict == "equal" else "sequential_p"] == pytest.approx(q, abs=2e-5)
    assert [row["low"], row["high"]] == (
        [None, None] if low is None else pytest.approx([low / 100, high / 100], abs=1e-7)
    )
    assert row["further_pairs"] == len([one for one in pairs[repeats:] if one != DIVERGED])
    assert row["diverged"] == sum(one == DIVERGED for one in pairs[:repeats])


def test_a_loss_decides_by_what_is_less(tmp_path):
    found = job_table(decided_store(tmp_path, {"slow": LOSS}, metric="test_loss"), "test_loss")
    row = decision_row(found.ruling, "slow")
    assert (row["decision"], row["pairs"]) == ("better", 5)
    assert [row["low"], row["high"]] == pytest.approx([-0.02476, -0.00444], abs=5e-6)
    assert next(decided_sentences(found)).startswith("slow is better than baseline, by 0.0146 nats after 5 pairs")


def test_three_variants_have_intervals_at_the_levels_that_decided(tmp_path):
    """Known answer L, but for the third variant, which is given up as soon as the first is decided."""
    store = decided_store(tmp_path, {"a": [*A, 1.0, 1.1], "b": [*B[:8], 0.5, 0.7], "c": D[:10]})
    found = compare(Results((store,))).decisions.set_index("variant")
    assert found["decision"].tolist() == ["better", "better", "given_up"]
    assert found["level"].tolist() == pytest.approx([1 - 0.05 / 3, 0.975, 0.975])
    assert found.loc["a", ["low", "high"]].tolist() == pytest.approx([0.00521104, 0.01878896], abs=1e-8)
    assert found["pairs"].tolist() == [5, 9, 5]


SENTENCES = {
    "B": (
        {"dropout": B},
        {},
        "dropout is better than baseline, by 0.49 points after 8 pairs; 95% interval [+0.03, +0.95], which holds "
        "however often one looks; sequential p 0.038; allowing for the stop about 0.46. 4 further pairs, not used: "
        "+0.30, +0.60, +0.40, +0.20.",
    ),
    "less than the margin": (
        {"dropout": B},
        {"margin": 0.95},
        "dropout is better than baseline, by 0.49 points after 8 pairs; 95% interval [+0.03, +0.95], which holds "
        "however often one looks; sequential p 0.038; allowing for the stop about 0.48. It differs by less than "
        "0.95 points, the margin. 4 further pairs, not used: +0.30, +0.60, +0.40, +0.20.",
    ),
    "one further pair": (
        {"dropout": B[:9]},
        {},
        "dropout is better than baseline, by 0.49 points after 8 pairs; 95% interval [+0.03, +0.95], which holds "
        "however often one looks; sequential p 0.038; allowing for the stop about 0.46. 1 further pair, not used: "
        "+0.30.",
    ),
    "diverged": (
        {"dropout": I},
        {},
        "dropout is better than baseline when it completes, by 0.50 points after 8 pairs of 10 repeats (it diverged in "
        "2, baseline in 0); 95% interval [+0.09, +0.91], which holds however often one looks; sequential p 0.022; "
        "allowing for the stop about 0.46. 1 further pair, not used: +0.40.",
    ),
    "no pairs": ({"dropout": [DIVERGED] * 5}, {}, "dropout is undecided: it diverged in 5 of 5 repeats."),
    "open": ({"dropout": B[:6]}, {}, "dropout is not decided yet, after 6 pairs."),
    "failed": ({"dropout": [*B[:6], FAILED]}, {}, "dropout is undecided: repeat 7 failed; the next submit goes on."),
    "all alike": (
        {"dropout": [0] * 9},
        {"margin": 0.2},
        "dropout is equal to baseline within 0.2 points, after 9 pairs; sequential p 0.032; allowing for the stop "
        "about 0.00.",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_sentences(tmp_path, case):
    pairs, more, said = SENTENCES[case]
    store = decided_store(tmp_path, pairs, **more)
    assert list(decided_sentences(job_table(store))) == [said]
    assert said in report_of(store)
    assert said in "\n".join(table_lines(job_table(store)))
    assert said in comparison_html(job_table(store)).unescape()


def test_pairs_of_a_variant_that_waits_for_others_are_not_used_yet(tmp_path):
    store = decided_store(tmp_path, {"dropout": B, "deeper": D[:7]}, margin=0.3)
    assert next(decided_sentences(job_table(store))).endswith(
        "dropout is not decided yet, after 7 pairs. 5 further pairs, not used yet: +0.80, +0.30, +0.60, +0.40, +0.20."
    )


def test_the_same_runs_give_the_same_mean_at_the_stop(tmp_path):
    rows = [only_row(decided_store(tmp_path / name, {"dropout": B})) for name in "ab"]
    assert rows[0]["mean_allowing_for_stop"] == rows[1]["mean_allowing_for_stop"] == pytest.approx(0.00458, abs=3e-5)


FACTORS = {
    name: {"optimizer": {"name": rate}, "model": {"name": size}}
    for name, (rate, size) in {
        "baseline": ("slow", "small"),
        "fast": ("fast", "small"),
        "large": ("slow", "large"),
        "both": ("fast", "large"),
    }.items()
}


@pytest.fixture(scope="module")
def factorial(tmp_path_factory):
    """A store whose variants are all combinations of two factors, with predictions."""
    pairs = {"fast": B, "large": D[:12], "both": [*A, 1.0, 1.1]}
    return decided_store(tmp_path_factory.mktemp("decided"), pairs, margin=0.4, settings=FACTORS)


OTHERS = [{}, {"metric": "test_loss"}, {"reference": "fast"}, {"metric": "macro_f1"}]
"""What a person may ask to see."""

WORDS = (
    *("p (t)", "p (Holm)", "sign flips", "Sign flips", "d_z", "P(A &gt; B)", "P(A > B)", "Repeats needed", "Welch"),
    *(
        "one-sided",
        "not resolved among",
        "cannot be told from chance",
        "new repeats and images",
        "paired t",
        "effect size of",
    ),
)
"""Of tests, planning and intervals of differences, as ordinary jobs are told of them."""


@pytest.mark.parametrize("asked", OTHERS)
def test_nothing_that_is_written_has_an_ordinary_test_or_interval_of_a_difference(factorial, asked):
    table = job_table(factorial, **asked)
    document = job_document(factorial, table, quiet, ReportOptions())
    drawn = b'<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt"/>'
    texts = {"markdown": markdown_report(document)}
    texts["html"] = html_report(document, {chart.name: drawn for chart in document.charts})
    texts |= {f"{one.name}.csv": table_csv(one) for one in document.tables}
    texts |= {f"{one.name}.tex": latex_table(one) for one in document.tables}
    texts |= {f"figures/{one.name}.csv": csv_text(one.columns, one.rows()) for one in document.charts}
    shown = compare(Results((factorial,)), **asked)
    texts |= {"terminal": "\n".join(table_lines(table)), "prompt": str(shown), "notebook": comparison_html(table)}
    assert {"summary.csv", "effects.csv", "noise.csv"} <= texts.keys()
    assert not {"pairs.csv", "pairs_above.csv"} & texts.keys()
    for place, text in texts.items():
        for word in () if place.endswith(".csv") else WORDS:
            assert word not in text, (place, word)
        for p in re.findall(r".{30}\bp (?:= |&lt; |< )?0\.\d+", text):
            assert "sequential p 0." in p, (place, p)
        for interval in ordinary_intervals(factorial, table):
            assert interval not in text, (place, interval)
    values = {number for text in texts.values() for number in map(float, re.findall(r"-?\d\.\d{6,}(?:e-\d+)?", text))}
    for number in ordinary_numbers(factorial, table):
        assert not any(math.isclose(number, other, rel_tol=1e-7) for other in values), number


def pairs_of(store, table):
    """Differences of the shown metric between every two variants: all pairs, and those that the rule used."""
    by_name = {row.name: row.values for row in table.rows}
    used = {} if table.ruling is None else {name: one.repeats for name, one in table.ruling.decisions.items()}
    for other, name in combinations(by_name, 2):
        keys = sorted(by_name[name].keys() & by_name[other].keys())
        for until in {len(keys), used.get(name, len(keys))}:
            yield [by_name[name][key] - by_name[other][key] for key in keys if key[0] < until]


def ordinary_numbers(store, table):
    """t, p, ends of the 95% interval, effect size and equivalence of the pairs, as one computes them without a rule."""
    for d in pairs_of(store, table):
        if len(d) < 2 or np.std(d) < 1e-12:
            continue
        test = scipy.stats.ttest_1samp(d, 0)
        interval = test.confidence_interval()
        yield from (test.statistic, test.pvalue, interval.low, interval.high, test.statistic / len(d) ** 0.5)
        flips = sign_flip(d, np.random.default_rng(0)).p
        if flips not in (0.875, 0.9375):  # accuracies are such round numbers, too
            yield flips
        yield equivalence(d, [0.0] * len(d), 0.004).p


def ordinary_intervals(store, table):
    """The 95% t intervals as people would read them."""
    for d in pairs_of(store, table):
        if len(d) > 1 and np.std(d) > 1e-12:
            low, high = scipy.stats.ttest_1samp(d, 0).confidence_interval()
            yield interval_cell(table.metric, low, high, signed=True)


def test_frames_have_the_verdict_of_the_rule_and_no_test(factorial):
    found = compare(Results((factorial,))).differences.set_index("variant")
    assert found["verdict"].to_dict() == {"fast": "better", "large": "equal", "both": "better"}
    assert found["resolved"].to_dict() == {"fast": True, "large": False, "both": True}
    assert found.loc["both", ["ci_low", "ci_high"]].tolist() == pytest.approx([0.00521104, 0.01878896], abs=1e-8)
    tests = ["d_z", "t", "p", "p_holm", "sign_flip_p", "p_above_low", "p_above_high"]
    assert found[tests].isna().all(axis=None)
    effects = compare(Results((factorial,))).effects
    assert len(effects) == 3 and effects["mean"].notna().all()
    assert effects[["ci_low", "ci_high", "t", "p", "p_holm"]].isna().all(axis=None)
    assert not effects["resolved"].any()


@pytest.mark.parametrize("metric", ["test_loss", "macro_f1"])
def test_another_metric_has_estimates_and_no_verdict(factorial, metric):
    said = list(decided_sentences(job_table(factorial, metric)))
    assert len(said) == 3
    for one in said:
        assert one.endswith("secondary, no verdict, as repeats ended by a rule that looks at test accuracy.")
    assert compare(Results((factorial,)), metric=metric).decisions.empty


def test_another_reference_has_estimates_and_no_verdict(factorial):
    said = list(decided_sentences(job_table(factorial, reference="fast")))
    assert said[0] == (
        "baseline minus fast: -0.45 points over 12 pairs; secondary, no verdict, as repeats ended by a rule that "
        "compares with baseline."
    )


def test_a_reference_that_was_edited_leaves_no_decision_and_no_ordinary_verdict(tmp_path):
    store = decided_store(tmp_path, {"dropout": B})
    job = store.kept_job()
    edited = {**job.variants, "baseline": replace(job.variants["baseline"], condition_id="job-9")}
    store.write_job(replace(job, variants=edited))
    for repeat in range(8):
        commit_run(store, "baseline", repeat, 0.8 + repeat / 1000)
    text = report_of(store)
    assert "the reference was changed after the rule had begun" in text
    assert "`cnnjobs submit --decide` begins anew" in text
    assert "better than" not in text and "told from chance" not in text and "sequential p" not in text


def test_a_reference_that_is_another_variant_now_leaves_no_ordinary_verdict(tmp_path):
    store = decided_store(tmp_path, {"dropout": B})
    store.write_job(replace(store.kept_job(), reference="dropout"))
    assert list(decided_sentences(job_table(store))) == [
        "baseline minus dropout: -0.45 points over 12 pairs; secondary, no verdict, as repeats ended by a rule that "
        "compares with baseline."
    ]
    assert next(decided_sentences(job_table(store, reference="baseline"))).startswith("dropout is better than baseline")
    assert "secondary" not in "\n".join(table_lines(job_table(store, reference="baseline")))


def test_a_decision_whose_runs_have_other_values_now_is_told(tmp_path):
    store = decided_store(tmp_path, {"dropout": B})
    commit_run(store, "dropout", 7, 0.7)
    note = next(decision_notes(job_table(store)))
    assert note == (
        "What stands here of dropout is from the runs that are stored now. Earlier it was decided that it is better, "
        "after repeat 8; that decision does not stand: the runs that it was made from have other values now."
    )
    assert note in report_of(store)
    assert only_row(store)["changed"] == "the runs that it was made from have other values now"


def test_no_run_yet(tmp_path):
    store = decided_store(tmp_path, {"dropout": []})
    assert "No run has completed yet." in report_of(store)
    assert "decisions" not in [chart.name for chart in document_of(store).charts]


def test_a_variant_that_is_equal_to_the_bit_is_called_so(tmp_path):
    store = decided_store(tmp_path, {"dropout": [0] * 9}, margin=0.2)
    rows = store.read("trials").table.to_pylist()
    for row in rows:
        own = next(one for one in rows if one["trial_id"] == f"job-0-{row['repeat']}")
        same = {name: value for name, value in own.items() if name not in ("trial_id", "condition_id", "variant")}
        store.commit(row | same, {}, None)
    assert next(decided_sentences(job_table(store))) == (
        "dropout and baseline are equal to the bit in every pair: the settings in which they differ have no effect."
    )


def charts_of(store):
    return [one for one in document_of(store, with_predictions=False).charts if one.name.startswith("decision")]


def test_up_to_six_variants_are_panels_of_one_figure_and_more_have_one_each(tmp_path):
    few = {f"v{number}": D[:7] for number in range(6)}
    assert [chart.name for chart in charts_of(decided_store(tmp_path / "few", few))] == ["decisions"]
    many = few | {"a/b": D[:7], "a b": D[:7]}
    names = [chart.name for chart in charts_of(decided_store(tmp_path / "many", many))]
    assert len(set(names)) == 8 and names[0] == "decision-v0"


@pytest.mark.parametrize(
    "pairs",
    [
        {"dropout": B},
        {"dropout": [1.0]},
        {"dropout": [0] * 12},
        {"dropout": [DIVERGED] * 5, "deeper": I},
        {"$a$ | b": A, "a very long name of a variant that says all of its settings": B, "c": D[:5], "d": C},
    ],
)
def test_the_figure_is_drawn_of_what_its_table_says(tmp_path, pairs):
    store = decided_store(tmp_path, pairs, margin=0.3)
    write_report(store, with_predictions=False)
    figures = tmp_path / "job" / "report" / "figures"
    assert (figures / "decisions.png").stat().st_size > 5000
    values = pa_csv.read_csv(figures / "decisions.csv").to_pylist()
    by_variant = {name: [row for row in values if row["variant"] == name] for name in pairs}
    for name, own in pairs.items():
        expected = [None if one == DIVERGED else one for one in own]
        assert [row["difference"] for row in by_variant[name]] == [
            None if one is None else pytest.approx(one, abs=1e-9) for one in expected
        ]
        assert [row["repeat"] for row in by_variant[name]] == list(range(1, len(own) + 1))
    ruling = job_table(store).ruling
    for name, decision in ruling.decisions.items():
        last = [row for row in by_variant[name] if row["used"]][-1:]
        if last and decision.interval.low is not None:
            assert [last[0]["low"], last[0]["high"]] == pytest.approx(
                [100 * decision.interval.low, 100 * decision.interval.high]
            )
            assert last[0]["sequential_p"] == pytest.approx(decision.q)


def test_the_interval_leaves_out_zero_at_the_decision_and_not_before(tmp_path):
    store = decided_store(tmp_path, {"a": [*A, 1.0, 1.1], "b": [*B[:8], 0.5, 0.7], "c": D[:10]})
    found = job_table(store)
    for name, last in {"a": 5, "b": 9}.items():
        steps = [step for step in steps_of(found, found.ruling, name) if step.used]
        assert len(steps) == last
        assert [step.interval.low is not None and step.interval.low > 0 for step in steps] == [False] * (last - 1) + [
            True
        ]


def test_programs_are_told_what_people_are(factorial, tmp_path):
    options, lines = ReportOptions(with_predictions=False), []
    say = lambda text="", styled=False: lines.append(text)  # noqa: E731 - what is said is kept
    found = Aggregation(factorial.files.location, options, str(tmp_path / "report"), say).run()
    assert f"decision: {tmp_path}/report/figures/decisions.png" in lines
    said = checked(json_text({"notes": [], "error": None} | aggregate_document(found, ())))["jobs"][0]
    assert "differences" not in said["tables"] and "planning" not in said["tables"]
    rows = {row["variant"]: row for row in said["tables"]["decisions"]["rows"]}
    assert {name: row["decision"] for name, row in rows.items()} == {
        "fast": "better",
        "large": "equal",
        "both": "better",
    }
    assert any(one.startswith("both is better than baseline, by 1.20 points after 5 pairs") for one in said["verdicts"])


def test_over_data_sets_it_is_said_whose_repeats_ended_by_a_rule(tmp_path):
    stores = [decided_store(tmp_path, {"dropout": B}, name=name) for name in ("cats", "dogs")]
    for store in stores:
        job = store.kept_job()
        store.write_job(replace(job, dataset=replace(job.dataset, fingerprint=job.name)))
    notes = compare(Results(tuple(stores))).across_datasets.notes
    assert any(one.startswith("The repeats of cats and dogs ended by a rule that looks at results") for one in notes)


@pytest.mark.parametrize(("margin", "said"), [(0.5, True), (None, False)])
def test_of_what_the_p_of_an_equal_is_is_said(tmp_path, margin, said):
    """Beside others, whose p is that nothing differs: 0.035 would read as a difference."""
    report = report_of(decided_store(tmp_path, {"alike": D, "wider": A}, margin=margin))
    assert ("is that of a difference as large as the margin" in report) == said
