"""Decoded pictures that lie on the submitting machine's disk, for workers on other nodes: each node gets one copy."""

import hashlib
import os
import platform
import time
import uuid
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import ray
from numpy.typing import NDArray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cnnjobs.datasets import Dataset
from cnnjobs.datasets.images import FetchedImages, Images, StoredImages
from cnnjobs.engine.node_copy import PIECE, LargeFile, NodeCopy
from cnnjobs.messages import Message, Note
from cnnjobs.zip_sizes import megabytes

AHEAD = 2
"""Pieces that are under way while one is written."""

ALIVE_S, TOLD_S = 2.0, 60.0
"""Seconds after which a worker that copies, or waits for the copy, gives a sign of life, and says how far it is."""


class _Sender:
    """Reads pieces of files, in a process beside the submitting one; none of them is kept."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._files = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in paths]
        self._about: dict[int, LargeFile] = {}
        self._paths = paths
        self._sent = 0

    def about(self, which: int) -> LargeFile:
        """Return size and digest, which is computed when the first node asks."""
        if which not in self._about:
            with open(self._files[which], "rb", closefd=False) as stream:
                stream.seek(0)
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = os.fstat(self._files[which]).st_size
            self._about[which] = LargeFile(self._paths[which], size, digest)
        return self._about[which]

    def piece(self, which: int, start: int) -> NDArray[np.uint8]:
        """Return the bytes from a place on, as an array: such go to other nodes without further copies."""
        piece = np.empty(min(PIECE, os.fstat(self._files[which]).st_size - start), np.uint8)
        view, done = memoryview(piece.data), 0
        while done < len(view):
            count = os.preadv(self._files[which], [view[done:]], start + done)
            if not count:
                raise EOFError(f"{self._paths[which]} has become shorter")
            done += count
        self._sent += done
        return piece

    def sent(self) -> int:
        """Return how many bytes were asked for."""
        return self._sent


@dataclass(frozen=True)
class NodeCopies:
    """Files of the submitting machine, as workers get at them.

    Args:
        sender: handle of the actor that reads them.
        node: the submitting machine's.
        paths: of the files there.
        run: differs from submit to submit.
    """

    sender: Any
    node: str
    paths: tuple[str, ...]
    run: str

    def arrive(self) -> Generator[Message, None, Mapping[str, str]]:
        """Tell of the files' way to this node; return where each lies on it.

        Raises:
            NodeWithoutRoom: if they do not fit.
            DamagedContent: if what comes is not what was sent.
        """
        if ray.get_runtime_context().get_node_id() == self.node:
            return {}
        found = {}
        for which, path in enumerate(self.paths):
            found[path] = yield from self._arrive(which)
        return found

    def _arrive(self, which: int) -> Generator[Message, None, str]:
        file: LargeFile = ray.get(self.sender.about.remote(which))
        host = platform.node()
        steps = NodeCopy(file, host, self.run).obtain(lambda start: self._pieces(which, start, file.size))
        alive = Note(f"{host} gets its copy of the decoded pictures, {megabytes(file.size)}", once=True)
        told = last = time.monotonic()
        while True:
            try:
                done = next(steps)
            except StopIteration as stopped:
                return str(stopped.value)
            now = time.monotonic()
            if now - told > TOLD_S:
                told = last = now
                yield Note(f"{host} has {megabytes(done)} of {megabytes(file.size)}", once=True)
            elif now - last > ALIVE_S or told == last:
                last = now
                yield alive

    def _pieces(self, which: int, start: int, size: int) -> Iterator[NDArray[np.uint8]]:
        """Yield pieces in order; the next are under way meanwhile."""
        ahead = deque[Any]()
        for place in range(start, size, PIECE):
            ahead.append(self.sender.piece.remote(which, place))
            if len(ahead) > AHEAD:
                yield ray.get(ahead.popleft())
        while ahead:
            yield ray.get(ahead.popleft())


def sendable(dataset: Dataset, *, shares_disk: bool) -> Dataset:
    """Return the data set with memory maps as plain arrays, which Ray shares between processes without copies.

    Args:
        dataset: the data set.
        shares_disk: whether workers can fetch images from this machine's disk; from elsewhere they do so from a copy of
            the file of decoded ones.
    """
    kept = FetchedImages if shares_disk else StoredImages
    arrays: dict[str, Any] = {
        name: np.asarray(array) for name, array in vars(dataset).items() if isinstance(array, np.ndarray)
    }
    sent = {name: _sent(getattr(dataset, name), kept) for name in ("x_train", "x_test")}
    return replace(dataset, **arrays | sent)


def _sent(images: Images, kept: type[FetchedImages]) -> Images:
    """Return images of a kind as they are: what is sent says where they lie; all others as arrays."""
    return images if isinstance(images, kept) else np.asarray(images)


def node_copies(dataset: Dataset) -> NodeCopies | None:
    """Return how workers on other nodes get at images that lie on this machine's disk; None if there are none.

    Args:
        dataset: of the submitting side.
    """
    stored = [images for images in (dataset.x_train, dataset.x_test) if isinstance(images, StoredImages)]
    if not stored:
        return None
    paths = tuple(dict.fromkeys(images.path for images in stored))
    node = ray.get_runtime_context().get_node_id()
    here = NodeAffinitySchedulingStrategy(node, soft=False)
    actor: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Sender)
    return NodeCopies(actor.options(scheduling_strategy=here).remote(paths), node, paths, uuid.uuid4().hex)


def placed(dataset: Dataset, where: Mapping[str, str]) -> Dataset:
    """Return a data set whose stored images are read from other paths.

    Args:
        dataset: as it was sent.
        where: path -> path on this node.
    """
    return replace(dataset, x_train=_placed(dataset.x_train, where), x_test=_placed(dataset.x_test, where))


def _placed(images: Images, where: Mapping[str, str]) -> Images:
    return replace(images, path=where.get(images.path, images.path)) if isinstance(images, StoredImages) else images
