"""Jobs on a cluster elsewhere: which one is meant, and how it is shown while it runs."""

import json
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.run.calling_machine import DATA, on_head
from cnnjobs.schema.output import Output
from cnnjobs.wording.sentences import clause, sentences
from cnnjobs.wording.terminal import echo, note, unstyled

if TYPE_CHECKING:
    from cnnjobs.remote.jobs_client import JobsApi, RemoteJob
    from cnnjobs.run.screens import Screen

OF_RAY = re.compile(r"Running entrypoint for job |\S+ \S+\tINFO job_manager\.py:")
"""How lines begin that Ray writes into a job's log."""

LOG_ADDED = ", last available logs"
"""Where the end of a job's log begins in what Ray says of its end."""

LACKING = "ModuleNotFoundError: No module named 'cnnjobs"
"""What Python says last where this project is not installed."""


def follow(api: "JobsApi", identity: str, metadata: Mapping[str, str], output: Output | None = None) -> None:
    """Show a job until it has ended, as if it ran here.

    Args:
        api: the cluster's.
        identity: of the job.
        metadata: that it was submitted with.
        output: where its lines for programs go; None for nowhere.

    Raises:
        Interrupted: on Ctrl-C, or if it was stopped.
        ClusterLost: if the cluster is gone before the end, or the job was ended from outside.
        ClusterError: if it could not be run.
    """
    from cnnjobs.errors import ClusterError, ClusterLost, Interrupted, UserError

    url, name = api.cluster.url, metadata.get("job", "")
    stored = f"Finished trials are stored in {place_of_results(metadata)}."
    again = f"To continue, run the same command again:\n  {metadata.get('typed') or 'cnnjobs submit JOB'}"
    try:
        shown = show_log(api, identity, output)
        job = api.job(identity)
    except KeyboardInterrupt:
        raise Interrupted(f"The job is no longer followed; {goes_on(identity, name, url)}") from None
    except (ClusterLost, ClusterError) as error:
        look = f"When the cluster is up again, look with `cnnjobs status --address {url}`."
        raise ClusterLost(sentences(error, stored, look, again)) from error
    if job.status == "STOPPED":
        raise Interrupted(f"{identity} was stopped. {stored}")
    if never_began(job, shown):
        raise not_run(job, shown.text)
    if job.exit_code is None or job.exit_code < 0:
        why = _reason(job) or "no reason given"
        raise ClusterLost(
            f"{identity} was ended from outside, perhaps for lack of memory: {sentences(why, stored, again)}"
        )
    if metadata.get("results") and job.exit_code != UserError.exit_code:  # with that nothing has run
        echo(f"results:  {place_of_results(metadata)}; {_read_on(metadata, url)}")
    if job.exit_code:
        click.get_current_context().exit(job.exit_code)


def goes_on(identity: str, name: str, url: str) -> str:
    """Say that a job goes on without this process, and how to find it again."""
    return (
        f"{identity} continues on the cluster. To follow it again, or to stop it:\n"
        f"  cnnjobs logs {name} --address {url}\n  cnnjobs stop {name} --address {url}"
    )


def store_of(metadata: Mapping[str, str]) -> str:
    """Return the results of a job as a command on the head names them: a path, or a URI with its settings."""
    results, name = metadata.get("results", ""), metadata.get("job", "")
    path, mark, settings = results.partition("?") if "://" in results else (results, "", "")
    return f"{path.rstrip('/')}/{name}{mark}{settings}"


def place_of_results(metadata: Mapping[str, str]) -> str:
    """Say where the results of a job are."""
    store = store_of(metadata)
    return on_head(store.partition("?")[0] if "://" in store else store)


def _read_on(metadata: Mapping[str, str], url: str) -> str:
    """Say how results come here; those in object storage are read where they are."""
    store = store_of(metadata)
    if "://" in store:
        return f"the report is made here: cnnjobs aggregate {shlex.quote(store)}"
    return f"bring them home: cnnjobs fetch {metadata.get('job', '')} --address {url}"


def submits(api: "JobsApi") -> "list[RemoteJob]":
    """Return the submits of a cluster, the newest first; whoever reaches it can write what is told of them."""
    from cnnjobs.remote.jobs_client import KIND
    from cnnjobs.spec.job import NAME

    submitted = [job for job in api.jobs() if job.metadata[KIND] == "submit" and job.metadata.get("results")]
    return [job for job in submitted if NAME.fullmatch(job.metadata.get("job", ""))]  # it names a folder at home


def pick(api: "JobsApi", which: str | None, *, running: bool = False) -> "RemoteJob":
    """Return the job that is meant: by its identity or its name, the newest of them.

    Args:
        api: the cluster's.
        which: identity or name; None for any.
        running: whether one that is not over is meant before newer ones that are.

    Raises:
        ClusterError: if there is none.
    """
    from cnnjobs.errors import ClusterError

    submitted = submits(api)
    named = [job for job in submitted if which is None or which in (job.identity, job.metadata.get("job"))]
    if not named:
        names = ", ".join(dict.fromkeys(job.metadata.get("job", "") for job in submitted)) or "none"
        asked = "" if which is None else f" {which!r}"
        raise ClusterError(
            f"The cluster at {api.cluster.url} has no job{asked} of cnnjobs. It has: {names}. A cluster that was "
            "started again no longer knows its jobs. Name the folder of their results instead, such as "
            f"results/{which or 'JOB'}: `cnnjobs status results/{which or 'JOB'} --address {api.cluster.url}`. `fetch` "
            "takes it, too."
        )
    return next((job for job in named if running and not job.is_over), named[0])


