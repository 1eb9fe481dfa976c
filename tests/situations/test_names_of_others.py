"""Names that somebody else chose, or that damage made: on a terminal, in a report, in a spreadsheet they are names."""

import csv
import io
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from support.stores import made_up_store, make_store

import cnnjobs
from cnnjobs.cli import main
from cnnjobs.models.predict import Answer
from cnnjobs.run.predict import _as_csv

HOSTILE = "cat\x1b[2J\x1b]0;owned\x07"
CLASSES = ("NA", "null", "=1+1", HOSTILE)
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


def test_names_that_pandas_takes_for_missing_are_read_as_names(results):
    """Classes and variants called NA and null: in the frames, in Parquet, and in CSV as the README reads it."""
    folder, _ = results
    summary = folder / "report" / "tables" / "summary.csv"
    read = pd.read_csv(summary, keep_default_na=False, na_values=[""])
    assert list(read["variant"]) == [r"b\x1b[2Jad", "null", "-0.5", "'@sum"]
    exact = pq.read_table(summary.with_suffix(".parquet")).to_pandas()["variant"]
    assert list(exact) == [r"b\x1b[2Jad", "null", "-0.5", "@sum"]
    assert set(cnnjobs.load_results(str(folder)).trials["variant"]) == set(exact)
    classes = next((folder / "report" / "tables").glob("classes-*.parquet"))
    assert {"NA", "null", "=1+1"} <= set(pq.read_table(classes).to_pandas()["name"])


def test_predictions_as_csv_name_no_formula():
    """A picture whose file, or whose class, is called like a formula."""
    text = _as_csv([Answer("=cmd|' /C calc'!A0.png", (("+1+1", 0.75),)), Answer("b.png", (("-1", 0.5),))])
    assert [row[:3] for row in csv.reader(io.StringIO(text))] == [
        ["path", "label", "probability"],
        ["'=cmd|' /C calc'!A0.png", "'+1+1", "0.75"],
        ["b.png", "-1", "0.5"],
    ]
