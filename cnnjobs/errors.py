"""All errors as a tree; the exit code of each branch is an attribute of its class.

CnnjobsError                    1
├── UserError                   2   a mistake that the user can correct before the next try
│   ├── SpecError                   a value in a job is invalid
│   ├── JobFileError                the job file cannot be read, run or understood
│   ├── DatasetError                the data set is missing, empty or inconsistent
│   │   └── MissingDataError            there is no file or folder at its path
│   ├── StoreError                  the results folder cannot be written or read
│   │   └── CannotWrite                 the results folder cannot be written
│   ├── ModelError                  the file is not a model, or does not fit
│   ├── ResourceError               more devices were requested than there are
│   └── ClusterError                the cluster does not answer, or refuses the request
├── TrialsFailed                1   some trials failed; the others are stored
├── PicturesFailed              1   some pictures could not be read; the others were
├── DamagedResults              1   some files of the results are damaged; the others were read
├── ClusterLost                 1   the connection to the cluster was lost; finished trials are stored
├── StillRunning                1   a job that was to be stopped is still running, started by another submit
├── WorkerDiffers               1   a worker has different software from this process; finished trials are stored
├── NodeWithoutRoom             1   a node has no space for its copy of the data; finished trials are stored
└── ChecksFailed                1   a health check of a machine or a cluster failed

Interrupted                   130   a KeyboardInterrupt (Ctrl-C); finished work is stored
"""

NO_ANSWER = 4
"""Exit code of a command that uses 0 and 1 for answers and has no answer; it replaces 1."""

MOST_SHOWN = 3000
"""Largest number of characters per line of a message; longer values are abbreviated."""


class CnnjobsError(Exception):
    """Base class of all errors that this package raises on purpose."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the message, with overlong lines abbreviated."""
        return "\n".join(map(_in_part, super().__str__().split("\n")))


def _in_part(line: str) -> str:
    """Return the beginning and the end of a long line."""
    if len(line) <= MOST_SHOWN:
        return line
    left_out = len(line) - MOST_SHOWN
    return f"{line[: MOST_SHOWN - 500]} ... ({left_out:,} characters) ... {line[-500:]}"


class UserError(CnnjobsError):
    """A mistake in the request; nothing has been run or written."""

    exit_code = 2


class SpecError(UserError):
    """A value in a job is invalid."""


class JobFileError(UserError):
    """The job file cannot be read, run or understood."""


class DatasetError(UserError):
    """The data set is missing, empty or inconsistent."""


class MissingDataError(DatasetError):
    """There is no file or folder at the path of the data set.

    Args:
        path: the path.
        is_folder: whether a folder was expected.
        option: option of the data set that gives the path; None if it is the path of the data set itself.
    """

    def __init__(self, path: str, *, is_folder: bool, option: str | None = None) -> None:
        super().__init__(f"There is no {'folder' if is_folder else 'file'} {path}.")
        self.path, self.is_folder, self.option = path, is_folder, option


class StoreError(UserError):
    """The results folder cannot be written or read."""


class CannotWrite(StoreError):
    """The results folder cannot be written: it is read-only, full, or access is denied."""


class ModelError(UserError):
    """The file is not a model, or does not fit the request."""


class ResourceError(UserError):
    """More devices or memory were requested than the machine has."""


class ClusterError(UserError):
    """The cluster does not answer, or refuses the request."""


class TrialsFailed(CnnjobsError):
    """Some trials failed; the others are stored."""


class PicturesFailed(CnnjobsError):
    """Some pictures could not be read; the others were."""


class DamagedResults(CnnjobsError):
    """Some files of the results are damaged; the others were read."""


class ClusterLost(CnnjobsError):
    """The connection to the cluster was lost before the end; finished trials are stored."""


class WorkerDiffers(CnnjobsError):
    """A worker has different software from the submitting side; finished trials are stored."""


class NodeWithoutRoom(CnnjobsError):
    """A node of the cluster has no space for its copy of the data; finished trials are stored."""


class StillRunning(CnnjobsError):
    """A job that was to be stopped is still running, started by another submit."""


class ChecksFailed(CnnjobsError):
    """A health check of a machine or a cluster failed."""


class Interrupted(KeyboardInterrupt):
    """The user interrupted it; finished work is stored. `except Exception` around a job does not catch it."""

    exit_code = 130
