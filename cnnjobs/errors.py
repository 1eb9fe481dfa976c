"""What can go wrong, as one tree; the exit code of each branch lives on its class.

CnnjobsError                    1
├── UserError                   2   something the user can mend before the next try
│   ├── SpecError                   a value in a job does not make sense
│   ├── JobFileError                the job file cannot be read, run or understood
│   ├── DatasetError                the data set is missing, empty or contradicts itself
│   │   └── MissingDataError            there is no file or folder where it should be
│   ├── StoreError                  the results folder cannot be written or read
│   │   └── CannotWrite                 the former
│   ├── ModelError                  the model file is none, or does not fit
│   ├── ResourceError               more devices asked for than there are
│   └── ClusterError                the cluster does not answer, or refuses
├── TrialsFailed                1   some trials failed; the others are stored
├── PicturesFailed              1   some pictures could not be read; the others were
├── DamagedResults              1   some files of the results are damaged; the others were read
├── ClusterLost                 1   the cluster was gone before the end; what was finished is stored
├── StillRunning                1   a job that was to be stopped still runs, by another submit of it
├── WorkerDiffers               1   a worker has other software than this process; what was finished is stored
├── NodeWithoutRoom             1   a node has no room for its copy of the data; what was finished is stored
└── ChecksFailed                1   something is wrong with a machine or a cluster

Interrupted                   130   a KeyboardInterrupt: Ctrl-C; what was finished is stored
"""

NO_ANSWER = 4
"""Exit code of a command whose 0 and 1 are answers, where it has none: in the place of 1."""

MOST_SHOWN = 3000
"""Characters of a line of a message; a value of somebody's that is longer is shown in part."""


class CnnjobsError(Exception):
    """Root of every error this package raises on purpose."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the message, in which no line is longer than a person can read."""
        return "\n".join(map(_in_part, super().__str__().split("\n")))


def _in_part(line: str) -> str:
    """Return the beginning and the end of a long line."""
    if len(line) <= MOST_SHOWN:
        return line
    left_out = len(line) - MOST_SHOWN
    return f"{line[: MOST_SHOWN - 500]} ... ({left_out:,} characters) ... {line[-500:]}"


class UserError(CnnjobsError):
    """A mistake in what was asked for: nothing has been run or written."""

    exit_code = 2


class SpecError(UserError):
    """A value in a job does not make sense."""


class JobFileError(UserError):
    """The job file cannot be read, run or understood."""


class DatasetError(UserError):
    """The data set is missing, empty or contradicts itself."""


class MissingDataError(DatasetError):
    """There is no file or folder where the data set should be.

    Args:
        path: where it should be.
        is_folder: whether a folder should be there.
        option: of a data set, if it names the path; None where the path is the data set itself.
    """

    def __init__(self, path: str, *, is_folder: bool, option: str | None = None) -> None:
        super().__init__(f"There is no {'folder' if is_folder else 'file'} {path}.")
        self.path, self.is_folder, self.option = path, is_folder, option


class StoreError(UserError):
    """The results folder cannot be written or read."""


class CannotWrite(StoreError):
    """The results folder cannot be written: read-only, full, no permission."""


class ModelError(UserError):
    """The model file is none, or does not fit what it is asked for."""


class ResourceError(UserError):
    """More devices or memory asked for than the machine has."""


class ClusterError(UserError):
    """The cluster does not answer, or refuses what was asked for."""


class TrialsFailed(CnnjobsError):
    """Some trials failed; the others are stored."""


class PicturesFailed(CnnjobsError):
    """Some pictures could not be read; the others were."""


class DamagedResults(CnnjobsError):
    """Some files of the results are damaged; the others were read."""


class ClusterLost(CnnjobsError):
    """The cluster was gone before the end; what was finished is stored."""


class WorkerDiffers(CnnjobsError):
    """A worker has other software than the submitting side; what was finished is stored."""


class NodeWithoutRoom(CnnjobsError):
    """A node of the cluster has no room for its copy of the data; what was finished is stored."""


class StillRunning(CnnjobsError):
    """A job that was to be stopped still runs, by another submit of it."""


class ChecksFailed(CnnjobsError):
    """Something is wrong with a machine or a cluster."""


class Interrupted(KeyboardInterrupt):
    """Stopped by the user; what was finished is stored. An `except Exception` around a job does not swallow it."""

    exit_code = 130
