"""Images as rows: in memory, or fetched from a disk as they are asked for."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.datasets import stored

from cnnjobs.datasets.arrays import content_hash, make_dataset
from cnnjobs.datasets.images import StoredImages, digests_of, fetched_ahead, pieces, subset
from cnnjobs.datasets.overview import part_cells

PIXELS = np.random.default_rng(0).integers(0, 255, (60, 5, 4, 3), np.uint8)
LABELS = np.arange(60, dtype=np.int32) % 3


def data(pixels=PIXELS):
    return make_dataset("a", (pixels[:40], LABELS[:40]), (pixels[40:], LABELS[40:]), ("a", "b", "c"))


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.bin"
    path.write_bytes(PIXELS.tobytes())
    return StoredImages(np.arange(60), (5, 4, 3), np.dtype(np.uint8), str(path))


@pytest.mark.parametrize(
    "rows",
    [
        np.array([5, 6, 7, 3, 59, 0, 0, 1]),
        np.array([], np.int64),
        slice(None),
        slice(40, None),
        slice(50, 5, -7),
        [4, 2],
        LABELS == 1,
        7,
        np.int64(-1),
    ],
)
def test_rows_are_those_of_the_array(images, rows):
    found = images[rows]
    assert found.dtype == PIXELS.dtype
    assert found.shape == PIXELS[rows].shape
    assert (found == PIXELS[rows]).all()


def test_shape_type_and_bytes_are_those_of_the_array(images):
    assert (images.shape, images.dtype, images.nbytes, len(images)) == (PIXELS.shape, np.uint8, PIXELS.nbytes, 60)
    assert (np.array(list(images)) == PIXELS).all()
    assert (np.asarray(images) == PIXELS).all()


def test_a_row_that_is_not_there_is_an_error(images):
    with pytest.raises(IndexError):
        images[60]


def test_a_subset_reads_nothing_and_is_of_the_same_file(images):
    some = subset(subset(images, np.array([9, 3, 30, 31])), slice(1, None))
    assert "opened" not in vars(some)
    assert (some[:] == PIXELS[[3, 30, 31]]).all()
    assert (subset(PIXELS, [2, 1]) == PIXELS[[2, 1]]).all()


def test_floats_are_read_as_floats(tmp_path):
    floats = (PIXELS / 255).astype(np.float32)
    (tmp_path / "images.bin").write_bytes(floats.tobytes())
    images = StoredImages(np.arange(60), (5, 4, 3), floats.dtype, str(tmp_path / "images.bin"))
    assert (images[10:20] == floats[10:20]).all()


def test_what_is_sent_to_a_worker_is_small_and_reads_the_same(images):
    images[0]
    sent = pickle.dumps(images)
    assert len(sent) < 2_000
    assert (pickle.loads(sent)[:] == PIXELS).all()


def test_an_open_file_stays_readable_when_the_cache_is_emptied(images, tmp_path):
    images[0]
    (tmp_path / "images.bin").unlink()
    assert (images[:] == PIXELS).all()
    with pytest.raises(FileNotFoundError):
        subset(images, slice(3))[0]


def test_a_file_that_ends_too_early_is_an_error(images, tmp_path):
    (tmp_path / "images.bin").write_bytes(PIXELS.tobytes()[:-1])
    assert (images[:59] == PIXELS[:59]).all()
    with pytest.raises(OSError, match=r"images\.bin ends before byte 3,600"):
        images[59]


def test_many_threads_read_at_the_same_time(images):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: images[[row, 59 - row]], list(range(60)) * 5))
    assert all((one == PIXELS[[row, 59 - row]]).all() for one, row in zip(found, list(range(60)) * 5, strict=True))


def test_pieces_are_bounded_and_together_all(images):
    for whole in (images, PIXELS):
        found = list(pieces(whole, most_bytes=7 * 60))
        assert {len(one) for one in found} == {7, 4}
        assert (np.concatenate(found) == PIXELS).all()


def test_what_is_fetched_ahead_comes_in_order_in_whole_steps(images):
    rows = np.random.default_rng(1).permutation(60)[:47]
    found = list(fetched_ahead(images, rows, 5, most_bytes=12 * 60))
    assert [len(one) for one in found] == [10, 10, 10, 10, 7]
    assert (np.concatenate(found) == PIXELS[rows]).all()
    assert [len(one) for one in fetched_ahead(images, rows, 50, most_bytes=60)] == [47]
    assert not list(fetched_ahead(images, rows[:0], 5))


def test_a_data_set_of_them_is_the_same_data_set(tmp_path):
    kept = stored(data(), tmp_path / "images.bin")
    parts = ((kept.x_train, kept.y_train), (kept.x_test, kept.y_test))
    made = make_dataset("a", *parts, kept.class_names)
    assert made.fingerprint == data().fingerprint == content_hash(*parts[0], *parts[1], kept.class_names)
    assert made.notes == data().notes
    assert part_cells(made) == part_cells(data())
    assert (made.limited(9).x_train[:] == data().limited(9).x_train).all()


def test_notes_on_identical_pictures_are_the_same(tmp_path):
    twice = PIXELS.copy()
    twice[50:] = twice[:10]
    made = data(twice)
    assert len(made.notes) == 2
    kept = stored(made, tmp_path / "images.bin")
    again = make_dataset("a", (kept.x_train, kept.y_train), (kept.x_test, kept.y_test), kept.class_names)
    assert again.notes == made.notes


@pytest.mark.parametrize("shape", [(5, 4, 3), (1, 1, 1), (8, 8, 1), (30, 40, 3)])
def test_a_digest_sees_any_bit_and_is_of_the_picture_alone(shape):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (40, *shape), np.uint8)
    digests = digests_of(images)
    assert digests.shape == (40, 16)
    assert (digests_of(images[7:9]) == digests[7:9]).all()
    assert (digests_of(images[::-1]) == digests[::-1]).all(), "whatever lies beside it, and how"
    for _ in range(300):
        changed = images[:1].copy()
        changed.reshape(-1)[random.integers(changed.size)] ^= 1 << random.integers(8)
        assert (digests_of(changed) != digests[:1]).any()


def test_digests_of_many_pictures_that_differ_little_all_differ():
    """Pictures of two grey values, and those with two places exchanged."""
    images = ((np.arange(1 << 16)[:, np.newaxis] >> np.arange(16)) & 1).astype(np.uint8).reshape(-1, 4, 4, 1) * 128
    assert len({one.tobytes() for one in digests_of(images)}) == 1 << 16
    swapped = np.tile(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), (63, 1, 1, 1))
    for row, image in enumerate(swapped.reshape(63, 64)):
        image[[row, row + 1]] = image[[row + 1, row]]
    assert len({one.tobytes() for one in digests_of(swapped)}) == 63


def test_floats_have_digests(tmp_path):
    floats = (PIXELS / 255).astype(np.float32)
    kept = stored(data(floats), tmp_path / "images.bin")
    assert (digests_of(kept.x_train) == digests_of(floats[:40])).all()


def test_only_what_is_in_memory_counts_as_memory(tmp_path):
    made = data()
    assert made.nbytes == PIXELS.nbytes + LABELS.nbytes
    assert stored(made, tmp_path / "images.bin").nbytes == 60 * 8 + LABELS.nbytes
