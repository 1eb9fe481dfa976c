"""A job as a page shows it while it runs: made from its store and from the record of trials under way."""

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cnnjobs.comparison.collapsed import accuracy_of
from cnnjobs.comparison.metric_format import axis_label, metric_format, show
from cnnjobs.errors import StoreError
from cnnjobs.live.comparison import LiveComparison
from cnnjobs.live.machine import MachineWatch
from cnnjobs.live.runs import FinishedRuns, bands
from cnnjobs.messages import FINISHED, Status
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.spec.metrics import CURVE_COLUMNS, CURVES
from cnnjobs.store.expectation import expected_runs
from cnnjobs.store.files import Files
from cnnjobs.store.live import LiveReader, LiveState, LiveTrial, live_file
from cnnjobs.store.lock import Heartbeat, Pulse
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredJob
from cnnjobs.wording.labels import run_label
from cnnjobs.wording.sentences import clause
from cnnjobs.wording.terminal import visible

MOST_POINTS = 4000
"""So many epochs are told of the bands of all variants together, and at most 200 of one."""

MOST_CURVE = 300
"""Of a trial under way with more epochs than this, every second is told, or every fourth, and so on."""

MOST_FAILED = 20
"""So many failed trials are shown with their logs, the newest; the others are counted."""

LOG_BYTES = 8000
"""So much of the end of a log is shown."""