def said_in(line: str) -> str | None:
    """Return what a line of a log says to a person: plain text, and what an event says of a trial; None for nothing."""
    said = [part if isinstance(part, str) else part.get("say") for part in _parts_of(line)]
    told = [text for text in said if text is not None]
    return "".join(told) if told else None


@dataclass(frozen=True)
class LogContent:
    """What a log had to say.

    Args:
        text: what was plain text in it.
        has_events: whether there was anything else: the command of this project was at work then.
    """

    text: str
    has_events: bool


def show_log(api: "JobsApi", identity: str, output: Output | None = None) -> LogContent:
    """Show a log while it grows.

    Args:
        api: the cluster's.
        identity: of the job.
        output: where its lines for programs go; None for nowhere.
    """
    from cnnjobs.run.screens import PlainScreen, ProgressSnapshot, TerminalScreen

    latest = [ProgressSnapshot()]
    screen: Screen = PlainScreen(lambda: latest[0])
    if sys.stderr.isatty():
        screen = TerminalScreen(lambda: latest[0])
    is_on, events, plain = False, 0, list[str]()
    try:
        for line in api.follow(identity, note):
            for part in _parts_of(line):
                if isinstance(part, str):
                    if not OF_RAY.match(part):
                        plain.append(part)
                        echo(unstyled(part))
                    continue
                events += 1
                if DATA in part:
                    pass_on(part[DATA], output)
                    continue
                latest[0] = ProgressSnapshot(**{one.name: part["now"][one.name] for one in fields(ProgressSnapshot)})
                is_on = _show_event(screen, part, is_on)
    finally:
        if is_on:
            screen.stop()
    return LogContent("\n".join(plain), has_events=events > 0)


def pass_on(data: Mapping[str, Any], output: Output | None) -> None:
    """Write a line for programs of a command on the head; one without `event` is its only one."""
    if output is not None:
        output.pass_on(data, is_last=data.get("event", "summary") == "summary")


def taken_apart(log: str) -> tuple[str, dict[str, Any] | None]:
    """Return what a log says to a person, and the last line for programs in it, if there is one."""
    text: list[str] = []
    data: dict[str, Any] | None = None
    for line in log.split("\n"):
        for part in _parts_of(line):
            if isinstance(part, str):
                text.append(part)
            else:
                data = part.get(DATA, data)
    return "\n".join(text), data


def _parts_of(line: str) -> list[str | dict[str, Any]]:
    """Return what a line of a log consists of: plain text, and events.

    One line may hold both, where another process has written without an end of line. An event that is not whole, or of
    a newer version, is left out: it is no text for people.
    """
    from cnnjobs.run.screens import MARK

    before, mark, rest = line.partition(MARK)
    if not mark:
        return [line]
    try:
        event, end = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        event, end = None, len(rest)
    after = rest[end:].strip()
    found: list[str | dict[str, Any]] = [before] if before else []
    if _is_whole(event):
        found.append(event)
    return [*found, *(_parts_of(after) if after else [])]


def _is_whole(event: Any) -> bool:
    """Say whether all is there of an event that is read."""
    from cnnjobs.run.screens import ProgressSnapshot

    if not isinstance(event, dict):
        return False
    if isinstance(event.get(DATA), dict):
        return True
    if not isinstance(event.get("now"), dict):
        return False
    has_all = all(one.name in event["now"] for one in fields(ProgressSnapshot))
    return has_all and ("say" not in event or "routine" in event)


def _show_event(screen: "Screen", event: dict[str, Any], shown: bool) -> bool:
    """Show what an event says; return whether the screen is on."""
    over = bool(event.get("over"))
    if shown and over:
        screen.stop()
    elif not shown and not over:
        screen.start()
    if "say" in event:
        screen.log_event(event["say"], routine=event["routine"])
    if "tell" in event:
        screen.write_output(event["tell"])
    return not over


def never_began(job: "RemoteJob", shown: LogContent) -> bool:
    """Say whether a job that has ended did not get as far as its command; what a job file lacks is its own error."""
    if job.exit_code is None:
        return not shown.has_events
    return job.exit_code != 0 and _last_line(shown.text).startswith(LACKING)


def _reason(job: "RemoteJob") -> str:
    """Return why a job ended, as Ray says it, without the end of the log, events and all, that it adds."""
    return job.message.partition(LOG_ADDED)[0].strip()


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def not_run(job: "RemoteJob", log: str) -> Exception:
    """Return what to say of a job that did not get as far as its command."""
    from cnnjobs.errors import ClusterError

    why = _last_line(log) or _last_line(_reason(job)) or "no reason given"
    hint = (
        " The `python` on the head's PATH, where `ray start` ran, must have this project: in a checkout of it, "
        "`pip install '.[gpu]'` on every node."
        if why.startswith(LACKING)
        else ""
    )
    return ClusterError(f"{job.identity} could not be run on the cluster: {clause(why)}.{hint}")
