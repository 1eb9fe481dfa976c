"""Pictures that lie on the submitting machine's disk, for workers on other nodes: each node gets one copy of them."""

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
from cnnjobs.datasets.images import Images, StoredImages
from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.pictures.encoded_images import EncodedImages
from cnnjobs.datasets.pictures.packed_pictures import PackedPictures, packed
from cnnjobs.datasets.storage.cache import cache_folder
from cnnjobs.engine.node_copy import PIECE, LargeFile, NodeCopy
from cnnjobs.errors import NodeWithoutRoom
from cnnjobs.messages import Message, Note
from cnnjobs.wording.sentences import cause
from cnnjobs.wording.sizes import data_size

AHEAD = 2
"""Pieces that are under way while one is written."""

ALIVE_S, TOLD_S = 2.0, 60.0
"""Seconds after which a worker that copies, or waits for the copy, gives a sign of life, and says how far it is."""

PARTS = ("x_train", "x_test")
"""The images of a data set."""


@dataclass(frozen=True)
class _Wanted:
    """What other nodes are to have.

    Args:
        path: of the file, if it is one already.
        contents: encoded pictures that are to be packed into one, if another node asks.
        key: of their content.
    """

    path: str = ""
    contents: Contents | None = None
    key: str = ""

    @classmethod
    def of(cls, images: StoredImages | EncodedImages) -> "_Wanted":
        """Return what nodes need to have images."""
        if isinstance(images, StoredImages):
            return cls(images.path)
        return cls(contents=images.contents, key=hashlib.sha256(images.digests.tobytes()).hexdigest()[:32])


@dataclass(frozen=True)
class _Sent:
    """A file that nodes copy.

    Args:
        file: which one.
        pictures: the encoded pictures in it, if it has such.
    """

    file: LargeFile
    pictures: PackedPictures | None


