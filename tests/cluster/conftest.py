"""A cluster by `ray up` over ssh, once for all tests that ask for it."""

import launched
import machines
import pytest


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A head and one worker, each a machine of its own; see `launched.Cluster` for what a test gets."""
    pytest.importorskip("jsonschema", reason="Ray checks cluster files with it: pip install 'ray[default]'")
    why = machines.missing()
    if why:
        pytest.skip(why)
    with launched.launched(tmp_path_factory.mktemp("cluster"), workers=1) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def taken_down(cluster):
    """`ray down` of that cluster. Tests that ask for this one come after all others."""
    return cluster.laptop.run("ray", "down", "-y", str(cluster.file), timeout_s=90)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: "taken_down" in getattr(item, "fixturenames", ()))
