"""What all unit tests share."""

import pytest
from support.isolation import alone

__all__ = ["alone"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or fills the cache of the person who runs it."""
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
