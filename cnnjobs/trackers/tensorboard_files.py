"""TensorBoard: one folder per run in the job's results, `tensorboard/<variant>/repeat-N`, without TensorFlow."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import Status
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
from tensorboard.summary.writer.record_writer import RecordWriter

from cnnjobs.store.files import Files
from cnnjobs.trackers.tracked_run import RunName, TrackedRun

FOLDER = "tensorboard"
"""In the folder of a job."""

_EVENTS = "tfevents"
"""Files with this in their names are read by TensorBoard, whatever else they are called."""


class TensorBoardFiles:
    """Writes a file of events a run, whole or not at all.

    TensorBoard's own writer imports TensorFlow where it is installed, which takes seconds; its records do not.

    Args:
        store: folder of the job.
    """

    def __init__(self, store: Files) -> None:
        self._folder = store.below(FOLDER)
        self.where = f"tensorboard --logdir {shlex.quote(self._folder.location)}"

    def has(self, name: RunName) -> bool:
        """Say whether its file is there."""
        return bool(self._of(name).names(f".{name.trial_id}"))

    def send(self, run: TrackedRun) -> None:
        """Write its file; those of other settings, or cut short, in its folder would be drawn into the same curve."""
        folder = self._of(run.name)
        name = f"events.out.{_EVENTS}.{int(run.started_s)}.{run.name.trial_id}"
        folder.remove_all(one for one in folder.names() if _EVENTS in one and one != name)
        folder.write(name, _encoded(run))

    def close(self) -> None:
        """Nothing is open."""

    def _of(self, name: RunName) -> Files:
        fold = () if name.fold is None else (f"fold-{name.fold}",)
        return self._folder.below(_folder_name(name), f"repeat-{name.repeat}", *fold)


def _folder_name(name: RunName) -> str:
    """Return the variant's name, or where it is no name of a folder one that is, different from all others."""
    plain = re.sub(r"[^\w.+=,@ -]", "-", name.variant).strip(". ")
    return plain if plain == name.variant else f"{plain}-{name.condition_id[:6]}"


def _encoded(run: TrackedRun) -> bytes:
    """Return the file of events of a run."""
    stream = io.BytesIO()
    writer = RecordWriter(stream)
    for event in _events(run):
        writer.write(event.SerializeToString())
    return stream.getvalue()


def _events(run: TrackedRun) -> Iterator[Event]:
    """Yield the version of the file, the settings, the curves by epoch, and the results at the last of them."""
    yield Event(wall_time=run.started_s, file_version="brain.Event:2")
    yield Event(wall_time=run.started_s, step=0, summary=_settings(run))
    for epoch, (values, time_s) in enumerate(zip(run.curves, run.times_s, strict=True), start=1):
        yield Event(wall_time=time_s, step=epoch, summary=_scalars(values))
    yield Event(wall_time=run.finished_s, step=len(run.curves), summary=_scalars(run.results))
    yield Event(wall_time=run.finished_s, step=len(run.curves), summary=_end(run))


def _scalars(values: Mapping[str, float]) -> Any:
    return Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in values.items()])


def _settings(run: TrackedRun) -> Any:
    """Return the settings, for the page HPARAMS."""
    begin = SessionStartInfo(group_name=run.name.trial_id, start_time_secs=run.started_s)
    own = {"variant": run.name.variant, "repeat": run.name.repeat, "fold": run.name.fold}
    for name, value in ({key: one for key, one in own.items() if one is not None} | run.parameters).items():
        parsed = _parsed(value)
        if isinstance(parsed, bool):
            begin.hparams[name].bool_value = parsed
        elif isinstance(parsed, int | float):
            begin.hparams[name].number_value = parsed
        else:
            begin.hparams[name].string_value = str(value)
    return _plugin(metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=begin))


def _end(run: TrackedRun) -> Any:
    status = Status.Value("STATUS_SUCCESS" if run.status == "completed" else "STATUS_FAILURE")
    end = SessionEndInfo(status=status, end_time_secs=run.finished_s)
    return _plugin(metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=end))


def _plugin(tag: str, data: Any) -> Any:
    about = metadata.create_summary_metadata(data)
    return Summary(value=[Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR)])


def _parsed(value: Any) -> Any:
    """Return the number or truth value that a setting is; a text as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
