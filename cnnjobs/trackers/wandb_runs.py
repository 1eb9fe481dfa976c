"""Weights & Biases: a run a trial, its id the trial's, grouped by variant; online, or offline in ./wandb."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import wandb

from cnnjobs.errors import SpecError
from cnnjobs.files.uris import without_keys
from cnnjobs.store.files import Files, plain_name
from cnnjobs.trackers.tracked_run import RunName, TrackedRun

FOLDER = "wandb"
"""In the folder of a job: one empty file per run that was sent, in one folder per destination.

Asking the server would need it; offline, runs are removed once they are synchronised. A run that is sent again has the
same id, and takes the place of the earlier one.
"""

OFF = ("disabled",)
"""Modes in which nothing is sent."""


class WandbRuns:
    """Sends runs one after the other.

    Args:
        job: its name; the project's, unless WANDB_PROJECT says otherwise.
        store: folder of the job.
    """

    def __init__(self, job: str, store: Files) -> None:
        settings = _settings()
        self._project = settings.project or job
        self._off = settings.mode in OFF
        where = [without_keys(settings.base_url), settings.entity or "", self._project]
        self._sent = store.below(FOLDER, "offline" if _offline(settings) else plain_name("-".join(where)))
        self._known = set(self._sent.names())
        self.where = f"project {self._project}" + (", offline: wandb sync --sync-all" if _offline(settings) else "")

    def has(self, name: RunName) -> bool:
        """Say whether it was sent."""
        return self._off or name.trial_id in self._known

    def send(self, run: TrackedRun) -> None:
        """Send it, and remember that."""
        name = run.name
        which = {"variant": name.variant, "repeat": name.repeat, "fold": name.fold, "trial_id": name.trial_id}
        settings = {key: value for key, value in run.settings.items() if key != "kind"}
        with _hooks_put_back():
            made = wandb.init(
                project=self._project,
                id=name.trial_id,
                name=name.label,
                group=name.variant,
                job_type="train",
                config=settings | dict(run.about) | which | {"condition_id": name.condition_id, "status": run.status},
                reinit="create_new",
                settings=_quiet(),
            )
            for epoch, values in enumerate(run.curves, start=1):
                made.log(dict(values), step=epoch)
            made.summary.update(dict(run.results))
            made.finish(exit_code=0)
        self._sent.write(name.trial_id, b"")
        self._known.add(name.trial_id)

    def close(self) -> None:
        """End W&B's process."""
        with _hooks_put_back():
            wandb.teardown()


def check_key() -> None:
    """Refuse to run online without a key, before W&B would ask for it on the terminal.

    Raises:
        SpecError: if there is none.
    """
    settings = _settings()
    if _offline(settings) or settings.mode in OFF or settings.api_key or wandb.api.api_key:
        return
    raise SpecError(
        "`log='wandb'` needs a key of Weights & Biases. Received: none in WANDB_API_KEY or ~/.netrc. "
        "Run `wandb login`, or set WANDB_MODE=offline to keep runs in ./wandb and send them later with `wandb sync`."
    )


@contextlib.contextmanager
def _hooks_put_back() -> Iterator[None]:
    """Undo that W&B replaces `sys.exit` and `sys.excepthook` with its own for the rest of the process."""
    leave, excepthook = sys.exit, sys.excepthook
    try:
        yield
    finally:
        sys.exit, sys.excepthook = leave, excepthook


def _settings() -> Any:
    with _hooks_put_back():
        return wandb.setup(_quiet()).settings


def _offline(settings: Any) -> bool:
    return settings.mode in ("offline", "dryrun")


def _quiet() -> Any:
    """Return what keeps W&B from looking at this process: its output, code, repository and load are not a trial's."""
    return wandb.Settings(
        silent=True, console="off", disable_git=True, disable_code=True, save_code=False, x_disable_stats=True
    )