class JobView:
    """What there is to show of a job.

    Args:
        files: the job's folder.
        place: it, as it is shown; None for its location.
        machine: how busy it is.
    """

    def __init__(self, files: Files, place: str | None = None, machine: MachineWatch | None = None) -> None:
        self._files, self._place = files, place or files.location
        self._machine = machine or MachineWatch()
        self._pulse, self._record = Pulse(files), LiveReader(live_file(files))
        self._content: bytes | None = None
        self._store: Store | None = None
        self._runs: FinishedRuns | None = None
        self._comparison = LiveComparison()
        self._bands: dict[str, tuple[int, Mapping[str, Any] | None]] = {}
        self._bands_took, self._bands_made = 0.0, 0.0
        self._logs: dict[tuple[str, Any], str] = {}
        self._wanted = False

    def look(self) -> None:
        """Show the comparison of what there is, the next time."""
        self._wanted = True

    def close(self) -> None:
        """Look at the machine no more."""
        self._machine.close()

    @property
    def found(self) -> bool:
        """Whether there is a job."""
        return self._store is not None

    @property
    def running(self) -> bool:
        """Whether a submit is at work on the store."""
        heartbeat = self._pulse.look()
        return heartbeat is not None and bool(heartbeat.alive)

    def parts(self) -> dict[str, Any]:
        """Return what is to be shown now, part by part.

        Raises:
            StoreError: if the store cannot be read.
        """
        store = self._read_job()
        if store is None:
            return {"now": {"state": "waiting", "text": f"There is no job in {self._place} yet."}}
        job = store.kept_job()
        heartbeat, state = self._pulse.look(), self._record.read()
        runs = self._runs = self._runs or FinishedRuns(self._files, accuracy_of(job).column)
        conditions = {condition: name for name, condition in job.conditions.items()}
        is_whole = runs.update(conditions)
        alive = heartbeat is not None and bool(heartbeat.alive)
        own = {trial: row for trial, row in runs.rows.items() if row["condition_id"] in conditions}
        under_way = _under_way(state, heartbeat, own) if alive else {}
        compared = self._compared(store, runs, own, alive=alive) if is_whole else None
        told: dict[str, Any] = {
            "job": self._about(job),
            "now": self._now(store, job, own, heartbeat, state),
            "table": _table(job, own, under_way),
            "failed": self._failed(job, own),
            "notes": self._notes(runs, state if alive else LiveState()),
            "machine": self._machine_part(heartbeat if alive else None),
            **under_way,
            **self._band_parts(runs, conditions, len(job.variants)),
        }
        return told if compared is None else {**told, "comparison": compared}

    def _read_job(self) -> Store | None:
        """Return the store, opened anew when its job has changed."""
        content = self._files.read("job.json")
        if content is None:
            return None
        if self._store is None or content != self._content:
            before = None if self._store is None else accuracy_of(self._store.kept_job()).column
            self._store, self._content = Store(self._files), content
            if before is not None and before != accuracy_of(self._store.kept_job()).column:
                self._runs = None
            self._bands.clear()
        return self._store

    def _compared(
        self, store: Store, runs: FinishedRuns, rows: Mapping[str, Mapping[str, Any]], *, alive: bool
    ) -> Mapping[str, Any] | None:
        """Return the comparison; None where there is nothing to compare yet."""
        if len(store.kept_job().variants) < 2 or not any(_completed(rows.values())):
            return None
        if self._wanted:
            self._wanted = False
            self._comparison.look(store, runs.changes)
        else:
            self._comparison.follow(store, runs.changes, runs=alive)
        return self._comparison.part(store, runs.changes)

    def _about(self, job: StoredJob) -> dict[str, Any]:
        styles = variant_styles(job.variants)
        metric = accuracy_of(job)
        return {
            "name": job.name,
            "place": visible(self._place, lines=False),
            "dataset": job.dataset.name,
            "variants": [{"name": name, "color": styles[name].color} for name in job.variants],
            "reference": job.reference,
            "metric": axis_label(metric),
            "columns": list(CURVE_COLUMNS),
            "curves": [{"name": name, "label": axis_label(metric_format(name)), "factor": metric_format(name).factor}
                       for name in sorted(CURVES)],
            "protocol": job.protocol_text,
        }  # fmt: skip

    def _now(
        self,
        store: Store,
        job: StoredJob,
        rows: Mapping[str, Mapping[str, Any]],
        heartbeat: Heartbeat | None,
        state: LiveState,
    ) -> dict[str, Any]:
        """Say how far the job is, and, where nothing runs, since when."""
        expected = sum(expected_runs(job, rows.values()).values())
        done = sum(row["status"] in FINISHED for row in rows.values())
        told: dict[str, Any] = {"done": done, "expected": expected, "at_most": job.decide is not None}
        if heartbeat is not None and heartbeat.alive:
            told["state"] = "running"
            if not state.now:  # its record is on the machine of the submit, which may be another
                most = "at most " if told["at_most"] else ""
                text = f"{done} of {most}{expected} trials are stored" if done else "starting"
                return told | {"text": text, "fraction": done / max(expected, done, 1)}
            return told | {"text": state.now["line"], "fraction": state.now["fraction"]}
        last = max((row["finished_at"] for row in rows.values() if row["finished_at"]), default=None)
        since = "" if last is None else f" since {_time(_seconds(last))}"
        if heartbeat is not None:
            told |= {"state": "stopped", "text": f"Not running{since}: the last submit was cut off."}
        elif stopped := store.last_stop():
            told |= {"state": "stopped", "text": f"Not running. The last submit, {stopped}"}
        elif done >= expected or job.decide is not None:
            told |= {"state": "complete", "text": f"Complete{since}."}
        else:
            failed = sum(row["status"] == Status.FAILED for row in rows.values())
            missing = expected - done - failed
            why = [f"{count} {what}" for count, what in ((failed, "failed"), (missing, "missing")) if count > 0]
            told |= {"state": "stopped", "text": f"Not running{since}: {' and '.join(why)} of {expected} trials."}
        return told

    def _failed(self, job: StoredJob, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return the newest failed trials with the end of their logs, and how many there are."""
        failed = [row for row in rows.values() if row["status"] == Status.FAILED]
        newest = sorted(failed, key=lambda row: row["finished_at"] or 0, reverse=True)[:MOST_FAILED]
        names = {condition: name for name, condition in job.conditions.items()}
        shown = []
        for row in newest:
            fold = row["fold"] if job.protocol.folds else None
            label = run_label(names[row["condition_id"]], row["repeat"], fold)
            about = {"label": label, "error": clause(row["error"] or ""), "place": visible(row["log"] or "")}
            shown.append({"id": row["trial_id"], **about, "log": self._log(row)})
        return {"count": len(failed), "trials": shown}

    def _log(self, row: Mapping[str, Any]) -> str:
        key = (row["trial_id"], row["finished_at"])
        if key not in self._logs:
            try:
                content = self._files.below("logs").read(f"{row['trial_id']}.log")
            except StoreError as error:
                return str(error)
            text = visible((content or b"")[-LOG_BYTES:].decode("utf-8", "replace"))
            is_cut = content is not None and len(content) > LOG_BYTES
            self._logs[key] = f"...{text}" if is_cut else text
        return self._logs[key]

    def _notes(self, runs: FinishedRuns, state: LiveState) -> list[str]:
        damaged = [f"{name} cannot be read ({clause(why)})" for name, why in runs.damaged.items()]
        return [visible(one, lines=False) for one in (*damaged[:10], *state.notes[-10:])]

    def _machine_part(self, heartbeat: Heartbeat | None) -> Mapping[str, Any]:
        now = self._machine.now()
        other = heartbeat.host if heartbeat is not None and now and heartbeat.host != now["host"] else None
        return {**now, "other": other}

    def _band_parts(self, runs: FinishedRuns, conditions: Mapping[str, str], variants: int) -> dict[str, Any]:
        """Return the bands of each variant, made anew where runs have come: at most a tenth of the time goes there."""
        if time.monotonic() - self._bands_made > 10 * self._bands_took:
            curves = defaultdict(list)
            for trial, curve in runs.curves.items():
                curves[conditions.get(runs.rows[trial]["condition_id"], "")].append(curve)
            began = time.monotonic()
            most = max(20, min(200, MOST_POINTS // variants))
            for name in conditions.values():
                if self._bands.get(name, (-1, None))[0] != len(curves[name]):
                    self._bands[name] = len(curves[name]), bands(curves[name], most) if curves[name] else None
            self._bands_made = time.monotonic()
            self._bands_took = self._bands_made - began
        return {f"band:{name}": made for name, (_, made) in self._bands.items() if made is not None}


def _under_way(state: LiveState, heartbeat: Heartbeat | None, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the trials under way: by the record, or, without one, by the heartbeat, which knows no curves.

    The store is ahead of the record by a moment.
    """
    if state.trials:
        over = {which for which in state.trials if which in rows and rows[which]["status"] in FINISHED}
        return {f"trial:{which}": _trial(trial) for which, trial in state.trials.items() if which not in over}
    told: dict[str, Any] = {}
    for one in heartbeat.running if heartbeat is not None else ():
        about = {"label": one.label, "variant": one.variant, "text": one.doing, "quiet": _quiet(one.quiet_since)}
        told[f"trial:{one.label}"] = about | {"epoch": None, "epochs": None, "points": []}
    return told


def _trial(trial: LiveTrial) -> dict[str, Any]:
    epochs = sorted(trial.points)
    last = epochs[-1] if epochs else 0
    step = 1
    while len(epochs) // step > MOST_CURVE:
        step *= 2
    return {
        "label": run_label(trial.variant, trial.repeat, trial.fold),
        "variant": trial.variant,
        "epoch": last,
        "epochs": trial.epochs,
        "text": f"epoch {last} of {trial.epochs}" if epochs else "starting",
        "quiet": _quiet(trial.quiet_since),
        "points": [[epoch, *trial.points[epoch]] for epoch in epochs if epoch % step == 0 or step == 1],
    }


def _quiet(since: float | None) -> str | None:
    return None if since is None else f"no progress since {time.strftime('%H:%M:%S', time.localtime(since))}"


def _table(
    job: StoredJob, rows: Mapping[str, Mapping[str, Any]], under_way: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return one row per variant: how many of its runs are done, and their mean and SD."""
    metric, expected = accuracy_of(job), expected_runs(job, rows.values())
    by_condition: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows.values():
        by_condition[row["condition_id"]].append(row)
    told = []
    for name, condition in job.conditions.items():
        own = by_condition[condition]
        counts = {kind.value: sum(row["status"] == kind for row in own) for kind in Status}
        values = [row[metric.column] for row in _completed(own) if row[metric.column] is not None]
        values = [value for value in values if math.isfinite(value)]
        mean = float(np.mean(values)) if values else None
        sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
        about = {"name": name, **counts, "expected": expected[name], "n": len(values)}
        running = sum(trial["variant"] == name for trial in under_way.values())
        told.append({**about, "running": running, "mean": show(metric, mean), "sd": show(metric, sd)})
    return told


def _completed(rows: Any) -> Iterator[Mapping[str, Any]]:
    return (row for row in rows if row["status"] == Status.COMPLETED)


def _seconds(moment: Any) -> float:
    """Return a moment of the store as seconds since 1970."""
    return float(moment.timestamp() if hasattr(moment, "timestamp") else moment / 1000)


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def newest(stores: Sequence[Store]) -> Store:
    """Return the store that is meant where there are several: one that a submit is at work on, else the last written.

    Args:
        stores: one or more.
    """

    def key(store: Store) -> tuple[bool, int]:
        heartbeat = Pulse(store.files).look()
        stamps = store.files.below("trials").stamps(".parquet").values()
        return heartbeat is not None and bool(heartbeat.alive), max((stamp for stamp, _ in stamps), default=0)

    return max(stores, key=key)
