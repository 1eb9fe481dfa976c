"""How often results were looked at is kept beside them, and survives what files meet."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.looks import compared, growing, kept
from support.stores import make_store

from cnnjobs.comparison.table import job_table
from cnnjobs.errors import StoreError
from cnnjobs.files.digests import DamagedContent
from cnnjobs.remote.transfer import Incoming, digests, outgoing
from cnnjobs.run.verify import verify_results
from cnnjobs.store.files import Files
from cnnjobs.store.looks import FOLDER, Look, Seen, decode, read_looks, write_look
from cnnjobs.store.store import Store

A, B = [0.90, 0.91, 0.92, 0.93, 0.94, 0.90, 0.91], [0.93, 0.94, 0.94, 0.97, 0.97, 0.94, 0.93]


def times(store, variant="b"):
    return job_table(Store(store.files)).looked.times(variant)


def look(*runs, at="2026-01-02T03:04:05Z"):
    seen = {f"c{number}": Seen(variant=f"v{number}", pairs=5, runs=one) for number, one in enumerate(runs)}
    return Look(at=at, metric="test_accuracy", reference="c", seen=seen)


@pytest.fixture
def looked_at(tmp_path):
    """A store that was looked at with two, five and seven pairs."""
    for store in growing(tmp_path, {"a": A, "b": B}, (2, 5, 7)):
        compared(store)
    return store


def test_a_look_is_read_as_it_was_written():
    one = look("r0", "r1")
    assert decode(one.encode()) == one
    assert one.name == replace(one, at="later", metric="test_loss").name != look("r0", "r2").name


def test_what_was_compared_is_kept(looked_at):
    looks = read_looks(looked_at.files).looks
    assert [{one.variant: one.pairs for one in found.seen.values()} for found in looks] == [
        {"b": 2},
        {"b": 5},
        {"b": 7},
    ]
    assert {found.metric for found in looks} == {"test_accuracy"}
    assert all(found.at.endswith("Z") for found in looks)
    assert times(looked_at) == 3


def test_a_look_at_the_same_runs_is_none_whatever_is_compared(looked_at):
    before = kept(looked_at)
    for options in ({}, {"metric": "test_loss"}, {"reference": "b"}, {"alpha": 0.01}):
        compared(looked_at, **options)
    assert kept(looked_at) == before
    assert times(looked_at) == 3


def test_one_pair_says_nothing_of_chance_and_is_no_look(tmp_path):
    (store,) = growing(tmp_path, {"a": A, "b": B}, (1,))
    compared(store)
    assert kept(store) == []


def test_a_variant_more_is_a_look_at_that_one_alone(tmp_path):
    store = make_store(tmp_path, {"a": A, "b": B})
    compared(store)
    store = make_store(tmp_path, {"a": A, "b": B, "c": B})
    compared(store)
    assert len(kept(store)) == 2
    assert (times(store, "b"), times(store, "c")) == (1, 1)
    (last,) = growing(tmp_path, {"a": A + A, "b": B + B, "c": B + A}, (9,))
    assert (times(last, "b"), times(last, "c")) == (2, 2)


def test_a_variant_that_was_dropped_is_no_further_look(tmp_path):
    store = make_store(tmp_path, {"a": A, "b": B, "c": B})
    compared(store)
    store.write_job(replace(store.job, variants={name: store.job.variants[name] for name in "ab"}))
    compared(store)
    assert (len(kept(store)), times(store)) == (1, 1)


def test_looks_of_two_who_read_and_write_at_once_are_all_kept(tmp_path):
    files = Files(tmp_path / "job")
    first, second = read_looks(files), read_looks(files)
    assert first == second
    for one in (look("r0"), look("r1"), look("r0")):
        write_look(files, one)
    assert len(read_looks(files).looks) == 2


def test_results_that_cannot_be_written_are_compared_all_the_same(tmp_path):
    store = make_store(tmp_path, {"a": A, "b": B})
    Path(store.files.location, FOLDER).write_text("a file in its place")
    found = compared(store)
    assert found.differences["verdict"].tolist() == ["better"]
    assert [
        note
        for note in found.notes["job"]
        if note.startswith("This look at the results could not be recorded: Cannot write")
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is no look: JSONDecodeError"),
        (b'{"version": 1}', "its content does not match its digest"),
        (b"[" * 100_000, "it is no look: RecursionError"),
        (b"\xff\xfe\x00", "it is no look: UnicodeDecodeError"),
    ],
)
def test_a_damaged_look_is_said_counted_and_set_aside(looked_at, content, why):
    first = Path(looked_at.files.location, FOLDER, kept(looked_at)[0])
    first.write_bytes(content)
    table = job_table(Store(looked_at.files))
    assert (
        f"{first} ({why}), the record of an earlier look, cannot be read and counts as a look at every variant"
        in table.notes
    )
    assert table.looked.times("b") == 3
    checked = verify_results(str(looked_at.files.location))
    assert list(checked.checks[0].damaged) == [f"{FOLDER}/{first.name}"]
    repaired = verify_results(str(looked_at.files.location), repair=True)
    assert repaired.whole
    assert len(list(Path(looked_at.files.location, "damaged").glob(f"*/{FOLDER}/{first.name}"))) == 1


def test_an_altered_number_is_damage(looked_at):
    name = kept(looked_at)[0]
    content = Path(looked_at.files.location, FOLDER, name).read_bytes()
    with pytest.raises(DamagedContent, match="digest"):
        decode(content.replace(b'"pairs": ', b'"pairs": 1'))


def test_a_look_of_a_newer_version_counts_and_is_no_damage(looked_at, monkeypatch):
    monkeypatch.setattr("cnnjobs.store.looks.VERSION", 2)
    write_look(looked_at.files, look("newer"))
    monkeypatch.undo()
    assert times(looked_at) == 4
    with pytest.raises(StoreError, match="newer"):
        verify_results(str(looked_at.files.location))


def test_verify_counts_looks_and_a_fetched_store_has_them(looked_at, tmp_path):
    files = verify_results(str(looked_at.files.location)).checks[0]
    assert (files.whole, files.checked) == (True, 1 + 14 + 3)
    home = Files(tmp_path / "home")
    Incoming(home).take(list(outgoing(looked_at.files, {})))
    assert digests(home) == digests(looked_at.files)
    assert times(Store(home)) == 3


def test_remains_of_a_look_that_was_cut_off_are_removed(looked_at):
    remains = Path(looked_at.files.location, FOLDER, ".x.json.999999-0123abcd.part")
    remains.write_bytes(b"{")
    assert times(looked_at) == 3
    looked_at.remove_remains()
    assert not remains.exists()