class _Sender:
    """Reads pieces of files, in a process beside the submitting one; none of them is kept."""

    def __init__(self, wanted: tuple[_Wanted, ...], cache: str) -> None:
        os.environ["CNNJOBS_CACHE"] = cache  # the submitting process's: Ray may have been started with another
        self._wanted = wanted
        self._files = [os.open(one.path, os.O_RDONLY | os.O_CLOEXEC) if one.path else -1 for one in wanted]
        self._about: dict[int, _Sent] = {}
        self._sent = 0

    def about(self, which: int) -> _Sent:
        """Return what there is to say of a file, which is made, or read for its digest, when the first node asks.

        Raises:
            NodeWithoutRoom: if it cannot be made here.
        """
        if which not in self._about:
            path, pictures = self._wanted[which].path, None
            contents = self._wanted[which].contents
            if contents is not None:
                try:
                    pictures = packed(contents, self._wanted[which].key)
                except OSError as error:
                    raise NodeWithoutRoom(
                        f"The pictures cannot be packed into a file of the cache of {platform.node()}, where other "
                        f"nodes could get it: {cause(error)}. Make room there, or let CNNJOBS_CACHE name a folder with "
                        "room."
                    ) from error
                path = pictures.path_of_all
                self._files[which] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            with open(self._files[which], "rb", closefd=False) as stream:
                stream.seek(0)
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = os.fstat(self._files[which]).st_size
            self._about[which] = _Sent(LargeFile(path, size, digest), pictures)
        return self._about[which]

    def piece(self, which: int, start: int) -> NDArray[np.uint8]:
        """Return the bytes from a place on, as an array: such go to other nodes without further copies."""
        piece = np.empty(min(PIECE, os.fstat(self._files[which]).st_size - start), np.uint8)
        view, done = memoryview(piece.data), 0
        while done < len(view):
            count = os.preadv(self._files[which], [view[done:]], start + done)
            if not count:
                raise EOFError(f"the file of {len(view) + start:,} bytes has become shorter")
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
        places: which of the files each part of the data set is in.
        run: differs from submit to submit.
    """

    sender: Any
    node: str
    places: Mapping[str, int]
    run: str

    def arrive(self, dataset: Dataset) -> Generator[Message, None, Dataset]:
        """Tell of the files' way to this node; return the data set with its images in them.

        Args:
            dataset: as it was sent.

        Raises:
            NodeWithoutRoom: if they do not fit.
            DamagedContent: if what comes is not what was sent.
        """
        if ray.get_runtime_context().get_node_id() == self.node:
            return dataset
        found = {}
        for which in sorted({*self.places.values()}):
            found[which] = yield from self._arrive(which)
        placed: dict[str, Any] = {
            part: _placed(getattr(dataset, part), *found[which]) for part, which in self.places.items()
        }
        return replace(dataset, **placed)

    def _arrive(self, which: int) -> Generator[Message, None, tuple[str, PackedPictures | None]]:
        host = platform.node()
        sent = yield from self._asked(which, Note(f"{host} asks for its copy of the pictures", once=True))
        file = sent.file
        steps = NodeCopy(file, host, self.run).obtain(lambda start: self._pieces(which, start, file.size))
        alive = Note(f"{host} gets its copy of the pictures, {data_size(file.size)}", once=True)
        told = last = time.monotonic()
        while True:
            try:
                done = next(steps)
            except StopIteration as stopped:
                return str(stopped.value), sent.pictures
            now = time.monotonic()
            if now - told > TOLD_S:
                told = last = now
                yield Note(f"{host} has {data_size(done)} of {data_size(file.size)}", once=True)
            elif now - last > ALIVE_S or told == last:
                last = now
                yield alive

    def _asked(self, which: int, alive: Note) -> Generator[Message, None, _Sent]:
        """Return what the sender says of a file, which may have to read all of it first."""
        answer = self.sender.about.remote(which)
        while not ray.wait([answer], timeout=ALIVE_S)[0]:
            yield alive
        try:
            sent: _Sent = ray.get(answer)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, NodeWithoutRoom):
                raise error.cause from error
            raise
        return sent

    def _pieces(self, which: int, start: int, size: int) -> Iterator[NDArray[np.uint8]]:
        """Yield pieces in order; the next are under way meanwhile."""
        ahead = deque[Any]()
        for place in range(start, size, PIECE):
            ahead.append(self.sender.piece.remote(which, place))
            if len(ahead) > AHEAD:
                yield ray.get(ahead.popleft())
        while ahead:
            yield ray.get(ahead.popleft())


def sendable(dataset: Dataset) -> Dataset:
    """Return the data set with memory maps as plain arrays, which Ray shares between processes without copies.

    Images that are fetched stay where they are: what is sent says where.
    """
    arrays: dict[str, Any] = {
        name: np.asarray(array) for name, array in vars(dataset).items() if isinstance(array, np.ndarray)
    }
    return replace(dataset, **arrays)


def node_copies(dataset: Dataset) -> NodeCopies | None:
    """Return how workers on other nodes get at images that lie on this machine's disk; None if there are none.

    Args:
        dataset: of the submitting side.
    """
    parts = {part: getattr(dataset, part) for part in PARTS}
    wanted = {part: _Wanted.of(one) for part, one in parts.items() if isinstance(one, StoredImages | EncodedImages)}
    if not wanted:
        return None
    files = list({(one.path, one.key): one for one in wanted.values()}.values())
    keys = [(one.path, one.key) for one in files]
    places = {part: keys.index((one.path, one.key)) for part, one in wanted.items()}
    node = ray.get_runtime_context().get_node_id()
    here = NodeAffinitySchedulingStrategy(node, soft=False)
    actor: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Sender)
    sender = actor.options(scheduling_strategy=here).remote(tuple(files), str(cache_folder()))
    return NodeCopies(sender, node, places, uuid.uuid4().hex)


def _placed(images: Images, path: str, pictures: PackedPictures | None) -> Images:
    """Return images that are fetched from a file of this node."""
    if isinstance(images, EncodedImages) and pictures is not None:
        return replace(images, contents=pictures.at(path))
    return replace(images, path=path) if isinstance(images, StoredImages) else images
