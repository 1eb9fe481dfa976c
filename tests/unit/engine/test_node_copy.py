"""A large file comes to a node once, to the bit, whatever was there before and whoever else wants it."""

import hashlib
import shutil
import threading
from types import SimpleNamespace

import pytest

from cnnjobs.datasets.storage.cache import remove_remains
from cnnjobs.engine import node_copy
from cnnjobs.engine.node_copy import LargeFile, NodeCopy
from cnnjobs.errors import NodeWithoutRoom
from cnnjobs.files.digests import DamagedContent

PIECE = 1000


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The cache of this node, and small pieces."""
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    with monkeypatch.context() as patch:
        patch.setattr(node_copy, "PIECE", PIECE)
        yield tmp_path / "cache"


class Other:
    """Another node, which has the file, and counts what is asked for."""

    def __init__(self, content=bytes(range(256)) * 20, path="/elsewhere/images"):
        self.content, self.asked = content, []
        self.file = LargeFile(path, len(content), hashlib.sha256(content).hexdigest())

    def pieces(self, start):
        for place in range(start, len(self.content), PIECE):
            self.asked.append(place)
            yield self.content[place : place + PIECE]

    def copied(self, run="run", pieces=None, sleep=pytest.fail):
        """Let a worker of this node have the file; return where it lies, and how many pieces that took."""
        steps, before = NodeCopy(self.file, "node-2", run).obtain(pieces or self.pieces, sleep), len(self.asked)
        while True:
            try:
                next(steps)
            except StopIteration as stopped:
                return stopped.value, len(self.asked) - before


def content_of(path):
    with open(path, "rb") as stream:
        return stream.read()


def test_the_first_worker_copies_and_the_others_use_the_copy():
    other = Other()
    path, pieces = other.copied()
    assert (content_of(path), pieces) == (other.content, 6)
    assert other.copied() == (path, 0)
    assert other.copied(run="later") == (path, 0)


def test_where_the_nodes_share_a_disk_nothing_is_copied(tmp_path, cache):
    (tmp_path / "images").write_bytes(Other().content)
    other = Other(path=str(tmp_path / "images"))
    assert other.copied() == (str(tmp_path / "images"), 0)
    assert not list(cache.rglob("*images*"))


def test_another_file_at_the_same_path_is_not_taken_for_it(tmp_path):
    """Each node has decoded pictures of its own."""
    (tmp_path / "images").write_bytes(bytes(len(Other().content)))
    other = Other(path=str(tmp_path / "images"))
    path, pieces = other.copied()
    assert (content_of(path), pieces) == (other.content, 6)


def test_a_copy_that_is_damaged_is_made_anew_in_the_next_submit():
    other = Other()
    path, _ = other.copied()
    with open(path, "r+b") as stream:
        stream.write(b"damage")
    path, pieces = other.copied(run="next")
    assert (content_of(path), pieces) == (other.content, 6)


def test_what_was_cut_off_is_continued():
    other = Other()

    def cut_off(start):
        for place, piece in zip(range(4), other.pieces(start), strict=False):
            if place == 3:
                raise ConnectionError("the worker was ended")
            yield piece

    with pytest.raises(RuntimeError, match="/elsewhere/images on the submitting machine cannot be read: the "):
        other.copied(pieces=cut_off)
    path, pieces = other.copied()
    assert (content_of(path), pieces) == (other.content, 3)


def test_remains_that_are_not_its_beginning_cost_a_second_copy(cache):
    other = Other()
    (cache / "copies").mkdir(parents=True)
    (cache / "copies" / f".{other.file.digest}.part").write_bytes(b"?" * 2500)
    path, pieces = other.copied()
    assert (content_of(path), pieces) == (other.content, 4 + 6)


def test_what_comes_otherwise_than_it_was_sent_is_not_used(cache):
    other = Other()
    with pytest.raises(DamagedContent, match=r"^the copy of /elsewhere/images on node-2 does not match its digest$"):
        other.copied(pieces=lambda start: iter([b"?" * len(other.content)]))
    assert [path.suffix for path in (cache / "copies").iterdir()] == [".lock"]


def test_two_workers_of_a_node_copy_once():
    other, found, begun = Other(), [], threading.Event()

    def slowly(start):
        begun.set()
        for piece in other.pieces(start):
            yield piece
            waiting.wait(0.05)

    waiting = threading.Event()
    first = threading.Thread(target=lambda: found.append(other.copied(pieces=slowly)))
    first.start()
    begun.wait()
    found.append(other.copied(sleep=lambda seconds: waiting.wait(0.02)))
    first.join()
    assert {path for path, _ in found} == {found[0][0]}
    assert sorted(other.asked) == [*range(0, len(other.content), PIECE)]


def test_a_node_without_room_is_named_with_what_it_needs_and_has(monkeypatch, cache):
    other = Other(bytes(3_000_000))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
        with pytest.raises(NodeWithoutRoom) as caught:
            other.copied()
    assert str(caught.value) == (
        f"node-2 needs 3.0 MB in {cache}/copies for its copy of the pictures, and 1.0 MB are free. Make room "
        "there, or let CNNJOBS_CACHE name a folder with room where Ray is started on that node."
    )
    shutil.rmtree(cache / "copies")
    (cache / "copies").write_text("no folder")
    with pytest.raises(NodeWithoutRoom, match=r"^node-2 cannot keep its copy of the pictures \(3\.0 MB\) in .*: "):
        other.copied()


def test_remains_that_nobody_continues_go_after_a_day(cache):
    part = cache / "copies" / f".{Other().file.digest}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    written = part.stat().st_mtime
    remove_remains(cache, host="node-2", now=written + 3600)
    assert part.exists()
    remove_remains(cache, host="node-2", now=written + 100_000)
    assert not part.exists()
