"""Two processes share the tests: which of them one of the two runs after each other, and which come first."""

import os

import pytest
from support.constants import changed
from support.wording import BROKEN, listen

from cnnjobs.process.numeric_environment import SET

GROUPS = {
    "clusters": ("engine/test_cluster.py", "cluster/", "cli/test_remote.py"),
    "training": (
        "training/",
        "situations/test_outputs_of_networks.py",
        "situations/test_models_in_plain_keras.py",
        "situations/test_networks_before_training.py",
        "situations/test_ambient_settings.py",
        "situations/test_larger_than_memory.py",
    ),
    "object storage": ("cli/test_object_storage.py", "situations/test_data_in_object_storage.py"),
    "notebook": ("notebook/",),
    "commands": ("cli/test_end_to_end.py",),
    "models": ("cli/test_models.py",),
    "browser": ("browser/test_live_page.py", "browser/test_report_page.py", "browser/test_site.py"),
}
"""Group -> folders and files. No two clusters at a time; one process that imports TensorFlow and keeps what it traced.

The rest goes file by file to the process that is free. The longest come first, in this order.
"""


def group_of(test: str) -> str:
    """Return the group of a test, by its id; a file without one is one for itself."""
    file = test.partition("::")[0].removeprefix("tests/")
    return next((group for group, parts in GROUPS.items() if file.startswith(parts)), file)


def pytest_collection_modifyitems(items):
    places = {group: place for place, group in enumerate(GROUPS)}
    items.sort(key=lambda item: places.get(group_of(item.nodeid), len(places)))


@pytest.fixture(autouse=True)
def _well_composed():
    """Errors and notes have no stop within a sentence and none twice, whatever test makes them."""
    with pytest.MonkeyPatch.context() as patch:
        said = listen(patch)
        yield
    assert not [message for message in said if BROKEN.search(message)]


@pytest.fixture(autouse=True, scope="module")
def _constants_stay():
    """A file of tests leaves the package's constants as they were: the next file may run in the same process."""
    yield
    assert not changed()


OF_LIBRARIES = (
    "PYTEST_CURRENT_TEST", "RAY_CLIENT_MODE", "WANDB_SERVICE", "_RJEM_MALLOC_CONF", "_MLFLOW_TELEMETRY_SESSION_ID",
    "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "HDF5_PLUGIN_PATH", "ENABLE_RUNTIME_UPTIME_TELEMETRY",
    "TPU_ML_PLATFORM", "TPU_ML_PLATFORM_VERSION",
)  # fmt: skip
"""Variables that pytest and other libraries set for themselves, for as long as the process lives."""

OF_TRAINING = (*SET, "TF_CPP_MIN_LOG_LEVEL", "CUDA_DEVICE_ORDER")
"""Variables that a process has from when it trains or predicts until it ends."""


@pytest.fixture(autouse=True, scope="module")
def _environment_stays():
    """The same for environment variables, whatever they are put back to: the next file's processes have them too."""
    before = dict(os.environ)
    yield
    changed = {name for name in {*before, *os.environ} - {*OF_LIBRARIES} if before.get(name) != os.environ.get(name)}
    for name in changed:
        os.environ.pop(name, None)
        os.environ.update({name: before[name]} if name in before else {})
    assert not changed - {*OF_TRAINING}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out whole groups. The marks that pytest-xdist has for that do nothing since pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return Groups(config, log)
