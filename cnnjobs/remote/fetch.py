"""Brings the results of a job on a cluster home, through the head's answers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cnnjobs.errors import ClusterError, StoreError
from cnnjobs.files.uris import refuse_keys
from cnnjobs.remote import follow
from cnnjobs.remote.head_command import UPLOADED
from cnnjobs.remote.remote_submit import ask_head, reach_named
from cnnjobs.remote.transfer import JOB, Incoming, digests, finished, outgoing
from cnnjobs.run.calling_machine import ON_HEAD
from cnnjobs.run.claim import claim
from cnnjobs.spec.job import NAME
from cnnjobs.store.files import Files
from cnnjobs.wording.sentences import sentence
from cnnjobs.wording.sizes import data_size
from cnnjobs.wording.terminal import echo

if TYPE_CHECKING:
    from cnnjobs.remote.jobs_client import JobsApi

HAVE = "have.json"
"""Uploaded file that says what is here already."""


def fetch_results(address: str | None, job: str | None, results: str, *, insecure: bool) -> None:
    """Bring what is not here yet of a job's results.

    Args:
        address: of the cluster's dashboard.
        job: name, identity, or the folder of its results there, as `status` takes it; None for the newest.
        results: the folder they go into.
        insecure: whether it may be a cluster that asks for no token.

    Raises:
        ClusterError: if the cluster cannot be reached, or does not send them.
        StoreError: if they cannot be written.
    """
    api = reach_named(address, insecure=insecure)
    there, name = _store_of(api, job)
    if "://" in there:
        read = f"cnnjobs aggregate {shlex.quote(there)}"
        echo(f"{name}: nothing to fetch: its results are in object storage; `{read}` reads them there")
        return
    home = Files(results).below(name)
    home.check_writable()
    with claim(home):
        files, size = _bring(api, there, home)
    what = f"{files} file{'s' if files != 1 else ''}, {data_size(size)}" if files else "nothing new"
    echo(f"{name}: fetched {what} into {home.location}; `cnnjobs aggregate {home.location}` makes the report")


def _store_of(api: JobsApi, job: str | None) -> tuple[str, str]:
    """Return the results of a job as a command on the head names them, and the name of the job."""
    if job is None or ("/" not in job and not job.startswith("~")):
        remote_job = follow.pick(api, job)
        return follow.store_of(remote_job.metadata), remote_job.metadata["job"]
    refuse_keys(job, "JOB")
    path, mark, settings = job.partition("?") if "://" in job else (job, "", "")
    path = path.rstrip("/")
    name = path.rpartition("/")[2]
    if not NAME.fullmatch(name):  # it names a folder here
        raise ClusterError(f"`job` must be the folder of a job's results, such as results/quickstart. Received: {job}.")
    return f"{path}{mark}{settings}", name


def _bring(api: JobsApi, there: str, home: Files) -> tuple[int, int]:
    """Bring what is not here yet, in as many jobs as it takes; return the number of files and their bytes."""
    incoming, done = Incoming(home), finished(home)
    while True:
        have = json.dumps({"files": digests(home), "finished": done}).encode()
        words = ["send", there, f"{UPLOADED}{HAVE}"]
        code, printed = ask_head(api, words, {HAVE: have}, within_s=600)
        if code:
            why = printed.strip().splitlines() or ["it did not say why"]
            raise ClusterError(f"The head did not send {there}: {sentence(why[-1].removeprefix(ON_HEAD))}")
        more = incoming.take(printed.split("\n"))
        if not more:
            return incoming.files, incoming.nbytes
        echo(f"fetched {incoming.files} files, {data_size(incoming.nbytes)}; {more} to go", err=True)


def send_results(store: str, have: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of a store is not at home, as lines; runs on the head.

    Args:
        store: the job's folder.
        have: files that are at home, and trials that are finished there.

    Raises:
        StoreError: if there is no such folder.
    """
    files = Files(store)
    if not files.exists():
        raise StoreError(f"There is no folder {files.location} on the head.")
    if files.read(JOB) is None:
        within = ", ".join(f"{store.rstrip('/')}/{name}" for name in files.folders()) or "none"
        raise StoreError(f"{files.location} on the head is no job's folder: it has no {JOB}. Folders in it: {within}.")
    yield from outgoing(files, have["files"], have["finished"])
