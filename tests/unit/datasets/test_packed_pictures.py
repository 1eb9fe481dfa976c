"""Encoded pictures in one file are what they were one by one."""

import numpy as np
from PIL import Image

from cnnjobs.datasets.pictures.contents import PictureFiles
from cnnjobs.datasets.pictures.packed_pictures import packed
from cnnjobs.datasets.pictures.pictures import picture_size
from cnnjobs.datasets.storage.cache import entry_of


def test_pictures_of_a_folder_in_one_file(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    paths = [tmp_path / f"{side}.png" for side in (3, 5, 4)]
    for side, path in zip((3, 5, 4), paths, strict=True):
        Image.fromarray(np.full((side, side), side, np.uint8)).save(path)
    paths.insert(1, tmp_path / "gone.png")
    contents = PictureFiles(tmp_path, list(map(str, paths)))
    pack = packed(contents, "key")
    assert [pack.name(index) for index in range(len(pack))] == ["3.png", "gone.png", "5.png", "4.png"]
    assert [pack.open(index).read() for index in (0, 2, 3)] == [paths[index].read_bytes() for index in (0, 2, 3)]
    assert pack.open(1).read() == b"", "what cannot be read has no bytes"
    assert picture_size(pack.open(2)) == (5, 5)
    elsewhere = tmp_path / "copy"
    elsewhere.write_bytes((entry_of("packed-key") / "pictures.bin").read_bytes())
    for path in paths:
        path.unlink(missing_ok=True)
    again = packed(contents, "key").at(str(elsewhere))
    assert again.open(3).read() == pack.open(3).read(), "it is not written again"
    assert again.content_hash(lambda *_: None) == pack.content_hash(lambda *_: None)
