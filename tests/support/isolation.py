"""Keeps tests on this machine: a Ray that runs here, and what the person's environment says of clusters, is unseen."""

import os
import shutil
import tempfile

import pytest

OF_CLUSTERS = (
    "RAY_ADDRESS",
    "RAY_API_SERVER_ADDRESS",
    "RAY_AUTH_MODE",
    "RAY_AUTH_TOKEN",
    "CNNJOBS_EVENTS",
    "CNNJOBS_TYPED",
)


@pytest.fixture(scope="module", autouse=True)
def alone():
    """For a module's fixtures as well; in a folder with a short name, because Ray's sockets have paths of 107 bytes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in OF_CLUSTERS:
            patch.delenv(name, raising=False)
        folder = tempfile.mkdtemp(prefix="cj-", dir="/tmp" if os.access("/tmp", os.W_OK) else None)
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_AUTH_TOKEN_PATH", f"{folder}/no-token")
        yield folder
    shutil.rmtree(folder, ignore_errors=True)
