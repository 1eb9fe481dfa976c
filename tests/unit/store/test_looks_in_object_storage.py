"""Looks at results in object storage are kept where the results are."""

from pathlib import Path

import pytest
from support.looks import growing, kept

import cnnjobs
from cnnjobs.run.verify import verify_results
from cnnjobs.store.files import Files
from cnnjobs.store.looks import read_looks

pytest.importorskip("moto.server", reason="the local S3 server is moto: pip install -e '.[test]'")

from support.s3_server import bucket, server, storage

__all__ = ["bucket", "server", "storage"]

A, B = [0.90, 0.91, 0.92, 0.93, 0.94, 0.90, 0.91], [0.93, 0.94, 0.94, 0.97, 0.97, 0.94, 0.93]


def test_looks_at_results_in_object_storage_are_kept_there(tmp_path, bucket):
    pairs = []
    for store in growing(tmp_path, {"a": A, "b": B}, (5, 7)):
        there = Files(f"s3://{bucket}/job")
        for path in Path(store.files.location).rglob("*.*"):
            folder = path.parent.relative_to(store.files.location)
            there.below(*folder.parts).write(path.name, path.read_bytes())
        found = cnnjobs.compare(cnnjobs.load_results(there.location))
        pairs.append(found.differences["looks"].tolist())
    assert pairs == [[1], [2]]
    assert len(read_looks(there).looks) == 2
    assert verify_results(there.location).whole
    assert kept(store) == []
