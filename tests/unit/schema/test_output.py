"""Standard output for a program: one document at the end, whatever becomes of the command."""

import io
import json

import jsonschema
import pytest
from support.documents import SCHEMA, checked

import cnnjobs
from cnnjobs import errors
from cnnjobs.schema.output import Failing, Output, document

FAILING = Failing("StoreError", "no results", 2)


def written(use, exit_code=0, command="plan"):
    """What an output has written in the end, as objects."""
    stream = io.StringIO()
    output = Output(stream, command)
    use(output)
    output.finish(exit_code)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_document_says_what_it_is_and_that_nothing_went_wrong():
    found = written(lambda output: output.end_with(lambda: document("plan", {"job": "a"})))
    assert found == [
        {"schema": "cnnjobs.plan/1", "cnnjobs": cnnjobs.__version__, "job": "a", "notes": [], "error": None}
    ]


def test_what_could_be_read_is_there_with_why_that_is_not_all():
    def use(output):
        output.take_note("a note")
        output.end_with(lambda: document("plan", {"job": "a"}))
        output.fail(FAILING)
        output.fail(Failing("UnexpectedError", "what followed from it", 1))

    (found,) = written(use, 2)
    assert (found["job"], found["notes"]) == ("a", ["a note"])
    assert found["error"] == {"kind": "StoreError", "message": "no results", "exit_code": 2}


def test_without_a_document_the_error_is_one():
    (found,) = written(lambda output: output.fail(FAILING), 2)
    assert checked(json.dumps(found))["command"] == "plan"
    assert found["schema"] == "cnnjobs.error/1"


def test_a_code_without_an_error_is_an_error_all_the_same():
    (found,) = written(lambda output: None, 3)
    assert found["error"]["exit_code"] == 3


def test_what_another_machine_wrote_last_is_the_last():
    def use(output):
        output.pass_on({"schema": "cnnjobs.error/1", "error": {}}, is_last=True)
        output.fail(FAILING)

    assert len(written(use, 2)) == 1


def test_the_schema_is_one_and_names_every_kind_of_error():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    kinds = [one.__name__ for one in vars(errors).values() if isinstance(one, type)]
    assert set(SCHEMA["$defs"]["error"]["properties"]["kind"]["enum"]) == {*kinds, "UsageError", "UnexpectedError"}


def test_every_document_of_the_schema_is_one_of_the_whole_and_has_the_keys_of_all():
    named = {one["$ref"].rpartition("/")[2] for one in SCHEMA["oneOf"]}
    documents = {name: part for name, part in SCHEMA["$defs"].items() if "schema" in part.get("properties", {})}
    assert named == set(documents)
    for part in documents.values():
        assert {"schema"} | ({"time"} if "event" in part["properties"] else {"cnnjobs", "notes", "error"}) <= {
            *part["required"]
        }


def test_the_guard_can_fail():
    (found,) = written(lambda output: output.fail(FAILING), 2)
    with pytest.raises(jsonschema.ValidationError, match="unknown"):
        checked(json.dumps(found | {"unknown": 1}))
