"""The trackers there are: what each needs, and how it is opened."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import sys
from collections.abc import Sequence

from cnnjobs.errors import SpecError
from cnnjobs.files.uris import is_uri, without_keys
from cnnjobs.process.variables import variables
from cnnjobs.store.files import Files
from cnnjobs.trackers.tracker import Tracker
from cnnjobs.wording.sentences import cause

WORDS = {"tensorboard": "TensorBoard", "mlflow": "MLflow", "wandb": "Weights & Biases"}
"""Name -> the tracker's own. The library of each has the name itself, and pip knows it by that name."""

SETTINGS = {
    "mlflow": {
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # one line per run
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # in place of minutes of waiting for a server that is down
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    },
    "wandb": {"WANDB_SILENT": "true"},  # its first line is printed before it has settings
}
"""Name of a tracker -> environment variables that its library reads."""

_SECRET = re.compile("KEY|SECRET|TOKEN|PASSWORD")


def check_trackers(names: Sequence[str], results: str) -> None:
    """Refuse trackers that cannot be sent to, before anything runs.

    Args:
        names: which.
        results: folder or URI of results.

    Raises:
        SpecError: if a library is missing, or a tracker does not go with where results are.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise SpecError(
                f"`log` names {name!r}, which needs a library that is not installed in {sys.prefix}. "
                f"Run: pip install {name}"
            )
    if "tensorboard" in names and is_uri(results):
        raise SpecError(
            "`log='tensorboard'` writes beside the results, for TensorBoard to read from a disk. Received: results in "
            "object storage. Use a folder for `results`, or log='mlflow' or 'wandb'."
        )
    if "wandb" in names:
        with tracker_settings(["wandb"]):
            from cnnjobs.trackers.wandb_runs import check_key

            check_key()


def tracker_settings(names: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Return a context in which the libraries of trackers are quiet and soon give up, unless the person says otherwise.

    Args:
        names: of the trackers.
    """
    settings = {variable: value for name in names for variable, value in SETTINGS.get(name, {}).items()}
    return variables({variable: value for variable, value in settings.items() if variable not in os.environ})


def open_tracker(name: str, job: str, store: Files) -> Tracker:
    """Return a tracker, open, within `tracker_settings`.

    Args:
        name: which.
        job: name of the job.
        store: its folder.

    Raises:
        Exception: whatever its library raises where it cannot be reached.
    """
    if name == "tensorboard":
        from cnnjobs.trackers.tensorboard_files import TensorBoardFiles

        return TensorBoardFiles(store)
    if name == "mlflow":
        from cnnjobs.trackers.mlflow_runs import MlflowRuns

        return MlflowRuns(job)
    from cnnjobs.trackers.wandb_runs import WandbRuns

    return WandbRuns(job, store)


def said_by(error: BaseException) -> str:
    """Return why a tracker failed, on one line, without the keys that its library may have put into it."""
    text = without_keys(cause(error))
    for variable, value in os.environ.items():
        if _SECRET.search(variable.upper()) and len(value) > 3:
            text = text.replace(value, "***")
    return text if len(text) <= 300 else f"{text[:300]} ..."
