"""`cnnjobs doctor`: what a person would check by hand, of this machine or of a cluster."""

import click

from cnnjobs.cli.formats import end_with, format_option, output
from cnnjobs.cli.options import cluster_options, results_option
from cnnjobs.wording.terminal import echo


@click.command(short_help="Check this machine, or a cluster.")
@click.argument("job", metavar="[JOB]", required=False)
@results_option("Where trials would be stored.")
@cluster_options
@format_option()
def doctor(job: str | None, *, results: str, address: str | None, insecure: bool, form: str) -> None:
    """Check versions, GPUs, one training step on every node, disks, clocks, the store, the token.

    With JOB, it also checks that the data set is there. If --address is the URL of a cluster's dashboard, it checks the
    nodes of the cluster. It prints one line per check. If something is wrong, the line says what to do, and the exit
    code is 1.
    """
    from cnnjobs.engine.places import Remote, find_place
    from cnnjobs.errors import ChecksFailed
    from cnnjobs.remote.doctor import ask_doctor
    from cnnjobs.run.doctor import checks

    place = find_place(address)
    if isinstance(place, Remote):
        reader = output() if form == "json" else None
        code = ask_doctor(place.url, job, results, insecure=insecure, output=reader)
        click.get_current_context().exit(code)
    done = []
    for check in checks(place, job, results, insecure=insecure):
        if form == "text":
            echo(check.line(), styled=True)
        done.append(check)
    if form == "json":
        from cnnjobs.run.documents.doctor import doctor_document

        end_with(doctor_document(done))
    wrong = sum(check.is_wrong for check in done)
    if wrong:
        raise ChecksFailed(f"{wrong} of {len(done)} checks found something wrong.")
