"""Sums over pixels in little memory have the bits of the sum over all of them at once."""

import numpy as np
import pytest


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("count", "height", "width"), [(5, 40, 31), (1030, 7, 9), (2050, 4, 4), (900, 3, 5)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_means_have_the_bits_of_numpy(channels, count, height, width, dtype):
    from cnnjobs.training.pixel_sums import mean_over_pixels

    random = np.random.default_rng(count)
    images = (random.random((count, height, width, channels)) * (255 if dtype == np.uint8 else 1)).astype(dtype)
    rows = random.permutation(count)[: max(1, count - 3)]
    mean = images.mean(axis=(0, 1, 2), dtype=np.float64)

    for of in (lambda pixels: pixels, lambda pixels: (pixels - mean) ** 2):
        total, pixels = np.zeros(channels), 0
        for start in range(0, len(rows), 1024):
            chunk = images[rows[start : start + 1024]].reshape(-1, channels).astype(np.float64)
            total += of(chunk).sum(axis=0)
            pixels += len(chunk)
        for piece_values in (1, 1000, 4096, 1 << 22):
            assert mean_over_pixels(images, rows, of, piece_values).tobytes() == (total / pixels).tobytes()


def test_the_memory_is_bounded_whatever_the_size_of_the_images():
    import tracemalloc

    from cnnjobs.training.pixel_sums import mean_over_pixels

    class Grey:
        """A thousand images of a million pixels that are made as they are asked for."""

        shape = (40, 1000, 1000, 1)

        def __getitem__(self, rows):
            return np.ones((len(rows), 1000, 1000, 1), np.uint8)

    tracemalloc.start()
    assert mean_over_pixels(Grey(), np.arange(40), lambda pixels: (pixels - 2) ** 2) == 1
    assert tracemalloc.get_traced_memory()[1] < 150e6
    tracemalloc.stop()
