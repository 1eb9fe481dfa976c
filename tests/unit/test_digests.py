"""A content that is not what was written is known as such, whatever happened to it."""

import json
import random

import pytest

from cnnjobs.files.digests import DamagedContent, digest_of, document_digest, with_digest, without_digest

CONTENT = bytes(range(256)) * 3


def test_what_was_written_comes_back():
    for content in (b"", CONTENT, with_digest(CONTENT, "another"), "äöü".encode()):
        assert without_digest(with_digest(content, "a-1.npz"), "a-1.npz") == content


def test_every_flipped_bit_is_found():
    whole = with_digest(CONTENT, "a")
    for place in range(len(whole)):
        for bit in range(8):
            with pytest.raises(DamagedContent):
                without_digest(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :], "a")


def test_every_cut_and_what_is_added_is_found():
    whole = with_digest(CONTENT, "a")
    for end in range(len(whole)):
        with pytest.raises(DamagedContent):
            without_digest(whole[:end], "a")
    for more in (b"\0", b"\n", whole):
        with pytest.raises(DamagedContent):
            without_digest(whole + more, "a")


def test_a_content_is_of_the_name_it_was_written_under():
    with pytest.raises(DamagedContent, match="another file's name"):
        without_digest(with_digest(CONTENT, "a-0000001.npz"), "a-0000002.npz")


def test_parts_are_as_the_whole():
    assert digest_of(CONTENT[:100], memoryview(CONTENT)[100:]) == digest_of(CONTENT)


def test_a_document_is_known_by_its_values_alone():
    document = {"a": [1, 2.5, None, "ä\udcff"], "b": {"c": True, "d": 1e-300}}
    shuffled = json.loads(json.dumps(dict(reversed(document.items())), indent=4))
    assert document_digest(shuffled) == document_digest(document)
    random_ = random.Random(0)
    for value in (1, 2.50000001, False, "a", [], {}):
        changed = document | {random_.choice("ab"): value}
        assert document_digest(changed) != document_digest(document)
