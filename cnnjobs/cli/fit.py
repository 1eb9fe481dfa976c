"""`cnnjobs fit JOB`: train one variant on all of train, and save it as a model that predicts."""

from typing import Any

import click

from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.cli.options import cluster_options, device_options, not_empty, run_options, run_options_of
from cnnjobs.wording.terminal import echo


@click.command(short_help="Train one variant on all training images and save it.")
@click.argument("job", metavar="JOB")
@click.option("--variant", metavar="NAME", help="The variant to train.  [default: the only one]")
@click.option(
    "--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="The repeat whose seeds are used."
)
@click.option(
    "--output",
    metavar="FILE.keras",
    callback=not_empty,
    help="The file to save it in.  [default: RESULTS/<job>/models/<variant>-<identity>.keras]",
)
@run_options
@device_options
@cluster_options
@format_option()
def fit(
    job: str,
    *,
    variant: str | None,
    repeat: int,
    output: str | None,
    results: str,
    address: str | None,
    form: str,
    **given: Any,
) -> None:
    """Train one variant of JOB on all of its training images, and save it as one .keras file.

    If callbacks of the variant need validation data, the job's validation set is held out for them. By default the fit
    uses all cores. The file holds class names, picture size and pixel scaling, which `cnnjobs evaluate` and `cnnjobs
    predict` use.
    """
    from cnnjobs.run.calling_machine import same_command
    from cnnjobs.run.final_fit import FitOf
    from cnnjobs.run.fit import fit_job
    from cnnjobs.run.interrupts import signals_as_interrupts
    from cnnjobs.run.overrides import Overrides
    from cnnjobs.run.placement import near_place

    with signals_as_interrupts():
        options = run_options_of(given)
        place = near_place(address, "`fit`")
        asked = Overrides(**given)
        fitted = fit_job(job, results, asked, FitOf(variant, repeat, output), options, place, same_command())
    if form == "json":
        from cnnjobs.run.documents.fit import fit_document

        end_with(fit_document(fitted))
    else:
        echo(fitted)
