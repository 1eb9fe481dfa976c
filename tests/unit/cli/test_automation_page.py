"""docs/automation.md shows what is: its documents are of the schema, its commands are understood, its script runs."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from support.commands import with_fakes
from support.decided import B, decided_store
from support.documents import SCHEMA, checked
from support.stores import document_of, make_store

from cnnjobs import errors
from cnnjobs.cli import main

WITHOUT_REPORT = """
import cnnjobs.run.aggregate
from cnnjobs.report.write import Written
cnnjobs.run.aggregate.write_document = lambda *_: Written("report", None, ())
"""
"""Figures take seconds to draw."""

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "automation.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


EXAMPLES = [line for block in blocks("json") for line in block.splitlines() if '"schema"' in line]
COMMANDS = re.findall(r"cnnjobs [a-z]+ [^|>\n`]*", "\n".join(blocks("sh")))


@pytest.mark.parametrize("line", EXAMPLES, ids=lambda line: json.loads(line).get("event", "error"))
def test_the_documents_on_the_page_are_of_the_schema(line):
    jsonschema.Draft202012Validator(SCHEMA).validate(checked(line))


def test_a_document_that_is_not_is_refused_by_the_whole_schema_too():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(EXAMPLES[0]) | {"schema": "cnnjobs.error/9"})


@pytest.mark.parametrize("command", COMMANDS, ids=str.strip)
def test_the_commands_on_the_page_are_understood(command):
    _, name, *words = shlex.split(command)
    parsed = main.commands[name].make_context(name, list(words))
    assert parsed.params.get("form") == "json"


def test_there_are_examples_and_commands_to_check():
    assert (len(EXAMPLES) > 5, len(COMMANDS) > 5) == (True, True)


def test_the_exit_code_of_every_kind_of_error_is_in_the_table():
    rows = {}
    for code, kinds in re.findall(r"^\| (\d+) \| (`.*?`) \|", PAGE, re.M):
        rows.setdefault(int(code), set()).update(re.findall(r"`(\w+)`", kinds))
    real = {1: {"UnexpectedError"}, 2: {"UsageError"}, 130: set()}
    for kind in vars(errors).values():
        if isinstance(kind, type) and kind is not errors.CnnjobsError:
            real.setdefault(kind.exit_code, set()).add(kind.__name__)
    assert rows == real


def printed(folder, script, job, worker):
    """Run a program of the page beside a quickstart, with a `cnnjobs` that is this code; return its lines."""
    (folder / "jobs").mkdir()
    (folder / "jobs" / "quickstart.py").write_text(job)
    command = folder / "bin" / "cnnjobs"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\n{worker}")
    command.chmod(0o755)
    path = {"PATH": f"{command.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=os.environ | path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


QUICKSTART = (ROOT / "jobs" / "quickstart.py").read_text(encoding="utf-8")


def test_the_script_on_the_page_runs_also_a_job_with_a_rule(tmp_path):
    job = QUICKSTART.replace("repeats=3", "decide=__import__('cnnjobs').Decide()")
    lines = printed(tmp_path, blocks("python")[0], job, WITHOUT_REPORT + with_fakes()[-1])
    assert lines[0] == "60 of 60 trials would run"
    assert sum("completed 0." in line for line in lines) >= 15
    assert [line.split()[0] for line in lines[-2:]] == ["dropout", "augmentation"]


def test_the_tables_on_the_page_are_those_of_a_job_without_a_rule_and_with_one(tmp_path):
    named = {
        table: re.findall(r"`(\w+)`", columns)
        for table, columns in re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", PAGE, re.M)
    }
    stores = {
        "differences": make_store(tmp_path / "fixed", {"a": [0.1, 0.2], "b": [0.2, 0.2]}),
        "decisions": decided_store(tmp_path / "decided", {"b": B}),
    }
    for compared, store in stores.items():
        tables = {table.name: table.columns for table in document_of(store, with_predictions=False).tables}
        assert {"differences", "decisions"} & set(tables) == {compared}
        for table in ("summary", compared):
            assert set(named[table]) <= set(tables[table])


def test_the_program_on_the_page_that_proposes_changes_runs(tmp_path):
    """The fakes' results are the same in all variants, so that nothing is accepted."""
    lines = printed(tmp_path, blocks("python")[1], QUICKSTART, with_fakes()[-1])
    assert len(lines) == 3
    assert lines[-1] == "the best is baseline"
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 5
