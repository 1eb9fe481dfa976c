"""The report says what was compared: question, data, protocol, runs, dates, and what differs between variants."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support.stores import VALUES, make_store, stored_dataset

from cnnjobs.comparison.table import job_table
from cnnjobs.report.render.notebook import comparison_html
from cnnjobs.report.sections.setup import facts_table, period_text, question_of, setup_section, variants_table
from cnnjobs.store.stored_job import StoredVariant


def table_of(tmp_path, **row):
    return job_table(make_store(tmp_path, VALUES, parameters=1234, **row))


def with_settings(store, settings, **more):
    """Write settings of variants into the job of a store."""
    job = store.kept_job()
    variants = {
        name: StoredVariant(condition_id=one.condition_id, settings=settings.get(name, {}))
        for name, one in job.variants.items()
    }
    store.write_job(replace(job, variants=variants, **more))
    return job_table(store)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ('"""Does it\n  help?\n\nMore."""\nx = 1', "Does it help?"),
        ("x = 1", ""),
        (None, ""),
        ("this is no Python (", ""),
        ('"""A first sentence. ' + "and more " * 40 + '"""', "A first sentence"),
        ('"""' + "word " * 80 + '"""', "word " * 59 + "word…"),
    ],
)
def test_the_question_is_the_first_paragraph_of_the_job_file(tmp_path, text, question):
    job = replace(make_store(tmp_path, VALUES).kept_job(), text=text)
    assert question_of(job) == question


def test_facts_of_data_protocol_and_runs(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.6], "b": [0.7]})
    dataset = stored_dataset(image_shape=(8, 8, 1), class_names=("cat", "dog"), largest_class=0.55)
    facts = dict(facts_table(with_settings(store, {}, dataset=dataset, vary=("init", "order"))).cells)
    assert facts == {
        "data set": "digits",
        "images": "100 training and 500 test images of 8 x 8 pixels, greyscale",
        "classes": "2: cat, dog; the largest has 55.0% of the test images",
        "validation": "20% held out",
        "repeats": "5 repeats; they differ in the initialisation, the order of the images",
        "runs": "3 of 10 completed",
        "compared on": "test accuracy, with a",
    }


PLAIN = {"model": {"kind": "Model", "options": {"dropout": [0.0, 0.0]}}, "augment": None}
OWN = {"model": {"kind": "CustomModel"}, "augment": {"kind": "Augment"}}


@pytest.mark.parametrize(
    ("validation", "folds", "settings", "differing"),
    [
        ("test", None, PLAIN, "the initialisation, the order of the images"),
        (None, None, PLAIN, "the initialisation, the order of the images"),
        ("own", None, PLAIN, "the initialisation, the order of the images"),
        (0.2, None, PLAIN, "the choice of held-out rows, the initialisation, the order of the images"),
        (None, 5, PLAIN, "the choice of held-out rows, the initialisation, the order of the images"),
        (
            *("test", None, PLAIN | {"model": {"kind": "Model", "options": {"dropout": [0.0, 0.5]}}}),
            "the initialisation, the order of the images, the dropout",
        ),
        ("test", None, OWN, "the initialisation, the order of the images, the augmentation, the dropout"),
        ("test", None, {}, "the initialisation, the order of the images, the augmentation, the dropout"),
    ],
)
def test_repeats_differ_only_in_what_some_variant_draws(tmp_path, validation, folds, settings, differing):
    """Rows are held out for folds and fractions only; a network without dropout draws none; nobody knows of others."""
    store = make_store(tmp_path, {"a": [0.5, 0.6], "b": [0.7, 0.8]})
    protocol = replace(store.kept_job().protocol, validation=validation, folds=folds)
    facts = dict(facts_table(with_settings(store, {"a": PLAIN, "b": settings}, protocol=protocol)).cells)
    assert facts["repeats"].endswith(f"; they differ in {differing}")


def test_variants_are_rows_and_only_what_differs_is_a_column(tmp_path):
    store = make_store(tmp_path, VALUES, parameters=1234)
    settings = {name: {"kind": "Variant", "epochs": 5, "batch_size": 32} for name in VALUES}
    settings["alike"] = settings["alike"] | {"epochs": 10}
    section = setup_section(with_settings(store, settings))
    shown = next(element for element in section.elements if element.name == "settings")
    assert shown.header == ("variant", "epochs", "parameters")
    assert [cells[1:] for cells in shown.cells] == [("5", "1,234"), ("5", "1,234"), ("10", "1,234")]
    (common,) = section.sections
    assert common.folded
    assert common.elements[0].cells == [("batch size", "32")]
    assert section.how_to_read


def test_a_single_variant_has_all_its_settings_in_one_table(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.6]})
    section = setup_section(with_settings(store, {"a": {"kind": "Variant", "epochs": 5}}))
    assert [part.title for part in section.sections] == ["Settings"]
    assert section.sections[0].elements[0].cells == [("epochs", "5")]


def test_a_notebook_begins_with_the_question_and_the_settings(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.6], "b": [0.6, 0.7]})
    settings = {"a": {"kind": "Variant", "epochs": 5}, "b": {"kind": "Variant", "epochs": 10}}
    html = comparison_html(with_settings(store, settings, text='"""Do more <b>epochs</b> help?"""'))
    assert html.startswith("<p>Do more &lt;b&gt;epochs&lt;/b&gt; help?</p>")
    assert "<th>epochs</th>" in html
    said = (
        "digits, 100 training and 500 test images, 20% held out, 4 of 10 completed; compared on test accuracy, with a."
    )
    assert f"<p>{said}</p>" in html


def test_old_runs_without_parameters_have_a_dash(tmp_path):
    shown = variants_table(job_table(make_store(tmp_path, VALUES)), [])
    assert {cells[-1] for cells in shown.cells} == {"-"}


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ((2026, 11, 29), (2026, 11, 29), "29 November 2026"),
        ((2026, 11, 28), (2026, 11, 29), "28 to 29 November 2026"),
        ((2026, 11, 30), (2026, 12, 1), "30 November to 1 December 2026"),
        ((2026, 11, 30), (2027, 11, 30), "30 November 2026 to 30 November 2027"),
        ((2026, 12, 31), (2027, 1, 1), "31 December 2026 to 1 January 2027"),
    ],
)
def test_dates(tmp_path, first, last, words):
    began, ended = datetime(*first, tzinfo=UTC), datetime(*last, 12, tzinfo=UTC)
    table = table_of(tmp_path, started_at=began, finished_at=ended)
    assert period_text(table) == words
    assert dict(facts_table(table).cells)["runs"].endswith(f"; {words}")
