"""Images that are decoded whenever they are asked for, because not even the disk has room for them decoded."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.images import Array, Digests, FetchedImages, digests_of
from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.pictures.pictures import Reading, read_picture, silence_pillow, to_grey
from cnnjobs.process.machine import usable_cpus
from cnnjobs.wording.sentences import cause


@dataclass(frozen=True, eq=False)
class EncodedImages(FetchedImages):
    """Encoded pictures, decoded as they are asked for, and compared with what they were when they were first decoded.

    Args:
        contents: the pictures, by their numbers.
        reading: how they are read.
        digests: of all pictures in `contents`.
        threads: how many decode at the same time; None for one on each core.
    """

    contents: Contents
    reading: Reading
    digests: Digests
    threads: int | None = None

    def fetch(self, numbers: NDArray[np.int64]) -> Array:
        """Return images by their numbers.

        Raises:
            OSError: if one can no longer be read, or has changed.
        """
        images = np.empty((len(numbers), *self.image_shape), self.dtype)

        def decode(place: int) -> None:
            images[place] = self._decoded(int(numbers[place]))

        list(self._pool.map(decode, range(len(numbers))))
        return images

    def known_digests(self) -> Digests:
        """Return what each image was when it was first decoded."""
        return self.digests[self.numbers]

    @property
    def _pool(self) -> ThreadPoolExecutor:
        """Threads that decode, while Pillow releases the GIL. They stay: contents keep files open for each."""
        pool: ThreadPoolExecutor | None = self.__dict__.get("pool")
        if pool is None:
            silence_pillow()  # no context manager: what that changes is shared by threads that never end
            pool = self.__dict__["pool"] = ThreadPoolExecutor(self.threads or usable_cpus())
        return pool

    def _decoded(self, number: int) -> Array:
        name = self.contents.name(number)
        try:
            picture, _ = read_picture(self.contents.open(number), self.reading)
        except Exception as error:  # Pillow raises many kinds for what is no picture any more
            raise OSError(f"{name} can no longer be read: {cause(error)}") from error
        image: Array = to_grey(picture[np.newaxis])[0] if self.image_shape[2] == 1 else picture
        if (digests_of([image])[0] != self.digests[number]).any():
            raise OSError(f"{name} has changed since it was first read")
        return image
