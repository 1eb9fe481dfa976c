"""Jobs on a cluster elsewhere: which one is meant, and how it is shown while it runs."""

import json
import re
import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.on_head import HOME
from cnnjobs.cli.running import command_line

if TYPE_CHECKING:
    from cnnjobs.cli.screens import Screen
    from cnnjobs.engine.ray_jobs import JobsApi, RemoteJob

OF_RAY = re.compile(r"Running entrypoint for job |\S+ \S+\tINFO job_manager\.py:")
"""How lines begin that Ray writes into a job's log."""

LACKING = "No module named 'cnnjobs"
"""What Python says where this project is not installed."""


def follow(api: "JobsApi", job: "RemoteJob") -> None:
    """Show a job until it has ended, as if it ran here.

    Raises:
        Interrupted: on Ctrl-C, or if it was stopped.
        ClusterLost: if the cluster is gone before the end.
        ClusterError: if it could not be run.
    """
    from cnnjobs.errors import ClusterLost, Interrupted

    url, name = api.cluster.url, job.metadata.get("job", "")
    try:
        log = show_log(api, job.identity)
        job = api.job(job.identity)
    except KeyboardInterrupt:
        raise Interrupted(
            f"No longer followed; {job.identity} goes on, on the cluster. To follow it again, or to stop it:\n"
            f"  cnnjobs logs {name} --address {url}\n  cnnjobs stop {name} --address {url}"
        ) from None
    except ClusterLost as lost:
        where = place_of_results(job)
        raise ClusterLost(
            f"{lost} Finished trials are stored in {where}. When the cluster is up again, look with `cnnjobs status "
            f"--address {url}`; to continue, run the same command again:\n  {command_line()}"
        ) from lost
    if job.status == "STOPPED":
        raise Interrupted(f"{job.identity} was stopped. Finished trials are stored in {place_of_results(job)}.")
    if never_began(job, log):
        raise not_run(job, log)
    if job.metadata.get("results"):
        click.echo(f"results:  {place_of_results(job)}; bring them home: cnnjobs fetch {name} --address {url}")
    if job.exit_code:
        click.get_current_context().exit(job.exit_code)


def place_of_results(job: "RemoteJob") -> str:
    """Say where the results of a job are."""
    results, name = job.metadata.get("results", ""), job.metadata.get("job", "")
    if "://" in results:
        return f"{results.partition('?')[0].rstrip('/')}/{name}"
    place = results if results.startswith(("/", "~")) else f"{HOME}/{results}"
    return f"{place.rstrip('/')}/{name} on the head"


def submits(api: "JobsApi") -> "list[RemoteJob]":
    """Return the submits of a cluster, the newest first; whoever reaches it can write what is told of them."""
    from cnnjobs.engine.ray_jobs import KIND
    from cnnjobs.spec.job import NAME

    found = [one for one in api.jobs() if one.metadata[KIND] == "submit" and one.metadata.get("results")]
    return [one for one in found if NAME.fullmatch(one.metadata.get("job", ""))]  # it names a folder at home


def pick(api: "JobsApi", which: str | None) -> "RemoteJob":
    """Return the job that is meant: by its identity or its name, the newest of them.

    Args:
        api: the cluster's.
        which: identity or name; None for the newest.

    Raises:
        ClusterError: if there is none.
    """
    from cnnjobs.errors import ClusterError

    found = submits(api)
    named = [one for one in found if which is None or which in (one.identity, one.metadata.get("job"))]
    if not named:
        known = ", ".join(dict.fromkeys(one.metadata.get("job", "") for one in found)) or "none"
        asked = "" if which is None else f" {which!r}"
        raise ClusterError(f"The cluster at {api.cluster.url} has no job{asked} of cnnjobs. It has: {known}.")
    return named[0]


def said_in(line: str) -> str | None:
    """Return what an event says of a trial, or a line of plain text; None for an event that says nothing."""
    event = _event_in(line)
    return line if event is None else event.get("say")


def show_log(api: "JobsApi", identity: str) -> str:
    """Show a log while it grows; return what was plain text in it."""
    from cnnjobs.cli.screens import PlainScreen, Snapshot, TerminalScreen

    latest = [Snapshot()]
    screen: Screen = PlainScreen(lambda: latest[0])
    if sys.stderr.isatty():
        screen = TerminalScreen(lambda: latest[0])
    shown, plain = False, list[str]()
    try:
        for line in api.follow(identity, lambda text: click.echo(f"note: {text}", err=True)):
            event = _event_in(line)
            if event is None:
                if not OF_RAY.match(line):
                    plain.append(line)
                    click.echo(line)
                continue
            latest[0] = Snapshot(**{one.name: event["now"][one.name] for one in fields(Snapshot)})
            shown = _show_event(screen, event, shown)
    finally:
        if shown:
            screen.stop()
    return "\n".join(plain)


def _event_in(line: str) -> dict[str, Any] | None:
    """Return the event in a line of a log; None for other lines, those of a newer version or cut in two among them."""
    from cnnjobs.cli.screens import MARK, Snapshot

    try:
        event = json.loads(line.removeprefix(MARK)) if line.startswith(MARK) else None
    except ValueError:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("now"), dict):
        return None
    whole = all(one.name in event["now"] for one in fields(Snapshot)) and ("say" not in event or "routine" in event)
    return event if whole else None


def _show_event(screen: "Screen", event: dict[str, Any], shown: bool) -> bool:
    """Show what an event says; return whether the screen is on."""
    over = bool(event.get("over"))
    if shown and over:
        screen.stop()
    elif not shown and not over:
        screen.start()
    if "say" in event:
        screen.say(event["say"], routine=event["routine"])
    if "tell" in event:
        screen.tell(event["tell"])
    return not over


def never_began(job: "RemoteJob", log: str) -> bool:
    """Say whether a job that has ended did not get as far as its command; what a job file lacks is its own error."""
    return job.exit_code is None or (job.exit_code != 0 and LACKING in log)


def not_run(job: "RemoteJob", log: str) -> Exception:
    """Return what to say of a job that did not get as far as its command."""
    from cnnjobs.errors import ClusterError

    why = (log.strip() or job.message.strip() or "no reason given").splitlines()[-1]
    hint = (
        " The `python` on the head's PATH, where `ray start` ran, must have this project: pip install 'cnnjobs[gpu]' "
        "on every node."
        if LACKING in why
        else ""
    )
    return ClusterError(f"{job.identity} could not be run on the cluster: {why}.{hint}")
