"""Names that somebody else chose, or that damage made: on a terminal, in a report, in a spreadsheet they are names."""

import csv
import io
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from support.documentation import DOCS, blocks
from support.stores import made_up_store, make_store

import cnnjobs
from cnnjobs.cli import main
from cnnjobs.datasets.pictures.pictures import Reading
from cnnjobs.models.model_file import ModelMetadata
from cnnjobs.models.predict import Answer
from cnnjobs.run.predict import Answers
from cnnjobs.spec import BuiltinDataset

PAGE = DOCS / "results.md"
HOSTILE = "cat\x1b[2J\x1b]0;owned\x07"
CLASSES = ("NA", "null", "=1+1", HOSTILE, "1e3", "001", "True")
VARIANTS = ("b\x1b[2Jad", "null", "-0.5", "@sum")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results whose classes and variants have such names, with their report, and what making it printed."""
    folder = tmp_path_factory.mktemp("results")
    made_up_store(folder, variants=VARIANTS, runs=1, classes=len(CLASSES), class_names=CLASSES)
    done = CliRunner().invoke(main, ["aggregate", str(folder)], color=True)
    assert done.exit_code == 0, done.output
    return folder / "job", done.output


def test_a_terminal_is_not_cleared_by_a_class_name(results):
    r"""`aggregate` of results with escapes in the names of classes and variants shows \x1b, and obeys none."""
    _, printed = results
    assert r"b\x1b[2Jad" in printed
    assert "\x1b[2J" not in printed
    assert "\x07" not in printed


def test_a_stored_error_is_shown_and_not_obeyed(tmp_path):
    """The error of a failed trial comes from a worker: `status` shows its escapes, and its lines as one."""
    make_store(tmp_path, {"a": [0.5]}, status="failed", error=f"{HOSTILE}\nnot a line.", log="logs/a.log")
    done = CliRunner().invoke(main, ["status", str(tmp_path)], color=True)
    assert done.exit_code == 0, done.output
    assert r"failed: a, repeat 1: cat\x1b[2J\x1b]0;owned\x07 not a line; log: logs/a.log" in done.output
    assert "\x1b[2J" not in done.output


def test_a_report_with_such_names_opens(results):
    """Pages and figures are well formed although XML knows no escape characters."""
    folder, _ = results
    figures = list((folder / "report" / "figures").glob("*.svg"))
    assert figures
    for figure in figures:
        ElementTree.parse(figure)
    for page in ("index.html", "report.md"):
        assert "\x1b" not in (folder / "report" / page).read_text(encoding="utf-8")


def test_no_cell_of_a_csv_file_is_a_formula(results):
    """A spreadsheet computes no name; a number below zero, and a name that is one, stay as they are."""
    folder, _ = results
    cells = set()
    for file in (folder / "report").glob("*/*.csv"):
        for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8"))):
            cells.update(row)
    assert {"'=1+1", "'@sum", "-0.5"} <= cells
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]


def test_names_that_programs_take_for_something_else_are_read_as_names(results):
    """Classes called NA, null, 1e3, 001, True: in frames, in Parquet, and in CSV by the lines of the page."""
    import polars as pl

    folder, _ = results
    tables = folder / "report" / "tables"
    [lines] = [block for block in blocks(PAGE, "python") if "pl.read_csv" in block]
    by_pandas, by_polars = [line.partition("  #")[0] for line in lines.splitlines() if "read_csv" in line]
    escaped = [name.replace("\x1b", r"\x1b").replace("\x07", r"\x07") for name in CLASSES]
    shown = [f"'{name}" if name.startswith("=") else name for name in escaped]
    for path in tables.glob("classes-*.csv"):
        for line in (by_pandas, by_polars):
            names = list(eval(line, {"pd": pd, "pl": pl, "path": path})["name"])
            assert names[: len(CLASSES)] == shown, line
    read = pd.read_csv(tables / "summary.csv", dtype=str, keep_default_na=False)
    assert list(read["variant"]) == [r"b\x1b[2Jad", "null", "-0.5", "'@sum"]
    exact = pq.read_table(tables / "summary.parquet").to_pandas()["variant"]
    assert list(exact) == [r"b\x1b[2Jad", "null", "-0.5", "@sum"]
    frames = cnnjobs.load_results(str(folder))
    assert set(frames.trials["variant"]) == set(exact)
    assert list(frames.classes["label_name"]) == escaped
    classes = pq.read_table(next(tables.glob("classes-*.parquet"))).to_pandas()
    assert {"NA", "null", "=1+1", "1e3", "001", "True"} <= set(classes["name"])


def test_label_1_of_class_10_is_not_2(tmp_path):
    """Folders 1 to 12 in the order of text: names stand beside the numbers in every table."""
    import duckdb

    names = tuple(sorted(str(number) for number in range(1, 13)))
    made_up_store(tmp_path, variants=("a",), runs=2, classes=12, class_names=names)
    results = cnnjobs.load_results(tmp_path)
    assert dict(zip(results.classes["label"], results.classes["label_name"], strict=True)) == dict(enumerate(names))
    predictions = results.predictions
    for number, name in (("label", "label_name"), ("predicted", "predicted_name")):
        assert list(predictions[name]) == [names[label] for label in predictions[number]]
    cnnjobs.compare(results).report()
    tables = tmp_path / "job" / "report" / "tables"
    for table, columns in (
        ("classes-a", {"label": "name"}),
        ("confused-a", {"label": "label_name", "predicted": "predicted_name"}),
        ("hardest", {"label": "label_name", "taken_for": "taken_for_name"}),
        ("../figures/confusion-counts-a", {"label": "label_name", "predicted": "predicted_name"}),
        ("../figures/roc-a", {"label": "name"}),
    ):
        read = pd.read_csv(tables / f"{table}.csv", dtype=str, keep_default_na=False)
        for number, name in columns.items():
            pairs = {(label, text) for label, text in zip(read[number], read[name], strict=True) if label}
            assert pairs, (table, number)
            assert all(names[int(label)] == text for label, text in pairs), (table, number)
    query = next(block for block in blocks(PAGE, "sql") if "predicted_name" in block)
    found = duckdb.sql(query.replace("results/quickstart", str(tmp_path / "job"))).fetchall()
    counted = predictions.groupby(["label_name", "predicted_name"]).size()
    assert {(label, predicted): count for label, predicted, count in found} == counted.to_dict()


def test_the_names_of_other_data_are_not_guessed(tmp_path):
    """A folder was added as a class since: the rows of the data as they were keep their numbers, and have no names."""
    store = made_up_store(tmp_path, variants=("a",), runs=1, classes=2, class_names=("cat", "dog"))
    stored = store.kept_job()
    data = replace(stored.dataset, class_names=("bird", "cat", "dog"), classes=3, fingerprint="other")
    variants = {"a": replace(stored.variants["a"], condition_id="new")}
    store.write_job(replace(stored, dataset=data, variants=variants))
    assert cnnjobs.load_results(tmp_path).predictions.empty
    rows = cnnjobs.load_results(tmp_path, stale=True).predictions
    assert rows["label"].max() == 1
    assert rows["label_name"].isna().all()


def test_predictions_as_csv_name_no_formula():
    """A picture whose file, or whose class, is called like a formula."""
    answers = Answer("=cmd|' /C calc'!A0.png", (("+1+1", 0.75),)), Answer("b.png", (("-1", 0.5),))
    metadata = ModelMetadata(("+1+1", "-1"), (8, 8, 1), BuiltinDataset("digits"), {})
    text = Answers(answers, metadata, Reading((8, 8)), {}).formatted("csv")
    assert [row[:4] for row in csv.reader(io.StringIO(text))] == [
        ["path", "label", "label_name", "probability"],
        ["'=cmd|' /C calc'!A0.png", "0", "'+1+1", "0.75"],
        ["b.png", "1", "-1", "0.5"],
    ]
