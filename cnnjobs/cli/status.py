"""`cnnjobs status RESULTS`: done, running, failed, with reasons."""

from typing import TYPE_CHECKING

import click

from cnnjobs.cli.jobs import reach_named
from cnnjobs.cli.options import DEFAULT_RESULTS, cluster_options
from cnnjobs.cli.stores import for_each_store
from cnnjobs.remote.remote_submit import over_http

if TYPE_CHECKING:
    from cnnjobs.remote.jobs_client import JobsApi
    from cnnjobs.store.store import Store


@click.command(short_help="Show what is done, running and failed, with reasons.")
@click.argument("results", metavar="[RESULTS]", required=False)
@cluster_options
def status(results: str | None, address: str | None, insecure: bool) -> None:
    """Show what is done, running and failed in RESULTS, a job's folder or a folder of jobs.

    With the URL of a cluster as --address, show its jobs, and the results in RESULTS on its head: by default those of
    the newest job.
    """
    if address not in (None, "local") or (results is None and over_http(address) is not None):
        from cnnjobs.store.remote import refuse_keys

        refuse_keys(results or "", "RESULTS")
        _show_cluster(reach_named(address, insecure=insecure), results)
    else:
        for_each_store(results or DEFAULT_RESULTS, _show)


def _show_cluster(api: "JobsApi", results: str | None) -> None:
    """Show the jobs of a cluster, and what the store of one of them holds."""
    from datetime import datetime

    from cnnjobs.cli.tables import show_table
    from cnnjobs.remote.follow import place_of_results, store_of, submits
    from cnnjobs.remote.remote_submit import ask_head

    url, jobs = api.cluster.url, submits(api)
    if not jobs and results is None:
        click.echo(f"The cluster at {url} has no jobs of cnnjobs.")
        return
    when = [datetime.fromtimestamp(job.started).strftime("%Y-%m-%d %H:%M") if job.started else "-" for job in jobs]
    rows = [(j.metadata.get("job", ""), j.status.lower(), at, j.identity) for j, at in zip(jobs, when, strict=True)]
    show_table(f"jobs on {url}", ("job", "status", "since", "identity"), rows)
    place = results if results is not None else store_of(jobs[0].metadata)
    code, printed = ask_head(api, ["status", place], {})
    click.echo(printed.rstrip("\n"))
    if results is None:
        click.echo(f"results: {place_of_results(jobs[0].metadata)}")
    if code:
        click.get_current_context().exit(code)


def _show(store: "Store") -> None:
    from cnnjobs.cli.tables import show_table
    from cnnjobs.store.expectation import expected_runs
    from cnnjobs.store.lock import read_sign

    job = store.job or {}
    columns = ["condition_id", "variant", "repeat", "fold", "status", "error", "log"]
    stored = store.read("trials", columns=columns)
    trials = stored.table.to_pylist()
    expected = expected_runs(job, trials)
    sign = read_sign(store.files)
    running = dict(sign.running) if sign is not None and sign.alive else {}
    rows, failures = [], []
    for name, variant in job["variants"].items():
        own = [trial for trial in trials if trial["condition_id"] == variant["condition_id"]]
        counts = [sum(t["status"] == kind for t in own) for kind in ("completed", "diverged", "failed")]
        active = sum(label.startswith(f"{name}, repeat ") for label in running)
        missing = max(expected[name] - sum(counts), 0)
        rows.append((name, f"{counts[0]}/{expected[name]}", str(counts[1]), str(counts[2]), str(active), str(missing)))
        failures += [(name, trial) for trial in own if trial["status"] == "failed"]
    show_table(str(job["name"]), ("variant", "completed", "diverged", "failed", "running", "missing"), rows)
    for label, what in running.items():
        click.echo(f"running: {label}: {what}")
    for name, trial in failures:
        fold = f", fold {trial['fold'] + 1}" if job["protocol"]["folds"] else ""
        click.echo(f"failed: {name}, repeat {trial['repeat'] + 1}{fold}: {trial['error']}; log: {trial['log']}")
    for damaged in stored.damaged:
        click.echo(f"not readable: {damaged}")
    if sign is not None and not sign.alive:
        click.echo("The last submit was cut off; submit the job again to continue.")
