"""Commands that run on a cluster elsewhere: sent as a job, followed, and shown as if they ran here."""

import json
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cnnjobs.cli.on_head import FILES, HOME, UPLOADED, command_on_head
from cnnjobs.cli.running import command_line

if TYPE_CHECKING:
    from cnnjobs.cli.screens import Screen
    from cnnjobs.engine.ray_jobs import JobsApi, RemoteJob

OF_RAY = re.compile(r"Running entrypoint for job |\S+ \S+\tINFO job_manager\.py:")
"""How lines begin that Ray writes into a job's log."""

QUICK_S = 120.0
"""Seconds within which a command that only reads has ended."""


def reach(url: str, *, insecure: bool) -> "JobsApi":
    """Return the jobs of the cluster at a URL, after a look at it.

    Raises:
        ClusterError: if nothing answers, it refuses the token, or it asks for none and is not the loopback.
    """
    from cnnjobs.cli.doors import open_jobs
    from cnnjobs.engine.dashboard import is_plain, look_at
    from cnnjobs.engine.token import close_token_file, token_file

    cluster = look_at(url, insecure=insecure)
    if cluster.asks_for_token and close_token_file():
        click.echo(f"note: others could read {token_file()}; now its owner alone can", err=True)
    if cluster.asks_for_token and is_plain(url):
        click.echo("note: the token crosses the network unencrypted; forward the port by ssh instead", err=True)
    if cluster.ray_version != version("ray"):
        click.echo(
            f"note: the cluster runs Ray {cluster.ray_version}, this machine has {version('ray')}; the job runs with "
            "the cluster's",
            err=True,
        )
    return open_jobs(cluster)


def submit_remotely(context: click.Context, job: str, results: str, url: str, *, insecure: bool) -> None:
    """Upload a job file and its neighbours, run `submit` on the head, and show it here.

    Raises:
        UserError: for whatever is wrong before it starts.
        Interrupted: on Ctrl-C; the job goes on.
        ClusterLost: if the cluster is gone before the end.
    """
    from cnnjobs.cli.stores import refuse_keys
    from cnnjobs.jobfile import load_job
    from cnnjobs.upload import upload_of

    refuse_keys(results)
    file = load_job(job)
    upload = upload_of(file)
    api = reach(url, insecure=insecure)
    words = ["submit", f"{UPLOADED}{upload.files[0]}", *words_of(context, leave=("job", "address", "insecure"))]
    with tempfile.TemporaryDirectory(prefix="cnnjobs-upload-") as folder:
        upload.copy_to(Path(folder, FILES))
        what = {"job": file.job.name, "results": results}
        identity = send(api, [*words, "--insecure"], Path(folder), "submit", what)
    click.echo(f"{file.job.name}: uploaded {upload.describe()}, without data; runs as {identity}", err=True)
    follow(api, api.job(identity))


def send(api: "JobsApi", words: Sequence[str], folder: Path, kind: str, metadata: dict[str, str]) -> str:
    """Start a command on the head; return the job's identity."""
    import cnnjobs
    from cnnjobs.engine.ray_jobs import KIND

    name = metadata.get("job", kind)
    identity = f"cnnjobs-{name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    columns = shutil.get_terminal_size().columns
    about = {KIND: kind, "version": cnnjobs.__version__, **metadata}
    api.submit(command_on_head(words, command_line(), columns), folder, identity, about)
    return identity


def ask_head(
    api: "JobsApi", words: Sequence[str], files: dict[str, bytes], within_s: float = QUICK_S
) -> tuple[int, str]:
    """Run a command on the head that only reads; return its exit code and what it printed.

    Args:
        api: the cluster's.
        words: of the command.
        files: what is uploaded with it.
        within_s: seconds that it may take.

    Raises:
        ClusterError: if it does not end in time, or could not be run.
    """
    from cnnjobs.errors import ClusterError

    with tempfile.TemporaryDirectory(prefix="cnnjobs-upload-") as folder:
        Path(folder, FILES).mkdir()
        Path(folder, FILES, "about.json").write_text(json.dumps({"words": list(words), "once": secrets.token_hex(8)}))
        for name, content in files.items():
            place = Path(folder, FILES, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        identity = send(api, words, Path(folder), "ask", {})
    found = api.wait(identity, within_s)
    if not found.is_over:
        api.stop(identity)
        raise ClusterError(f"`{words[0]}` on the head did not end within {within_s:g} s; it was stopped.")
    log = "\n".join(line for line in api.log(identity).split("\n") if not OF_RAY.match(line))
    api.forget(identity)
    if found.exit_code is None or (found.exit_code and "No module named" in log):
        raise _not_run(found, log)
    return found.exit_code, log


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
        log = _show(api, job.identity)
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
    if job.exit_code is None or (job.exit_code and "No module named" in log):
        raise _not_run(job, log)
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


def words_of(context: click.Context, leave: Sequence[str]) -> list[str]:
    """Return the options of a command that were given, as words.

    Args:
        context: of the command.
        leave: names of parameters that are left out.
    """
    words: list[str] = []
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in leave or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Option) and parameter.is_flag:
            words.append(parameter.opts[-1] if value else parameter.secondary_opts[-1])
            continue
        for one in value if isinstance(value, tuple) else (value,):
            words += [max(parameter.opts, key=len), str(one)] if isinstance(parameter, click.Option) else [str(one)]
    return words


def _show(api: "JobsApi", identity: str) -> str:
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


def said_in(line: str) -> str | None:
    """Return what an event says of a trial, or a line of plain text; None for an event that says nothing."""
    event = _event_in(line)
    return line if event is None else event.get("say")


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


def _not_run(job: "RemoteJob", log: str) -> Exception:
    from cnnjobs.errors import ClusterError

    why = (log.strip() or job.message.strip() or "no reason given").splitlines()[-1]
    hint = (
        " The `python` on the head's PATH, where `ray start` ran, must have this project: pip install 'cnnjobs[gpu]' "
        "on every node."
        if "No module named" in why
        else ""
    )
    return ClusterError(f"{job.identity} could not be run on the cluster: {why}.{hint}")


def over_http(address: str | None) -> str | None:
    """Return the URL of the cluster that is meant; None if it is none that takes jobs over HTTP."""
    from cnnjobs.engine.places import Remote, find_place

    given = address or os.environ.get("RAY_ADDRESS")
    place = find_place(given) if given and given.startswith(("http://", "https://")) else None
    return place.url if isinstance(place, Remote) else None
