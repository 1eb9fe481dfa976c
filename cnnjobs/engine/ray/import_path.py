"""Where worker processes import from."""

from collections.abc import Iterable
from pathlib import Path

from ray.job_config import JobConfig

from cnnjobs.planning.user_code import is_installed_file


class _NoMore(list[str]):
    """Folders that no others are added to."""

    def extend(self, folders: Iterable[str]) -> None:
        """Add none."""


def own_import_path() -> JobConfig:
    """Return a configuration with which workers do not import from the current folder, nor from that of the script.

    Ray puts both before all others on the import path of each worker (2.60): a `numpy.py` there would take the place
    of the library, a `cnnjobs/` that of this package. What a worker needs of the user's travels with the trials. A
    checkout of this package that is not installed is where this process has it from.
    """
    package = Path(__file__).resolve().parents[3]
    config = JobConfig()
    config._py_driver_sys_path = _NoMore([] if is_installed_file(str(package)) else [str(package)])
    return config
