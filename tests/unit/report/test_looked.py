"""A verdict that was reached after several looks says so at every door: looking often is no test at 5%."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from support.looks import compared, growing, kept
from support.stores import make_store

import cnnjobs
from cnnjobs import Variant, grid, mlp
from cnnjobs.comparison.looked import MEANS
from cnnjobs.comparison.table import job_table
from cnnjobs.planning.identity import canonical
from cnnjobs.report.figures.comparison import difference_plot
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.render.csv import table_csv
from cnnjobs.report.render.latex import latex_table
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.report.sections.factors import factors_section
from cnnjobs.report.sections.verdicts import sentences
from cnnjobs.run.aggregate import show_comparison
from cnnjobs.store.decision_rule import DecisionRule

PAGE = (Path(__file__).parents[3] / "docs" / "verdicts.md").read_text()

NOISE = [0.00, 0.01, -0.01, 0.02, 0.00, -0.02, 0.01, 0.00, 0.01, -0.01]
VALUES = {"a": [0.9 + one for one in NOISE], "b": [0.93 + one / 2 for one in NOISE]}


def test_every_door_says_after_how_many_looks_a_verdict_was_reached(tmp_path, capsys):
    shown, said = [], []
    for store in growing(tmp_path, VALUES, (3, 5, 7, 10)):
        one = show_comparison(store, ReportOptions(with_predictions=False), say=lambda text="", **_: said.append(text))
        shown.append(one)
    assert len(kept(store)) == 4
    table, terminal = shown[-1].table, "\n".join(said)
    page = (tmp_path / "job" / "report" / "report.md").read_text()
    html = (tmp_path / "job" / "report" / "index.html").read_text()
    doors = {
        "sentence": sentences(table)[0],
        "terminal": terminal,
        "markdown": page,
        "html": html,
        "latex": latex_table(differences_table(table)),
        "notebook": compared(store)._repr_html_(),
        "python": str(compared(store)),
    }
    doors["figure"] = difference_plot(table).get_supxlabel()
    for door, text in doors.items():
        assert "after 4 looks" in text, door
    assert [row["looks"] for row in csv.DictReader(table_csv(differences_table(table)).splitlines())] == ["4"]
    assert compared(store).differences[["verdict", "looks"]].values.tolist() == [["better", 4]]
    (note,) = (note for note in table.notes if "looked at" in note)
    assert note.startswith(
        "The comparison was looked at 4 times, each time with other runs (b at 3, 5, 7, 10 pairs), without a rule that "
    )
    assert "`cnnjobs submit --decide`" in note
    assert "looked at 4 times" in html
    assert "looked at 4 times" in page
    assert "looked at 4 times" in terminal


def test_the_first_look_needs_no_remark(tmp_path):
    store = make_store(tmp_path, VALUES, repeats=10)
    for _ in range(3):
        found = compared(store)
    assert found.differences[["verdict", "looks"]].values.tolist() == [["better", 1]]
    assert found.notes["job"] == ()
    assert "look" not in str(found)


def test_the_answer_of_submit_in_python_is_a_look(tmp_path):
    store = make_store(tmp_path, VALUES, repeats=10)
    cnnjobs.report.frames.comparison_of(store)
    assert len(kept(store)) == 1


def test_effects_say_it_as_well(tmp_path):
    variants = grid(Variant(model=mlp()), epochs=[3, 5], xla=[False, True])
    values = {name: [0.9 + one / (2 + k) + k * 0.03 for one in NOISE] for k, name in enumerate(variants)}
    for store in growing(tmp_path, values, (5, 10)):
        stored = {
            name: replace(store.job.variants[name], settings=canonical(variant)) for name, variant in variants.items()
        }
        store.write_job(replace(store.job, variants=stored))
        found = compared(store)
    section = factors_section(job_table(store))
    assert "after 2 looks" in section.elements[0].text
    assert set(found.effects["looks"]) == {2}
    assert "better, after 2 looks" in {cells[5] for cells in section.elements[1].cells}


def test_a_job_with_a_rule_for_its_repeats_has_paid_for_looks(tmp_path):
    for store in growing(tmp_path, VALUES, (5, 10)):
        rule = DecisionRule(
            metric="test_accuracy", reference="c0", alpha=0.05, most_repeats=20, margin=None, variants={"c1": "b"}
        )
        store.write_job(replace(store.job, decide=rule))
        found = job_table(store)
        compared(store)
    assert len(kept(store)) == 2, "they count once the rule is gone"
    assert found.looked.times("b") == 0
    assert not any("looked at" in note for note in found.notes)


def test_chance_is_never_called_better_without_the_remark(tmp_path):
    """Of 300 jobs with three null variants, those in which looks at 3, 5, 7 and 10 pairs call one better or worse."""
    looks = (3, 5, 7, 10)
    made = np.random.default_rng(5).normal(0.9, 0.01, (300, 10, 4)).round(4)
    d = made[..., 1:] - made[..., :1]
    ts = {n: d[:, :n].mean(axis=1) / d[:, :n].std(axis=1, ddof=1) * np.sqrt(n) for n in looks[1:]}
    smallest = np.min([2 * stats.t.sf(np.abs(t), n - 1).min(axis=1) for n, t in ts.items()], axis=0)
    (called,) = np.nonzero(3 * smallest < 0.05)
    assert len(called) / 300 == pytest.approx(0.105, abs=0.04), "instead of 5%"
    verdicts = 0
    for job in called[:3]:
        values = {name: made[job, :, number].tolist() for number, name in enumerate("abcd")}
        for store in growing(tmp_path / str(job), values, looks):
            found = compared(store)
            for said in sentences(found.tables[0]):
                if " is better than " in said or " is worse than " in said:
                    verdicts += 1
                    assert ", after " in said, said
                    assert "looks." in said, said
                    assert any("without a rule" in note for note in found.notes["job"])
    assert verdicts >= 3


@pytest.mark.parametrize("variants", [1, 3])
@pytest.mark.parametrize(
    ("looks", "rate"),
    [((10,), 0.05), ((5, 10), 0.08), ((5, 7, 10), 0.11), (range(5, 21), 0.20), (range(5, 51), 0.28)],
    ids=["10", "5, 10", "5, 7, 10", "5 to 20", "5 to 50"],
)
def test_how_often_chance_is_called_better_or_worse_is_what_the_note_and_the_docs_say(variants, looks, rate):
    """Null variants against one reference, Holm's first step at every look: 4,000 jobs, about two standard errors."""
    made = np.random.default_rng(23).normal(size=(4000, max(looks), variants + 1))
    d = made[..., 1:] - made[..., :1]
    sums, squares, called = d.cumsum(axis=1), (d**2).cumsum(axis=1), np.zeros(len(d), bool)
    for n in looks:
        mean = sums[:, n - 1] / n
        t = mean / np.sqrt((squares[:, n - 1] - n * mean**2) / (n - 1) / n)
        called |= (np.abs(t) > stats.t.isf(0.05 / variants / 2, n - 1)).any(axis=1)
    assert called.mean() == pytest.approx(rate, abs=0.015)
    assert f"{rate:.0%}" in MEANS or looks == (5, 7, 10)
    assert f"{rate:.0%}" in PAGE or rate == 0.05
