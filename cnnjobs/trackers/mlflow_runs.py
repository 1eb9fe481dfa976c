"""MLflow: an experiment a job, a run a trial, at the server or the database that MLFLOW_TRACKING_URI names."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from cnnjobs.files.uris import has_keys
from cnnjobs.trackers.tracked_run import RunName, TrackedRun

TRIAL_ID = "trial_id"
"""The tag that names a run's trial."""

MOST_PARAMS, MOST_METRICS, MOST_LETTERS = 100, 1000, 500
"""Of one request, and letters of a parameter, as all servers take them."""


class MlflowRuns:
    """Sends runs through MLflow's client; nothing is active in this process, and no other run is touched.

    Args:
        job: its name, the experiment's.

    Raises:
        Exception: MLflow's own, if the server does not answer.
    """

    def __init__(self, job: str) -> None:
        for logger in ("mlflow", "alembic"):  # lines on tables that are made; importing MLflow sets its level
            logging.getLogger(logger).setLevel(logging.ERROR)
        self._client = MlflowClient()
        uri = str(self._client.tracking_uri)
        self.where = f"experiment {job}" if has_keys(uri) else f"experiment {job} at {uri}"
        self._experiment = self._experiment_of(job)
        self._whole: set[str] = set()
        self._cut_off: dict[str, list[str]] = {}
        self._look()

    def has(self, name: RunName) -> bool:
        """Say whether there is an ended run of it."""
        return name.trial_id in self._whole

    def send(self, run: TrackedRun) -> None:
        """Send it; it is ended last."""
        for remains in self._cut_off.pop(run.name.trial_id, ()):
            self._client.delete_run(remains)
        made = self._client.create_run(
            self._experiment, start_time=_ms(run.started_s), run_name=run.name.label, tags=_tags(run)
        )
        self._log(made.info.run_id, run)
        self._client.set_terminated(made.info.run_id, "FINISHED", end_time=_ms(run.finished_s))
        self._whole.add(run.name.trial_id)

    def close(self) -> None:
        """Nothing is open."""

    def _experiment_of(self, job: str) -> str:
        found = self._client.get_experiment_by_name(job)
        return str(self._client.create_experiment(job) if found is None else found.experiment_id)

    def _look(self) -> None:
        """Find the runs that the experiment has, a thousand a request."""
        token: str | None = None
        while True:
            page = self._client.search_runs([self._experiment], max_results=1000, page_token=token)
            for run in page:
                trial = run.data.tags.get(TRIAL_ID)
                if trial and run.info.status == "FINISHED":
                    self._whole.add(trial)
                elif trial:
                    self._cut_off.setdefault(trial, []).append(run.info.run_id)
            token = page.token
            if not token:
                return

    def _log(self, run_id: str, run: TrackedRun) -> None:
        params = [Param(_key(name), value[:MOST_LETTERS]) for name, value in run.parameters.items()]
        metrics = [
            Metric(_key(name), value, _ms(time_s), epoch)
            for epoch, (values, time_s) in enumerate(zip(run.curves, run.times_s, strict=True), start=1)
            for name, value in values.items()
        ]
        last = len(run.curves)
        metrics += [Metric(_key(name), value, _ms(run.finished_s), last) for name, value in run.results.items()]
        for some in _parts(params, MOST_PARAMS):
            self._client.log_batch(run_id, params=some)
        for some in _parts(metrics, MOST_METRICS):
            self._client.log_batch(run_id, metrics=some)


def _tags(run: TrackedRun) -> dict[str, str]:
    name = run.name
    own = {
        "variant": name.variant,
        "repeat": name.repeat,
        "fold": name.fold,
        TRIAL_ID: name.trial_id,
        "condition_id": name.condition_id,
        "status": run.status,
    }
    return {key: str(value) for key, value in (own | dict(run.about)).items() if value is not None}


def _key(name: str) -> str:
    """Return a name as MLflow takes one: `val_recall[cat]` is `val_recall/cat`."""
    return re.sub(r"[^\w\-. :/]", "_", re.sub(r"\[(.*)\]$", r"/\1", name), flags=re.ASCII)


def _parts(items: Sequence[Any], most: int) -> list[list[Any]]:
    return [list(items[begin : begin + most]) for begin in range(0, len(items), most)]


def _ms(seconds: float) -> int:
    return round(1000 * seconds)
