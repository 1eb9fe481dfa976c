"""Checkpoints: which are kept, when they are due, and how a trial's state becomes bytes and back."""

import numpy as np
import pytest
from support.fakes import Clock

from cnnjobs.files.digests import with_digest
from cnnjobs.store.checkpoints import LEAST_S, SHARE, Checkpoints
from cnnjobs.store.files import Files
from cnnjobs.training.snapshot import DamagedSnapshot, Snapshot, pack, unpack


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def checkpoints(tmp_path, clock):
    return Checkpoints(Files(tmp_path / "checkpoints"), clock=clock)


def save(checkpoints, trial_id, *epochs):
    for epoch in epochs:
        checkpoints.save(trial_id, epoch, lambda: b"content")


def names(tmp_path):
    return sorted(path.name for path in (tmp_path / "checkpoints").iterdir())


def test_the_two_newest_of_a_trial_are_kept(checkpoints, tmp_path):
    save(checkpoints, "aa", 1, 2, 9, 10)
    save(checkpoints, "bb", 1)
    assert names(tmp_path) == ["aa-0000009.npz", "aa-0000010.npz", "bb-0000001.npz"]
    assert [name for name, _ in checkpoints.newest_first("aa", print)] == ["aa-0000010.npz", "aa-0000009.npz"]
    assert checkpoints.trial_ids() == {"aa", "bb"}
    assert [checkpoints.newest_epoch(one) for one in ("aa", "bb", "cc")] == [10, 1, 0]


def test_those_of_one_trial_are_removed_with_what_a_killed_process_left(checkpoints, tmp_path):
    save(checkpoints, "aa", 1, 2)
    save(checkpoints, "bb", 1)
    (tmp_path / "checkpoints" / ".aa-0000003.npz.77-ab.part").write_bytes(b"half")
    checkpoints.remove("aa")
    assert names(tmp_path) == ["bb-0000001.npz"]


DAMAGES = [
    lambda content: content[:-1],
    lambda content: b"",
    lambda content: content + b"\n",
    lambda content: b"C" + content[1:],
    lambda content: with_digest(b"content", "bb-0000002.npz"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_that_is_not_what_was_written_under_its_name_is_told_and_removed(checkpoints, tmp_path, damage):
    save(checkpoints, "aa", 1, 2)
    place = tmp_path / "checkpoints" / "aa-0000002.npz"
    place.write_bytes(damage(place.read_bytes()))
    told = []
    found = list(checkpoints.newest_first("aa", lambda name, error: told.append(name)))
    assert found == [("aa-0000001.npz", b"content")]
    assert told == ["aa-0000002.npz"]
    assert names(tmp_path) == ["aa-0000001.npz"]


def test_by_default_the_first_is_due_after_a_while(checkpoints, clock):
    checkpoints.begin()
    clock.now += LEAST_S - 1
    assert not checkpoints.due()
    clock.now += 1
    assert checkpoints.due()


def test_by_default_writing_takes_a_small_share_of_the_time(checkpoints, clock):
    checkpoints.begin()
    began, writing = clock.now, 0

    def slowly():
        clock.now += 1
        return b"content"

    for epoch in range(10_000):
        clock.now += 0.5
        if checkpoints.due():
            checkpoints.save("aa", epoch, slowly)
            writing += 1
    assert writing > 20
    assert writing / (clock.now - began) <= 1.1 * SHARE


@pytest.mark.parametrize(("every_s", "passed", "due"), [(0, 0, True), (5, 4, False), (5, 5, True)])
def test_how_often_can_be_set(tmp_path, clock, every_s, passed, due):
    checkpoints = Checkpoints(Files(tmp_path), every_s, clock=clock)
    checkpoints.begin()
    clock.now += passed
    assert checkpoints.due() == due


def test_final_states_are_kept_only_if_asked_for_and_found_by_the_epochs_they_may_have(tmp_path):
    folder, states = Files(tmp_path / "checkpoints"), Files(tmp_path / "states")
    assert not Checkpoints(folder, finals=states).keeps_final
    keeping = Checkpoints(folder, finals=states, keeps_final=True)
    assert keeping.keeps_final
    for epoch in (2, 4, 8):
        keeping.save_final("kin", epoch, lambda: b"state")
    keeping.save_final("other", 3, lambda: b"state")
    assert [name for name, _ in keeping.finals("kin", 8, print)] == ["kin-0000008.npz", "kin-0000004.npz"]
    assert [name for name, _ in keeping.finals("kin", 7, print)] == ["kin-0000004.npz"]
    assert list(keeping.finals("kin", 3, print)) == []
    assert keeping.kept_epochs() == {"kin": [4, 8], "other": [3]}
    assert list(Checkpoints(folder).finals("kin", 8, print)) == []


SNAPSHOT = Snapshot(
    variables=(np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, dtype=np.int64)),
    callbacks=[
        {"best": 0.1 + 0.2, "wait": 3, "best_weights": [np.ones(2, np.float32)], "none": None, "on": True},
        {"inf": float("inf"), "scalar": np.float32(1.5), "nested": {"a": [1, {"b": "text"}]}},
    ],
    columns={"epoch": [1, 2], "loss": [0.1, 1e-300]},
    stopped=True,
    inherited=1,
    seconds=12.5,
    made_by={"keras_version": "3"},
)


def test_a_snapshot_comes_back_as_it_was():
    back = unpack(pack(SNAPSHOT))
    assert [v.tobytes() for v in back.variables] == [v.tobytes() for v in SNAPSHOT.variables]
    assert [v.shape for v in back.variables] == [(2, 3), ()]
    first, second = back.callbacks
    assert first["best"] == 0.1 + 0.2
    assert (first["wait"], first["none"], first["on"]) == (3, None, True)
    assert (first["best_weights"][0] == 1).all()
    assert second["inf"] == float("inf")
    assert type(second["scalar"]) is np.float32
    assert second["nested"] == {"a": [1, {"b": "text"}]}
    assert (back.columns, back.seconds, back.made_by) == (SNAPSHOT.columns, 12.5, {"keras_version": "3"})
    assert (back.stopped, back.inherited) == (True, 1)


@pytest.mark.parametrize("cut", [0, 1, 100, -1, -30])
def test_a_snapshot_cut_short_is_known_as_such(cut):
    with pytest.raises(DamagedSnapshot):
        unpack(pack(SNAPSHOT)[:cut])


def test_a_snapshot_with_one_bit_changed_is_known_as_such():
    content = bytearray(pack(SNAPSHOT))
    place = bytes(content).index(np.arange(6, dtype=np.float32).tobytes()) + 9
    content[place] ^= 1
    with pytest.raises(DamagedSnapshot):
        unpack(bytes(content))


def test_a_file_that_is_no_snapshot_is_known_as_such():
    with pytest.raises(DamagedSnapshot):
        unpack(b"not a zip file at all")
