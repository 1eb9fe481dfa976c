"""The checksum of TFRecords, of many pieces at once."""

import numpy as np
import pytest
from support.records import crc32c as one_by_one

from cnnjobs.datasets.records.crc32c import BLOCK, crc32c, crc32c_of_rows, masked


def test_the_check_value_of_the_standard():
    assert crc32c([b"123456789"]).tolist() == [0xE3069283]
    assert crc32c([b"", b"\0" * 32, b"\xff" * 32]).tolist() == [0, 0x8A9136AA, 0x62A8AB43], "RFC 3720, B.4"


@pytest.mark.parametrize("sizes", [range(12), range(BLOCK - 5, BLOCK + 6), [3, 5 * BLOCK, 0, 1, 2 * BLOCK + 1]])
def test_pieces_of_any_length_side_by_side(sizes):
    pieces = [np.random.default_rng(size).bytes(size) for size in sizes]
    assert crc32c(pieces).tolist() == [one_by_one(piece) for piece in pieces]
    assert crc32c([memoryview(piece) for piece in pieces]).tolist() == crc32c(pieces).tolist()


def test_rows_of_one_length():
    rows = np.random.default_rng(0).integers(0, 256, (50, 8), dtype=np.uint8)
    assert crc32c_of_rows(rows).tolist() == [one_by_one(row.tobytes()) for row in rows]
    assert crc32c([]).tolist() == []


def test_a_flipped_bit_is_another_checksum():
    content = bytearray(np.random.default_rng(1).bytes(1000))
    before = crc32c([bytes(content)])
    for place in range(0, 8000, 97):
        content[place // 8] ^= 1 << place % 8
        assert crc32c([bytes(content)]) != before
        content[place // 8] ^= 1 << place % 8


def test_the_mask_of_tensorflow():
    assert masked(np.array([0, 0xFFFFFFFF], np.uint32)).tolist() == [0xA282EAD8, 0xA282EAD7]
