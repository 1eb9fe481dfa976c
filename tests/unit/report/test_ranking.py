"""Many variants are a ranked table, a line each, on the page and in the terminal, in place of near-equal sentences."""

import numpy as np
from support.stores import make_store

from cnnjobs.comparison.table import job_table
from cnnjobs.report.build import job_document
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.render.comparison_text import table_lines
from cnnjobs.report.render.markdown import markdown_report
from cnnjobs.report.render.notebook import comparison_html
from cnnjobs.report.sections.ranking import MOST_SENTENCES, is_ranked, ranking_table
from cnnjobs.report.sections.verdicts import sentences


def values(count):
    """A reference, and variants around it: the first is far above, the last far below."""
    means = np.linspace(0.9, 0.5, count)
    noise = np.random.default_rng(0).normal(0, 0.004, (count + 1, 6))
    made = {f"v{place}": list(mean + noise[place + 1]) for place, mean in enumerate(means)}
    return {"base": list(0.7 + noise[0])} | made


def test_five_comparisons_are_sentences_and_six_are_ranked(tmp_path):
    few, many = (
        job_table(make_store(tmp_path / str(count), values(count), repeats=6))
        for count in (MOST_SENTENCES, MOST_SENTENCES + 1)
    )
    assert (is_ranked(few), is_ranked(many)) == (False, True)
    assert len(sentences(few)) == MOST_SENTENCES
    assert sentences(many) == ["Compared with base: better (v0, v1, v2); worse (v3, v4, v5)."]


def test_the_best_mean_is_first_and_the_reference_has_its_place(tmp_path):
    made = values(8) | {"none": []}
    shown = ranking_table(job_table(make_store(tmp_path, made, repeats=6)))
    assert [row["variant"] for row in shown.rows] == ["v0", "v1", "v2", "v3", "base", "v4", "v5", "v6", "v7", "none"]
    assert [row["rank"] for row in shown.rows] == [*range(1, 10), None]
    assert [cells[-2] for cells in shown.cells] == [*["better"] * 4, "reference", *["worse"] * 4, "no pairs yet"]
    assert shown.cells[4][shown.header.index("difference")] == "-"


def test_of_a_loss_the_lowest_is_first(tmp_path):
    shown = ranking_table(job_table(make_store(tmp_path, values(8), repeats=6), "test_loss"))
    assert shown.rows[0]["variant"] == "v0"
    assert shown.rows[0]["verdict"].startswith("secondary")


def test_page_and_terminal_and_notebook_have_one_line_a_variant(tmp_path):
    store = make_store(tmp_path, values(8), repeats=6)
    table = job_table(store)
    text = "\n".join(table_lines(table))
    assert text.count("\nv3 ") == 1
    assert "SD: ddof=1." in text
    assert comparison_html(table).count("<td>v3</td>") == 1
    report = markdown_report(job_document(store, table, lambda *_: None, ReportOptions(with_predictions=False)))
    short = report[: report.index("## Setup")]
    assert short.count("| v3 |") == 1
    assert "points (9" not in short, "no sentence of each"
