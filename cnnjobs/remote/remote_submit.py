"""Commands that run on a cluster elsewhere: sent as a job, followed, and shown as if they ran here."""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from cnnjobs.engine.places import address_without_keys
from cnnjobs.errors import ClusterError
from cnnjobs.process.private_folder import private_folder
from cnnjobs.remote.follow import OF_RAY, LogContent, follow, goes_on, never_began, not_run, store_of
from cnnjobs.remote.head_command import FILES, NONCE, UPLOADED, command_on_head, digests
from cnnjobs.run.calling_machine import command_line
from cnnjobs.run.events import Events
from cnnjobs.run.page import Page, PageOf
from cnnjobs.schema.output import Output
from cnnjobs.wording.sentences import cause, sentences
from cnnjobs.wording.terminal import echo, note

if TYPE_CHECKING:
    from cnnjobs.remote.dashboard import Cluster
    from cnnjobs.remote.jobs_client import JobsApi


QUICK_S = 120.0
"""Seconds within which a command that only reads has ended."""


def reach(url: str, *, insecure: bool) -> "JobsApi":
    """Return the jobs of the cluster at a URL, after a look at it.

    Raises:
        ClusterError: if nothing answers, it refuses the token, or it asks for none and is not the loopback.
    """
    from cnnjobs.engine.token import close_token_file, token_file
    from cnnjobs.remote.dashboard import is_plain, look_at

    cluster = look_at(url, insecure=insecure)
    if cluster.asks_for_token and close_token_file():
        note(f"Others could read {token_file()}; now its owner alone can")
    if cluster.asks_for_token and is_plain(url):
        note("The token crosses the network unencrypted; forward the port by ssh instead")
    return open_jobs(cluster)


def submit_remotely(
    words: Sequence[str],
    job: str,
    audited: str | None,
    results: str,
    url: str,
    *,
    insecure: bool,
    watch: bool = False,
    output: Output | None = None,
) -> None:
    """Upload a job file and its neighbours, run `submit` on the head, and show it here.

    Args:
        words: options of the command.
        job: the job file.
        audited: the variant whose sources of chance are to vary one at a time; None for the job itself.
        results: where its trials go, there.
        url: of the cluster's dashboard.
        insecure: whether it may be a cluster that asks for no token.
        watch: serve a page here that shows the trials.
        output: where its lines for programs go; None for nowhere.

    Raises:
        UserError: for whatever is wrong before it starts.
        Interrupted: on Ctrl-C; the job goes on.
        ClusterLost: if the cluster is gone before the end.
    """
    from cnnjobs.errors import Interrupted
    from cnnjobs.files.uris import refuse_keys
    from cnnjobs.planning.job_file import load_job
    from cnnjobs.remote.upload import upload_of
    from cnnjobs.run.audit import audit_name

    refuse_keys(results)
    file = load_job(job)
    upload = upload_of(file)
    name = file.job.name
    if audited is not None and audited in file.job.variants:
        name = audit_name(file.job, audited)
    api = reach(url, insecure=insecure)
    command = ["submit", f"{UPLOADED}{upload.files[0]}", *words]
    with tempfile.TemporaryDirectory(prefix="upload-", dir=private_folder()) as folder:
        upload.copy_to(Path(folder, FILES))
        about = {"job": name, "results": results, "typed": command_line()}
        identity = new_identity(name)
        try:
            send(api, [*command, "--insecure"], Path(folder), identity, "submit", about)
            echo(f"{name}: uploaded {upload.describe()}, without data; runs as {identity}", err=True)
        except KeyboardInterrupt:
            raise Interrupted(
                f"Stopped while the job was sent. If it had arrived already, {goes_on(identity, name, url)}"
            ) from None
        except ClusterError as error:
            if "timed out" not in str(error):
                raise
            raise ClusterError(
                sentences(error, f"If it took the job all the same, {goes_on(identity, name, url)}")
            ) from error
    Events(output).emit("sent", job=name, identity=identity, url=url)
    with closing(Page()) as page:
        if watch:
            page.open(PageOf(store_of(about), url, insecure), lambda line: echo(line, err=True))
        follow(api, identity, about, output)


def new_identity(name: str) -> str:
    """Return an identity for a job that is not sent yet."""
    return f"cnnjobs-{name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def send(
    api: "JobsApi", words: Sequence[str], folder: Path, identity: str, kind: str, metadata: Mapping[str, str]
) -> None:
    """Start a command on the head.

    Args:
        api: the cluster's.
        words: of the command, without the program.
        folder: what it needs.
        identity: of the job.
        kind: the command, as jobs are listed by it.
        metadata: what is told of it.

    Raises:
        StoreError: for words with keys: the cluster shows them.
        ClusterError: if the cluster does not take it.
    """
    import cnnjobs
    from cnnjobs.files.uris import refuse_keys
    from cnnjobs.remote.jobs_client import KIND

    for word in words:
        refuse_keys(word, "An option")
    columns = shutil.get_terminal_size().columns
    about = {KIND: kind, "version": cnnjobs.__version__, **metadata}
    Path(folder, NONCE).write_text(secrets.token_hex(8))
    command = command_on_head(words, command_line(), columns, digests(folder / FILES))
    api.submit(command, folder, identity, about)


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
    with tempfile.TemporaryDirectory(prefix="upload-", dir=private_folder()) as folder:
        for name, content in files.items():
            place = Path(folder, FILES, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        identity = new_identity("ask")
        send(api, words, Path(folder), identity, "ask", {})
    remote_job = api.wait(identity, within_s)
    if not remote_job.is_over:
        api.stop(identity)
        raise ClusterError(f"`{words[0]}` on the head did not end within {within_s:g} s; it was stopped.")
    log = "\n".join(line for line in api.log(identity).split("\n") if not OF_RAY.match(line))
    api.forget(identity)
    if remote_job.exit_code is None or never_began(remote_job, LogContent(log, has_events=False)):
        raise not_run(remote_job, log)
    return remote_job.exit_code, log


def over_http(address: str | None) -> str | None:
    """Return the URL of the cluster that is meant; None if it is none that takes jobs over HTTP."""
    from cnnjobs.engine.places import Remote, find_place

    given = address or os.environ.get("RAY_ADDRESS")
    place = find_place(given) if given and given.startswith(("http://", "https://")) else None
    return place.url if isinstance(place, Remote) else None


def open_jobs(cluster: "Cluster") -> "JobsApi":
    """Return the jobs of a cluster.

    Raises:
        ClusterError: if they cannot be reached from here.
    """
    from cnnjobs.engine.environment import prepared_environment

    try:
        with prepared_environment(joining=True):
            from cnnjobs.remote.jobs_client import JobsApi
    except ImportError as error:
        from cnnjobs.files.installation import install_command

        raise ClusterError(
            f"Jobs on a cluster need more of Ray than is installed here ({cause(error)}): {install_command('cluster')}"
        ) from error
    return JobsApi(cluster)


def reach_named(address: str | None, *, insecure: bool) -> "JobsApi":
    """Return the jobs of the cluster that is named.

    Raises:
        ClusterError: if none is, or it cannot be reached.
    """
    url = over_http(address)
    if url is None:
        given = address or os.environ.get("RAY_ADDRESS") or "none"
        raise ClusterError(
            "`address` must be the URL of a cluster's dashboard, such as http://127.0.0.1:8265; RAY_ADDRESS may name "
            f"it as well. Received: {address_without_keys(given)}."
        )
    return reach(url, insecure=insecure)
