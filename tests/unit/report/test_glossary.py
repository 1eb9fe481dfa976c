"""The glossary has the terms that a report uses, and no others; every section says how it is read."""

import re

import pytest
from support.decided import A, B, decided_store
from support.stores import VALUES, made_up_store, make_store

from cnnjobs.comparison.table import job_table
from cnnjobs.report.build import job_document
from cnnjobs.report.model import Chart, DisplayColumn, ReportTable, Section, Terms, Text
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.render.markdown import markdown_report
from cnnjobs.report.sections.glossary import MEANINGS, glossary_section

IN_PARTS = {"The same in all variants"}
"""Parts that their section explains."""


def document_of(store, **options):
    return job_document(store, job_table(store), lambda *_: None, ReportOptions(**options))


def terms_of(document):
    (found,) = (element for element in document.elements if isinstance(element, Terms))
    return found.meanings


def test_terms_are_those_of_the_report(tmp_path):
    store = make_store(tmp_path, VALUES)
    terms = terms_of(document_of(store, with_predictions=False))
    assert {"SD", "CI", "Holm", "d_z", "P(A > B)", "sign flips", "paired difference", "not resolved"} <= set(terms)
    assert not {"churn", "floor SD", "sequential p", "pilot", "main effect"} & set(terms)
    assert list(terms) == sorted(terms, key=str.casefold)


def test_of_predictions_there_are_churn_and_floor(tmp_path):
    terms = terms_of(document_of(made_up_store(tmp_path, runs=3)))
    assert {"churn", "floor SD", "ensemble", "recall", "ROC AUC", "distribution-wise SD"} <= set(terms)


def test_of_a_rule_there_is_its_p(tmp_path):
    terms = terms_of(document_of(decided_store(tmp_path, {"a": A, "b": B}), with_predictions=False))
    assert {"sequential p", "allowing for the stop"} <= set(terms)
    assert "sign flips" not in terms


def test_names_of_variants_are_no_terms():
    table = ReportTable("t", "A table", ("v",), [{"v": "churn"}], [DisplayColumn("variant", lambda row: row["v"])])
    assert glossary_section([Section("s", [table, Text("nothing")])]) is None


@pytest.mark.parametrize("term", MEANINGS)
def test_a_term_is_found_where_it_stands(term):
    pattern, meaning = MEANINGS[term]
    said = {"Q1, Q3": "Q1", "paired difference": "pairs"}.get(term, term)
    assert re.search(pattern, said)
    assert meaning.endswith(".")
    assert meaning[0].isupper()


def test_every_section_says_how_it_is_read(tmp_path):
    for store in (
        make_store(tmp_path / "repeats", VALUES),
        make_store(tmp_path / "folds", VALUES, folds=5, repeats=1, validation=None),
        made_up_store(tmp_path / "predicted", runs=3),
        decided_store(tmp_path / "decided", {"a": A, "b": B}),
    ):
        document = document_of(store)
        for section in (*document.sections, *(part for whole in document.sections for part in whole.sections)):
            shows = any(isinstance(element, ReportTable | Chart) for element in section.elements)
            assert section.how_to_read or not shows or section.variant or section.title in IN_PARTS, section.title
            assert len(section.how_to_read) < 320, section.title


def test_markdown_has_them(tmp_path):
    text = markdown_report(document_of(make_store(tmp_path, VALUES), with_predictions=False))
    assert "*How to read this:* An interval that leaves out 0 speaks for a difference" in text
    assert "- **d_z**: Effect size of pairs" in text
