"""`cnnjobs watch RESULTS`: a page that shows a job while it runs."""

import click

from cnnjobs.cli.options import DEFAULT_RESULTS, cluster_options


@click.command(short_help="Show a job on a page while it runs.")
@click.argument("results", metavar="[RESULTS]", required=False)
@click.option(
    "--port", type=click.IntRange(1, 65535), metavar="N", help="Of the page, on 127.0.0.1.  [default: one that is free]"
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser of this machine.")
@cluster_options
def watch(results: str | None, *, port: int | None, opens: bool, address: str | None, insecure: bool) -> None:
    """Serve a page that shows the job in RESULTS while it runs, or as it has ended, and print its address.

    Running trials with their curves, bands of finished runs, means, the comparison, failed trials with their logs, and
    how busy the machine is. Of a folder of jobs, the one that runs, or ran last. Only browsers of this machine that
    know the whole address see it. The job goes on when the page ends, and is not slowed.

    With the URL of a cluster as --address, the same of the results in RESULTS on its head: by default those of the
    newest job.
    """
    from cnnjobs.live.watch import watch_results
    from cnnjobs.remote.remote_submit import over_http

    if address not in (None, "local") or (results is None and over_http(address) is not None):
        from cnnjobs.remote.watch import watch_there

        watch_there(address, results, port=port or 0, opens=opens, insecure=insecure)
        return
    watch_results(results or DEFAULT_RESULTS, port=port or 0, opens=opens)


@click.command(hidden=True)
@click.argument("store")
@click.option("--look", is_flag=True)
def tell(store: str, *, look: bool) -> None:
    """Print what a page of `watch` shows of STORE, and what changes of it; runs on a cluster's head."""
    from cnnjobs.remote.watch import told
    from cnnjobs.wording.terminal import write_data

    for line in told(store, look=look):
        write_data(f"{line}\n")
