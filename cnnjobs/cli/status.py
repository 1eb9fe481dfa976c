"""`cnnjobs status RESULTS`: done, running, failed, with reasons."""

from typing import TYPE_CHECKING

import click

from cnnjobs.cli.options import DEFAULT_RESULTS
from cnnjobs.cli.stores import for_each_store

if TYPE_CHECKING:
    from cnnjobs.store.store import Store


@click.command(short_help="Show what is done, running and failed, with reasons.")
@click.argument("results", metavar="[RESULTS]", default=DEFAULT_RESULTS)
def status(results: str) -> None:
    """Show what is done, running and failed in RESULTS, a job's folder or a folder of jobs."""
    for_each_store(results, _show)


def _show(store: "Store") -> None:
    from cnnjobs.cli.tables import show_table
    from cnnjobs.store.expectation import expected_runs
    from cnnjobs.store.presence import read_sign

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
