"""`job.json` and its typed view say the same, and one that is none is refused with what to do about it."""

import copy
import json

import pytest
from support.stores import stored_job

from cnnjobs.errors import StoreError
from cnnjobs.spec import SOURCES
from cnnjobs.spec.half_width import HalfWidth
from cnnjobs.store.files import Files
from cnnjobs.store.layout import SCHEMA_VERSION
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import AuditMark, StoredJob

EXAMPLE = """{
  "schema": 2,
  "name": "tiny-audit-one",
  "repeats": 3,
  "seed": 0,
  "vary": [
    "init",
    "order"
  ],
  "reference": "all sources",
  "protocol": {
    "validation": null,
    "folds": 3,
    "stratify": true,
    "limit_train": null,
    "replicas": 1
  },
  "variants": {
    "all sources": {
      "condition_id": "f3e874cc625954863739",
      "settings": {
        "kind": "Variant",
        "epochs": 1,
        "callbacks": []
      }
    },
    "init alone": {
      "condition_id": "72985579088832a53be5",
      "settings": {
        "kind": "Variant",
        "epochs": 1,
        "callbacks": []
      },
      "repeats": 2,
      "vary": [
        "init"
      ]
    },
    "same seeds twice": {
      "condition_id": "0b1c4a9d0a7cdd2f0f5e",
      "settings": {
        "kind": "Variant",
        "epochs": 1,
        "callbacks": []
      },
      "repeats": 2,
      "vary": []
    }
  },
  "protocol_text": "3-fold cross-validation on the training rows",
  "dataset": {
    "name": "digits",
    "source": {
      "kind": "Named",
      "name": "digits"
    },
    "fingerprint": "2d1cb4e1",
    "train_rows": 1438,
    "test_rows": 359,
    "image_shape": [
      8,
      8,
      1
    ],
    "classes": 2,
    "class_names": [
      "höher",
      "tiefer"
    ],
    "notes": []
  },
  "file": "job.py",
  "text": "job = Job(...)\\n",
  "audit": {
    "job": "tiny",
    "variant": "one",
    "left_out": {
      "augment": "the variant has no augmentation"
    }
  },
  "half_width": {
    "half_width": 0.002,
    "pilot": 3,
    "most": 100,
    "metric": "test_accuracy",
    "confidence": 0.95,
    "late": false
  }
}"""
"""As `submit` writes it, shortened, without its digest: every other key that there is, in its order."""

DIGEST = "40ba7b4883e8d3dec8ee08d79a36caed4548867ccc5040a766a6fcc8fb51824c"
FILE = f'{EXAMPLE[:-2]},\n  "digest": "{DIGEST}"\n}}'.encode()
"""The whole file."""


def test_what_is_read_is_written_again_byte_by_byte():
    assert StoredJob.decode(FILE).encode() == FILE


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("14", "15"),
        lambda text: text.replace('"half_width": {', '"half_widtH": {'),
        lambda text: text.replace('"audit": {', '"Audit": {'),
        lambda text: text.replace('"init"', '"order"', 1),
        lambda text: text.replace(DIGEST, DIGEST[::-1]),
        lambda text: text.replace("digest", "digesT"),
        lambda text: text[:-1],
        lambda text: text.replace("tiny", "tin\xff"),
    ],
)
def test_one_that_is_not_what_was_written_is_refused_with_what_to_do(change):
    with pytest.raises(StoreError, match=r"^there/job\.json is not a job of cnnjobs, or is damaged.* `cnnjobs verify"):
        StoredJob.decode(change(FILE.decode()).encode("latin-1"), "there/job.json")


def test_other_spaces_and_another_order_of_keys_are_no_damage():
    document = dict(reversed(json.loads(FILE).items()))
    assert StoredJob.decode(json.dumps(document).encode()) == StoredJob.decode(FILE)


def test_json_and_typed_view_say_the_same_both_ways():
    document = json.loads(EXAMPLE)
    job = StoredJob.from_json(document)
    assert job.to_json() == document
    assert StoredJob.from_json(job.to_json()) == job


