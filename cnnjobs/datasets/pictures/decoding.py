"""Encoded pictures, decoded on all cores."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.images import DIGEST_BYTES, Digests, Images, digests_of
from cnnjobs.datasets.pictures.canvas import Canvas
from cnnjobs.datasets.pictures.content_ahead import ContentAhead
from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.pictures.picture_pixels import Facts
from cnnjobs.datasets.pictures.pictures import Reading, picture_size, quiet_pillow, read_picture, to_grey
from cnnjobs.datasets.source import OnProgress
from cnnjobs.errors import DatasetError
from cnnjobs.process.machine import usable_cpus
from cnnjobs.wording.sentences import cause, clause

CHUNK, CHUNK_BYTES = 256, 512 << 10
"""Most pictures a thread decodes at a stretch, and most bytes of them, decoded, unless it is one picture."""

AHEAD = 2
"""Chunks for each thread that may be decoded before the first of them has been taken."""

MIXED_SIZE = (96, 96)
"""Size for pictures of different sizes when the user names none."""


Pixels = NDArray[np.uint8]

T = TypeVar("T")
R = TypeVar("R")


@dataclass
class Decoded:
    """Pictures that have been decoded.

    Args:
        canvas: has those that are not broken.
        facts: what is known of each, (n,); of a broken one it says nothing.
        broken: places of the broken ones, from 0 to n - 1 -> why.
        reading: how they were read.
        digests: of each as it is on the canvas, (n, ...).
        grey_digests: of each that is grey, as it is with one channel, (n, ...).
        notes: what a person should know.
    """

    canvas: Canvas
    facts: list[Facts]
    broken: dict[int, str]
    reading: Reading
    digests: Digests
    grey_digests: Digests
    notes: tuple[str, ...] = ()

    @property
    def good(self) -> NDArray[np.int64]:
        """The places of those that are not broken."""
        return np.array([place for place in range(len(self.facts)) if place not in self.broken], dtype=np.int64)

    @property
    def is_grey(self) -> bool:
        """Whether all of them are grey."""
        return all(self.facts[place].grey for place in self.good)

    def coloured(self, color: str) -> "Decoded":
        """Return them with the channels that are wanted: with one where `color` is "auto" and all are grey."""
        if color != "auto" or not self.is_grey:
            return self
        self.canvas.drop_colours()
        return replace(self, digests=self.grey_digests)

    def images(self, places: NDArray[np.int64]) -> Images:
        """Return the images at some places."""
        return self.canvas.images(places, self.reading, self.digests)


def decode_all(
    contents: Contents,
    indices: Sequence[int],
    reading: Reading,
    canvas: Canvas,
    on_progress: OnProgress,
    ahead: ContentAhead | None = None,
) -> Decoded:
    """Decode pictures, each to its place on a canvas.

    Args:
        contents: the pictures.
        indices: which of them, (n,).
        reading: how each is read.
        canvas: where they go; has n places.
        on_progress: called with (what is going on, done, total).
        ahead: takes them too, and gives the order in which they are decoded, where they are all.

    Raises:
        OSError: if the canvas has no room.
    """
    count = len(indices)
    digests, grey_digests = (np.zeros((count, DIGEST_BYTES), np.uint8) for _ in range(2))
    decoded = Decoded(canvas, [Facts(grey=False)] * count, {}, reading, digests, grey_digests)
    order = range(count) if ahead is None else ahead.order.tolist()
    _decode(decoded, contents, {place: indices[place] for place in order}, on_progress, ahead)
    return replace(decoded, broken=dict(sorted(decoded.broken.items())))


def _decode(
    decoded: Decoded,
    contents: Contents,
    indices: Mapping[int, int],
    on_progress: OnProgress,
    ahead: ContentAhead | None = None,
) -> None:
    """Decode pictures on all cores.

    Args:
        decoded: takes them.
        contents: the pictures.
        indices: place -> which of them.
        on_progress: called with (what is going on, done, total).
        ahead: takes them too.
    """
    canvas, stopped = decoded.canvas, threading.Event()
    step = max(1, min(CHUNK, CHUNK_BYTES // (3 * int(np.prod(canvas.size)))))
    free = SimpleQueue[Pixels]()  # memory for chunks, used again: fresh memory costs as much as writing to it

    def decode(chunk: Sequence[int]) -> tuple[Pixels, list[int]]:
        """Return memory that begins with the pictures of a chunk, and the places of these: those not broken."""
        try:
            memory = free.get_nowait()
        except Empty:
            memory = np.empty((step, *canvas.size, 3), np.uint8)
        good: list[int] = []
        for place in chunk:
            if not stopped.is_set() and _read(decoded, contents, place, indices[place], memory[len(good)]):
                good.append(place)
        if good:
            _take(decoded, good, memory[: len(good)])
        return memory, good

    places = list(indices)
    chunks = [places[start : start + step] for start in range(0, len(places), step)]
    threads = usable_cpus()
    pool = ThreadPoolExecutor(threads)  # Pillow releases the GIL while it decodes
    try:
        with quiet_pillow():
            done = 0
            for chunk, (memory, good) in zip(chunks, _in_order(pool, decode, chunks, AHEAD * threads), strict=True):
                if ahead is not None and good:
                    pictures = memory[: len(good)]
                    grey = all(decoded.facts[place].grey for place in good)
                    ahead.put(pictures if canvas.channels == 3 else to_grey(pictures), grey=grey)
                free.put(memory)
                done += len(chunk)
                on_progress("decoding pictures", done, len(places))
    finally:  # also when it is interrupted: nothing is written afterwards
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _read(decoded: Decoded, contents: Contents, place: int, index: int, picture: Pixels) -> bool:
    """Decode a picture into memory (height, width, 3), and keep what is known of it; say whether it is not broken."""
    source: object = ""
    try:
        source = contents.open(index)
        picture[:], decoded.facts[place] = read_picture(source, decoded.reading)
    except DatasetError:  # what is far cannot be had, whatever it is
        raise
    except Exception as error:  # Pillow raises many kinds for what is no picture
        decoded.broken[place] = _reason(error, source, contents.name(index))
        return False
    return True


def _take(decoded: Decoded, places: Sequence[int], pictures: Pixels) -> None:
    """Put pictures (n, height, width, 3) to their places, and their digests."""
    if decoded.canvas.channels == 1:
        pictures = to_grey(pictures)
    else:
        grey = [row for row, place in enumerate(places) if decoded.facts[place].grey]
        if grey:
            decoded.grey_digests[[places[row] for row in grey]] = digests_of(to_grey(pictures[grey]))
    decoded.digests[places] = digests_of(pictures)
    decoded.canvas.put(places, pictures)


def _in_order(pool: ThreadPoolExecutor, decode: Callable[[T], R], chunks: Sequence[T], ahead: int) -> Iterator[R]:
    """Yield what becomes of each chunk; so many are ahead that no thread waits, and no more."""
    running = deque[Future[R]]()
    for chunk in chunks:
        running.append(pool.submit(decode, chunk))
        if len(running) > ahead:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def with_range(
    decoded: Decoded, contents: Contents, indices: Sequence[int], value_range: tuple[float, float]
) -> Decoded:
    """Return pictures with those decoded again that have more than 8 bits, with other values as black and white.

    Args:
        decoded: the pictures.
        contents: what they were decoded from.
        indices: their numbers in it.
        value_range: the values of black and white.
    """
    again = replace(decoded, facts=[*decoded.facts], reading=replace(decoded.reading, value_range=value_range))
    spans = {place: decoded.facts[place].span for place in decoded.good.tolist()}
    deep = [place for place, span in spans.items() if span is not None and span.read_as != value_range]
    _decode(again, contents, {place: indices[place] for place in deep}, lambda *_: None)
    return replace(again, facts=decoded.facts)


def common_size(contents: Contents) -> tuple[int, int]:
    """Return (height, width) that all pictures have, or else `MIXED_SIZE`."""
    first: tuple[int, int] | None = None
    for size in _sizes(contents, range(len(contents))):
        if first is not None and size != first:
            return MIXED_SIZE
        first = size
    return first or MIXED_SIZE


def sizes_of(contents: Contents, indices: Sequence[int]) -> NDArray[np.int64]:
    """Return (n, 2) heights and widths of the pictures among some that can be read."""
    return np.array([*_sizes(contents, indices)], np.int64).reshape(-1, 2)


def _sizes(contents: Contents, indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield (height, width) of pictures; a broken one is reported when it is decoded."""
    with quiet_pillow():
        for index in indices:
            with contextlib.suppress(Exception):
                yield picture_size(contents.open(index))


def _reason(error: Exception, source: object, name: str) -> str:
    """Return why a picture is broken; what opened it need not be named twice."""
    reason = cause(error)
    if isinstance(source, str) and source:
        return reason.replace(source, name.rpartition("/")[2])
    return reason.replace(f" {source!r}", "")


def broken_text(name: str, broken: Mapping[str, str], what: str) -> str:
    """Return which pictures of a data set are broken and why, the first five by name.

    Args:
        name: of the data set.
        broken: name of a picture -> why.
        what: is said of them.
    """
    shown = [f"{picture} ({clause(reason)})" for picture, reason in list(broken.items())[:5]]
    more = f" and {len(broken) - len(shown)} more" if len(broken) > len(shown) else ""
    noun = "picture" if len(broken) == 1 else "pictures"
    text = f"{name}: {len(broken)} {noun} {what}: {'; '.join(shown)}{more}"
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a name need not be UTF-8
