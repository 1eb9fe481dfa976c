"""A cluster by `ray up` over ssh, once for all tests of this folder that ask for it."""

from pathlib import Path

import pytest
from support import machines, ray_up


@pytest.fixture(scope="package")
def cluster(tmp_path_factory):
    """A head and one worker, each a machine of its own; see `ray_up.Cluster` for what a test gets."""
    pytest.importorskip("jsonschema", reason="Ray checks cluster files with it: pip install 'ray[default]'")
    why = machines.missing()
    if why:
        pytest.skip(why)
    with ray_up.launched(tmp_path_factory.mktemp("cluster"), workers=1) as cluster:
        yield cluster


@pytest.fixture(scope="package")
def taken_down(cluster):
    """`ray down` of that cluster. Tests that ask for this one come after the others of this folder."""
    return cluster.laptop.run("ray", "down", "-y", str(cluster.file), timeout_s=90)


def pytest_collection_modifyitems(items):
    places = [place for place, item in enumerate(items) if item.path.is_relative_to(Path(__file__).parent)]
    ordered = sorted((items[place] for place in places), key=lambda item: "taken_down" in item.fixturenames)
    for place, item in zip(places, ordered, strict=True):
        items[place] = item