def test_the_typed_view_knows_the_marks():
    job = StoredJob.decode(FILE)
    assert job.half_width == HalfWidth(half_width=0.002, pilot=3)
    left_out = {"augment": "the variant has no augmentation"}
    assert job.audit == AuditMark(job="tiny", variant="one", left_out=left_out)


def test_a_variant_without_repeats_and_sources_of_its_own_has_those_of_the_job():
    job = StoredJob.decode(FILE)
    assert [job.repeats_of(name) for name in job.variants] == [3, 2, 2]
    assert [job.vary_of(name) for name in job.variants] == [("init", "order"), ("init",), ()]


def test_what_an_early_version_did_not_keep_stays_away():
    document = stored_job().to_json()
    assert not {"seed", "file", "text", "audit", "half_width"} & set(document)
    assert set(document["dataset"]) == {"name", "train_rows", "test_rows", "classes"}
    assert StoredJob.from_json(document) == stored_job()


def broken(path, value):
    """The example with another value; no value for None."""
    document = copy.deepcopy(json.loads(EXAMPLE))
    *parents, last = path.split(".")
    target = document
    for name in parents:
        target = target[name]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", 3, "`name` must be text. Received: 3."),
        ("repeats", "x", "`repeats` must be a whole number. Received: 'x'."),
        ("repeats", True, "`repeats` must be a whole number. Received: True."),
        ("protocol", None, "`protocol` is missing."),
        ("protocol.folds", None, "`protocol.folds` is missing."),
        ("protocol.validation", [], '`protocol.validation` must be a fraction, "own", "test" or null. Received: [].'),
        ("dataset.classes", 2.5, "`dataset.classes` must be a whole number. Received: 2.5."),
        ("dataset.class_names", [1, 2], "`dataset.class_names` must be a list of texts. Received: [1, 2]."),
        ("variants", {}, "`reference` must be a variant: there is none. Received: 'all sources'."),
        ("variants.init alone.condition_id", 7, "`variants.init alone.condition_id` must be text. Received: 7."),
        ("variants.init alone.vary", ["weather"], f"must name sources of chance: {', '.join(SOURCES)}. Received: "),
        ("reference", "two", "`reference` must be a variant: all sources, init alone, same seeds twice. Received: "),
        ("audit", "x", "`audit` must be an object. Received: 'x'."),
        ("audit.left_out", {"weather": "why"}, "`audit.left_out` must name sources of chance"),
        ("half_width.pilot", 1, "`half_width` must be a rule for repeats. Received: "),
        ("half_width.width", 1, "`half_width` must be a rule for repeats. Received: "),
    ],
)
def test_the_error_says_which_value_of_which_file_what_was_expected_what_came_and_what_to_do(path, value, message):
    with pytest.raises(StoreError) as caught:
        StoredJob.from_json(broken(path, value), "results/tiny/job.json")
    said = str(caught.value)
    assert said.startswith("results/tiny/job.json is not a job of cnnjobs: ")
    assert message in said
    assert said.endswith(" Move the folder away, or choose another with `results=PATH`.")


def test_long_values_are_cut_short_in_messages():
    with pytest.raises(StoreError) as caught:
        StoredJob.from_json(broken("name", list(range(10_000))))
    assert len(str(caught.value)) < 300


def test_a_newer_version_is_told_before_anything_is_looked_at():
    with pytest.raises(StoreError, match=r"job\.json was written by a newer cnnjobs: .* Install that version"):
        StoredJob.from_json({"schema": SCHEMA_VERSION + 1})


def test_a_store_without_a_job_says_so_where_one_is_needed(tmp_path):
    store = Store(Files(tmp_path))
    assert store.job is None
    with pytest.raises(StoreError, match=r"has no job\.json\. Run `cnnjobs submit JOB` first"):
        store.kept_job()


def test_a_job_that_is_what_is_kept_is_not_written_again(tmp_path):
    store = Store(Files(tmp_path))
    store.write_job(stored_job())
    before = (tmp_path / "job.json").stat().st_mtime_ns
    Store(Files(tmp_path)).write_job(stored_job())
    assert (tmp_path / "job.json").stat().st_mtime_ns == before
