"""`cnnjobs doctor`: what a person would check by hand, of this machine or of a cluster."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.options import cluster_options, results_option
from cnnjobs.run.calling_machine import versions_elsewhere

if TYPE_CHECKING:
    from cnnjobs.engine.places import Place
    from cnnjobs.run.health import Check


@click.command(short_help="Show what is wrong with this machine, or with a cluster.")
@click.argument("job", metavar="[JOB]", required=False)
@results_option("Where trials would be stored.")
@cluster_options
def doctor(job: str | None, *, results: str, address: str | None, insecure: bool) -> None:
    """Check versions, GPUs, one training step on every node, disks, clocks, the store, the token.

    With JOB also whether its data set is there. With the URL of a cluster as --address all of that on its nodes. One
    line a check; where something is wrong, the line says what to do, and the exit code is 1.
    """
    from cnnjobs.engine.places import Remote, find_place
    from cnnjobs.errors import ChecksFailed

    place = find_place(address)
    if isinstance(place, Remote):
        _ask(place.url, job, results, insecure=insecure)
        return
    checks = 0
    wrong = 0
    for check in _checks(place, job, results, insecure=insecure):
        checks, wrong = checks + 1, wrong + check.is_wrong
        mark = click.style("WRONG", fg="red", bold=True) if check.is_wrong else click.style("ok   ", fg="green")
        click.echo(f"{mark} {check.name}: {check.said}{'. ' + check.remedy if check.remedy else ''}")
    if wrong:
        raise ChecksFailed(f"{wrong} of {checks} checks found something wrong.")


def _checks(place: "Place", job: str | None, results: str, *, insecure: bool) -> Iterator["Check"]:
    from cnnjobs.engine.places import Joined

    if job is not None:
        yield _of_data(job)
    yield from _of_store(results)
    if isinstance(place, Joined):
        yield from _of_cluster(place, insecure=insecure)
    else:
        yield from _of_nodes(_nodes_here())


def _nodes_here() -> list[dict[str, Any]]:
    from cnnjobs.engine.quiet import quietly
    from cnnjobs.machine import this_machine
    from cnnjobs.run.backends import open_local_ray

    machine = this_machine()
    with quietly():
        session = open_local_ray(cpus=machine.cpus, gpus=machine.gpus)
        with session.opened(0):
            return _examined()


def _of_cluster(place: Any, *, insecure: bool) -> Iterator["Check"]:
    from cnnjobs.engine.token import token_file
    from cnnjobs.errors import ClusterError
    from cnnjobs.run.backends import open_cluster
    from cnnjobs.run.health import Check

    try:
        session = open_cluster(place, insecure=insecure, verbose=False)
    except ClusterError as error:
        yield Check("cluster", f"cannot be joined at {place.address}", str(error))
        return
    from cnnjobs.engine.ray.session import asks_for_token

    yield Check("cluster", f"joined at {place.address}")
    try:
        if asks_for_token(place.address):
            loose = token_file().is_file() and token_file().stat().st_mode & 0o077
            remedy = f"chmod 600 {token_file()}" if loose else ""
            said = "asked for by the cluster" + (", and others can read it here" if loose else "")
        else:
            remedy = "" if insecure else "Start Ray with RAY_AUTH_MODE=token (see cluster/README.md)."
            said = "none is asked for: whoever reaches the cluster can run code on it"
    except ClusterError as error:
        said, remedy = "unknown", str(error)
    yield Check("token", said, remedy)
    try:
        yield from _of_nodes(_examined())
    finally:
        session.close()


def _examined() -> list[dict[str, Any]]:
    from cnnjobs.engine.ray.examination import examine_nodes
    from cnnjobs.run.backends import open_examiner

    return examine_nodes(open_examiner())


def _of_nodes(nodes: list[dict[str, Any]]) -> Iterator["Check"]:
    from cnnjobs.run.health import of_node, of_versions
    from cnnjobs.versions import installed_versions

    yield of_versions(installed_versions(), nodes, asking=versions_elsewhere())
    for node in nodes:
        yield from of_node(node)


def _of_store(results: str) -> Iterator["Check"]:
    from cnnjobs.errors import StoreError
    from cnnjobs.run.health import Check, of_disk
    from cnnjobs.store.files import Files

    try:
        files = Files(results)
        files.check_writable()
    except StoreError as error:
        yield Check("results", "cannot be written", str(error))
        return
    yield Check("results", f"{files.location} can be written")
    if files.is_local:
        place = Path(results).expanduser().absolute()
        there = next(path for path in (place, *place.parents) if path.exists())
        yield of_disk(str(results), shutil.disk_usage(there).free)


def _of_data(job: str) -> "Check":
    from cnnjobs.datasets import needs_download
    from cnnjobs.errors import UserError
    from cnnjobs.run.health import Check
    from cnnjobs.run.prepare import Overrides, read_job
    from cnnjobs.spec import ImageFolder, Npz

    try:
        spec = read_job(job, Overrides()).dataset
    except UserError as error:
        return Check("job", f"{job} is broken", str(error))
    if isinstance(spec, ImageFolder | Npz):
        there = Path(spec.path).exists()
        remedy = "" if there else f"Put it there, on the machine that submits: {Path(spec.path).absolute()}."
        return Check("data set", f"{spec.path} is {'there' if there else 'not there'}", remedy)
    missing = needs_download(spec) is not None
    return Check("data set", f"{spec.name} is {'downloaded by the first submit' if missing else 'there'}")


def _ask(url: str, job: str | None, results: str, *, insecure: bool) -> None:
    """Have the head of a cluster look at itself and its nodes, and show what it says."""
    from cnnjobs.planning.job_file import load_job
    from cnnjobs.remote import remote_submit
    from cnnjobs.remote.head_command import UPLOADED
    from cnnjobs.remote.upload import upload_of
    from cnnjobs.store.remote import refuse_keys

    refuse_keys(results)
    upload = None if job is None else upload_of(load_job(job))
    api = remote_submit.reach(url, insecure=insecure)
    token = "shown and accepted" if api.cluster.asks_for_token else "none is asked for"
    click.echo(f"{click.style('ok   ', fg='green')} dashboard: {url}, Ray {api.cluster.ray_version}; token: {token}")
    words = ["doctor", *([] if upload is None else [f"{UPLOADED}{upload.files[0]}"]), "--results", results]
    files = {} if upload is None else {str(file): (upload.folder / file).read_bytes() for file in upload.files}
    code, printed = remote_submit.ask_head(api, [*words, *(["--insecure"] if insecure else [])], files, within_s=300)
    click.echo(printed.rstrip("\n"))
    if code:
        click.get_current_context().exit(code)
