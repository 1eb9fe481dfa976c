"""The ledger of proposals: what it keeps through kills, edits, two writers at a time, and other files in its place."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnnjobs.errors import StoreError
from cnnjobs.stats.online_fdr import lord_level
from cnnjobs.store.ledger import HEADER, Ledger, _sealed
from cnnjobs.store.proposals import Confirmation, Ending, Question


def question(candidate="c1", reference="r", no_worse_by=None):
    """A proposal of two conditions, which are called as they are."""
    named = {"job": "job", "candidate": candidate, "reference": reference, "metric": "test_accuracy"}
    return Question(candidate_id=candidate, reference_id=reference, no_worse_by=no_worse_by, **named)


def ending(decision="better", p=1e-5, repeats=8):
    """What a test came to."""
    return Ending(decision=decision, p=p, pairs=repeats, repeats=repeats, mean=0.01, low=0.005, high=0.015)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.fixture
def full(ledger):
    """A ledger with an acceptance, a rejection and an open proposal."""
    for name, decision in (("c1", "worse"), ("c2", "better"), ("c3", None)):
        number = ledger.propose(question(name)).number
        if decision:
            ledger.end(number, ending(decision))
    ledger.confirm(2, Confirmation(repeats=(8, 12), runs=5, mean=0.97, sd=0.01, low=0.96, high=0.98))
    return ledger


def test_levels_follow_from_what_was_accepted_and_known(ledger):
    first, second = ledger.propose(question("c1")), ledger.propose(question("c2"))
    assert (first.alpha, second.alpha) == (lord_level(1), lord_level(2))
    ledger.end(1, ending())  # while the second is open
    assert ledger.propose(question("c3")).alpha == lord_level(3, accepted=[2])
    ledger.end(2, ending("undecided", p=0.4))
    assert ledger.read().next_level == lord_level(4, accepted=[2])
    ledger.end(2, ending())
    assert ledger.read().next_level == lord_level(4, accepted=[2, 3])


def test_a_worse_candidate_earns_nothing(ledger):
    ledger.propose(question("c1"))
    ledger.end(1, ending("worse"))
    assert ledger.propose(question("c2")).alpha == lord_level(2)


def test_the_same_proposal_goes_on_and_is_charged_once(ledger):
    made = ledger.propose(question("c1"))
    ledger.propose(question("c2"))
    assert ledger.propose(question("c1")) == made
    renamed = Question(**vars(question("c1")) | {"job": "renamed", "candidate": "other name"})
    assert ledger.propose(renamed) == made  # conditions count, not names
    assert len(ledger.read().proposals) == 2


def test_another_hypothesis_on_the_same_pair_is_another_proposal(ledger):
    asked = (None, 0.005, 0.01)
    assert [ledger.propose(question(no_worse_by=margin)).number for margin in asked] == [1, 2, 3]
    assert ledger.propose(question("r", reference="c1")).number == 4


def test_what_is_decided_stays(full):
    before = full.path.read_text()
    full.end(2, ending("worse", p=1e-6))
    full.end(2, ending())
    assert full.path.read_text() == before
    assert full.read().proposals[1].ending == ending()


def test_comparisons_with_an_accepted_champion_begin_after_the_repeats_that_decided(full):
    assert full.read().proposals[1].first == 0
    assert full.propose(question("c4", reference="c2")).first == 8
    full.end(4, ending(repeats=6))
    assert full.propose(question("c5", reference="c4")).first == 14
    assert full.propose(question("c6", reference="r")).first == 0
    assert full.propose(question("c7", reference="c1")).first == 0  # was refused: nobody chose it for its runs


def test_the_measurement_of_a_champion_is_kept_beside_what_decided(full):
    champion = full.read().proposals[1]
    assert champion.confirmation.mean == 0.97
    assert champion.ending.mean == 0.01


def test_two_gates_at_the_same_time_get_numbers_and_levels_of_their_own(ledger):
    def propose(number):
        return Ledger(ledger.path).propose(question(f"c{number % 30}"))

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(propose, range(60)))
    assert sorted({one.number for one in made}) == list(range(1, 31))
    for one in made:
        assert one.alpha == lord_level(one.number)


def test_a_kill_at_any_byte_costs_at_most_the_line_that_was_being_written(full):
    content = full.path.read_bytes()
    starts = [0] + [place + 1 for place, byte in enumerate(content) if byte == 10]
    for cut in range(0, len(content), 5):
        full.path.write_bytes(content[:cut])
        kept = sum(start <= cut for start in starts) - 1
        record = full.read()
        events = 1 + len(record.proposals) + sum(one.ending is not None for one in record.proposals)
        assert events >= min(kept, 6)
        if cut % 50 == 0:
            asked = full.propose(question("c9"))
            assert asked == full.read().proposals[-1]
            lines = full.path.read_text().splitlines()
            assert [json.loads(line)["digest"] for line in lines]  # nothing torn is left within


@pytest.mark.parametrize(
    "edit",
    [
        lambda lines: [lines[0], lines[1].replace('"alpha": 0.0109', '"alpha": 0.0500'), *lines[2:]],
        lambda lines: [*lines[:2], lines[2].replace("worse", "better"), *lines[3:]],
        lambda lines: [*lines[:2], *lines[3:]],
        lambda lines: [*lines[:3], lines[3], lines[3], *lines[4:]],
        lambda lines: [lines[0], *lines[3:]],
        lambda lines: [*lines[:4], "not JSON", *lines[4:]],
        lambda lines: [*lines[:4], "[1, 2]", *lines[4:]],
        lambda lines: [*lines[:3], "<<<<<<< HEAD", *lines[3:]],
    ],
    ids=["level", "decision", "line removed", "line twice", "proposal removed", "text", "no object", "merge"],
)
def test_a_ledger_that_was_edited_is_refused_and_left_as_it_is(full, edit):
    edited = "\n".join(edit(full.path.read_text().splitlines())) + "\n"
    full.path.write_text(edited)
    for call in (full.read, lambda: full.propose(question("c9")), lambda: full.end(3, ending())):
        with pytest.raises(StoreError, match=r"is not as it was written: line \d"):
            call()
    assert full.path.read_text() == edited


def test_levels_are_computed_again_even_where_every_digest_fits(full, monkeypatch):
    """A program that writes digests as well cannot give itself a level."""
    lines = [json.loads(line) for line in full.path.read_text().splitlines()]
    lines[1]["alpha"] = 0.05
    monkeypatch.setattr("cnnjobs.store.ledger._digest", lambda event, before: "x")
    full.path.write_text("".join(json.dumps(line | {"digest": "x"}) + "\n" for line in lines))
    with pytest.raises(StoreError, match=r"line 2: `alpha` must be 0\.010937"):
        full.read()


def test_line_ends_of_other_systems_and_a_last_line_without_one_are_no_edits(full):
    content, expected = full.path.read_bytes(), full.read().proposals
    for other in (content.replace(b"\n", b"\r\n"), content.rstrip(), b"\xef\xbb\xbf" + content):
        full.path.write_bytes(other)
        assert full.read().proposals == expected
        assert full.propose(question("c9")).number == 4
        assert len(full.read().proposals) == 4


def test_an_empty_file_becomes_a_ledger(ledger):
    ledger.path.touch()
    assert ledger.propose(question()).number == 1
    assert Ledger(ledger.path.parent / "new" / "folder" / "ledger.jsonl").propose(question()).number == 1


@pytest.mark.parametrize(
    "content",
    [b"time,accuracy\n1,0.9\n", b"a line without its end", b'{"a": 1}\n', b"\xff\xfe\x00\x01\n", b"[]\n", b"{}"],
    ids=["table", "one line", "other JSON", "bytes", "array", "object"],
)
def test_another_file_is_refused_and_left_as_it_is(ledger, content):
    ledger.path.write_bytes(content)
    for call in (ledger.read, lambda: ledger.propose(question())):
        with pytest.raises(StoreError, match="another file"):
            call()
    assert ledger.path.read_bytes() == content


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", "/dev/null"):
        with pytest.raises(StoreError, match="another file"):
            Ledger(place).propose(question())
    for place in ("", "  ", "s3://bucket/ledger.jsonl"):
        with pytest.raises(StoreError, match="on a disk"):
            Ledger(place)


def test_a_ledger_of_a_newer_version_or_another_rule_is_refused(ledger):
    for change in ({"version": 2}, {"rule": "SAFFRON"}, {"alpha": 0.1}):
        ledger.path.write_text(json.dumps(_sealed(HEADER | change, "")) + "\n")
        with pytest.raises(StoreError, match=f"`{next(iter(change))}` must be"):
            ledger.propose(question())


def test_another_process_that_holds_the_file_is_waited_for_and_named(full, monkeypatch):
    monkeypatch.setattr("cnnjobs.store.locked_lines.PATIENCE_S", 0.2)
    with full._lines.locked(), pytest.raises(StoreError, match="held by another process"):
        full.propose(question("c9"))


def test_a_file_that_was_replaced_while_waiting_is_opened_again(full):
    """`git checkout` puts another file in its place: what is added goes into that one."""
    content = full.path.read_bytes()
    with ThreadPoolExecutor(1) as pool:
        with full._lines.locked():
            waiting = pool.submit(Ledger(full.path).propose, question("c9"))
            full.path.unlink()
            full.path.write_bytes(content)
        assert waiting.result().number == 4
    assert len(full.read().proposals) == 4
