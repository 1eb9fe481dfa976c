"""The Python API of jobs: submit, gate, plan, status and verify, as the commands of those names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnjobs.errors import SpecError
from cnnjobs.process.streams import steady_streams
from cnnjobs.run.clean import Cleaning, clean_results, find_remains
from cnnjobs.run.gate import GateAnswer, gate_job
from cnnjobs.run.interrupts import signals_as_interrupts
from cnnjobs.run.overrides import overrides_of, place_of
from cnnjobs.run.placement import near_place
from cnnjobs.run.plan import JobPlan, plan_job
from cnnjobs.run.prepare import Prepared
from cnnjobs.run.status import ResultsStatus, status_of
from cnnjobs.run.submit import Goal, RunOptions, submit_job
from cnnjobs.run.verify import Verification, verify_results
from cnnjobs.spec import Job
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.gate import Gate
from cnnjobs.spec.half_width import HalfWidth

if TYPE_CHECKING:
    from cnnjobs.report.frames import Comparisons

RESULTS = "results"
"""Default folder of results."""


@arguments_named
def submit(
    job: Job | str | Path,
    results: str | Path = RESULTS,
    *,
    repeats: int | None = None,
    epochs: int | str | None = None,
    only: str | Sequence[str] | None = None,
    limit_train: int | None = None,
    dataset: str | None = None,
    image_size: int | None = None,
    strict: bool = False,
    half_width: float | None = None,
    decide: bool | float = False,
    most_repeats: int | None = None,
    audit: str | None = None,
    max_concurrent: int | None = None,
    cpus_per_trial: int | None = None,
    gpus_per_trial: float | None = None,
    checkpoint_every: float | None = None,
    trial_timeout: float | None = None,
    keep_going: bool = False,
    log: str | Sequence[str] | None = None,
    address: str | None = None,
    insecure: bool = False,
    verbose: bool = False,
    watch: bool = False,
) -> Comparisons:
    """Train the missing trials of a job, and return the comparison of its variants.

    The same as `cnnjobs submit`, with the same progress in a terminal, a notebook and a log. A job and its functions
    may be defined in notebook cells. Functions and all they refer to are part of a trial's identity: the same call
    again runs nothing, and an edit runs the trials it changes.

    Args:
        job: a job, or the path of a job file.
        results: folder or URI of results.
        repeats: of each variant, at least 1; None for the job's own.
        epochs: of each variant, at least 1; text such as "20%" for that share of each variant's own, rounded; None for
            the job's own.
        only: a variant, or several; None for all.
        limit_train: number of training images to keep; None for all.
        dataset: another data set: a name, an .npz file, a table or folder of pictures, Parquet files, TFRecords; None
            for the job's own.
        image_size: side of encoded pictures, pixels.
        strict: an unreadable picture is an error.
        half_width: of the 95% interval of test accuracy, in percentage points. The job's repeats are the pilot, and
            Stein's two-stage rule adds the repeats that the half width needs.
        decide: repeat only until each variant is decided: True for better or worse, or percentage points of test
            accuracy within which one counts as equal. See `Decide`.
        most_repeats: the largest number of repeats of a variant; None for 20 with `decide`, 100 with `half_width`.
        audit: a variant for a seed audit, a job of its own: one source of chance varies at a time.
        max_concurrent: largest number of concurrent trials; None for all that fit.
        cpus_per_trial: cores of a trial; None for the default allocation.
        gpus_per_trial: GPUs of a trial, or a fraction of one; None for the job's own.
        checkpoint_every: seconds between checkpoints of a trial; 0 for every epoch, None for about 1% of the time.
        trial_timeout: seconds without progress after which a trial is ended, as failed, with where it was; None for
            never: then a line says which trial makes none.
        keep_going: run all trials, also where the first, at least three and one of each variant, all fail with the same
            error at the same place; otherwise no other starts then.
        log: experiment trackers that trials are sent to, "tensorboard", "mlflow" or "wandb", or several; None for the
            job's own, () for none.
        address: "local" for this machine alone, or host:port of a cluster with this machine as a node; None for
            $RAY_ADDRESS, then a running local Ray, then this machine alone.
        insecure: accept a cluster without a token.
        verbose: show the logs of Ray and of each trial.
        watch: serve a page that shows the trials while they run, on the loopback of this machine; a line says where.

    Returns:
        The comparison: data frames `.summary`, `.differences` and `.runs`, `.report()` for the report, tables and box
        plots in a notebook. After failed trials a warning, and the comparison of the others.

    Raises:
        UserError: for a mistake in the arguments or the job, before any trial starts; nothing is written.
        Interrupted: on Ctrl-C; finished trials are stored.

    Example:
        >>> import cnnjobs
        >>> comparison = cnnjobs.submit("jobs/quickstart.py")  # doctest: +SKIP
        >>> comparison.summary[["variant", "mean", "sd"]]  # doctest: +SKIP
    """
    with (
        steady_streams(),
        signals_as_interrupts(),
        submit_job(
            job,
            place_of(results),
            overrides_of(repeats, epochs, only, limit_train, dataset, image_size, strict, gpus_per_trial),
            Goal(half_width=half_width, most_repeats=most_repeats, audit=audit, decide=decide),
            RunOptions(
                max_concurrent=max_concurrent,
                cpus_per_trial=cpus_per_trial,
                gpus_per_trial=gpus_per_trial,
                checkpoint_every=checkpoint_every,
                trial_timeout=trial_timeout,
                keep_going=keep_going,
                log=log,
                insecure=insecure,
                verbose=verbose,
                watch=watch,
            ),
            near_place(address, "`cnnjobs.submit`"),
            "call it again.",
            meanwhile=_import_frames,
        ) as submitted,
    ):
        from cnnjobs.report.frames import comparison_of

        comparison = comparison_of(submitted.store)
    if submitted.failed is not None:
        warnings.warn(str(submitted.failed), TrialsFailedWarning, stacklevel=2)
    return comparison


def _import_frames() -> None:
    """Import what the comparison is made with: 1.6 s of SciPy, Matplotlib and pandas."""
    import cnnjobs.report.frames  # noqa: F401


@arguments_named
def gate(
    job: Job | str | Path,
    results: str | Path = RESULTS,
    *,
    candidate: str,
    reference: str | None = None,
    margin: float | None = None,
    no_worse: bool = False,
    most_repeats: int | None = None,
    ledger: str | Path | None = None,
    confirm: int | None = None,
    epochs: int | str | None = None,
    limit_train: int | None = None,
    dataset: str | None = None,
    image_size: int | None = None,
    strict: bool = False,
    max_concurrent: int | None = None,
    cpus_per_trial: int | None = None,
    gpus_per_trial: float | None = None,
    checkpoint_every: float | None = None,
    trial_timeout: float | None = None,
    log: str | Sequence[str] | None = None,
    address: str | None = None,
    insecure: bool = False,
    verbose: bool = False,
) -> GateAnswer:
    """Say whether one variant of a job is better than another, after as few repeats as that takes.

    The same as `cnnjobs gate`. Missing trials of both are trained, repeat by repeat, until it is known: a wrong yes
    in at most 2.5% of such questions, however often it is asked, for differences that are normally distributed. With a
    ledger each proposal has a level of its own, so that of all that are accepted at most 5% are chance.

    Args:
        job: a job, or the path of a job file.
        results: folder or URI of results.
        candidate: name of the variant that is proposed.
        reference: name of the variant that it is compared with; None for the reference of the job.
        margin: percentage points of test accuracy within which the two count as equal; with `no_worse`, by which the
            candidate may be worse. None for no "equal".
        no_worse: whether it is enough not to be worse by the margin.
        most_repeats: of each, 5 to 100; None for 20, and with a ledger for as many as its level needs for the same.
        ledger: file of the ledger, which is made by the first proposal; None for none. A proposal is written before
            it is tested; the same one again goes on with its level.
        confirm: fresh repeats of a candidate that is accepted; None for 5 with a ledger, and none without.
        epochs: as for `submit`.
        limit_train: as for `submit`.
        dataset: as for `submit`.
        image_size: as for `submit`.
        strict: as for `submit`.
        max_concurrent: as for `submit`.
        cpus_per_trial: as for `submit`.
        gpus_per_trial: as for `submit`.
        checkpoint_every: as for `submit`.
        trial_timeout: as for `submit`.
        log: as for `submit`.
        address: as for `submit`.
        insecure: as for `submit`.
        verbose: as for `submit`.

    Returns:
        The answer: `.accepted`, `.verdict` in a word, `.exit_code` of the command, `.judgement`, `.confirmation`.
        Printed, it is what the command says.

    Raises:
        UserError: for a mistake in the arguments or the job, before any trial starts; nothing is written.
        TrialsFailed: if trials failed without which there is no answer.
        Interrupted: on Ctrl-C; finished trials are stored.

    Example:
        >>> import cnnjobs
        >>> answer = cnnjobs.gate("jobs/quickstart.py", candidate="dropout", ledger="ledger.jsonl")  # doctest: +SKIP
        >>> answer.accepted, answer.verdict  # doctest: +SKIP
    """
    asked = Gate(
        candidate=candidate,
        reference=reference,
        margin=margin,
        no_worse=no_worse,
        most_repeats=most_repeats,
        confirm=confirm,
    )
    if not isinstance(ledger, str | Path | None):
        raise SpecError(f"`ledger` must be the path of a file. Received: ledger={ledger!r}.")
    with (
        steady_streams(),
        signals_as_interrupts(),
        gate_job(
            job,
            place_of(results),
            overrides_of(None, epochs, None, limit_train, dataset, image_size, strict, gpus_per_trial),
            asked,
            ledger,
            RunOptions(
                max_concurrent=max_concurrent,
                cpus_per_trial=cpus_per_trial,
                gpus_per_trial=gpus_per_trial,
                checkpoint_every=checkpoint_every,
                trial_timeout=trial_timeout,
                log=log,
                insecure=insecure,
                verbose=verbose,
            ),
            near_place(address, "`cnnjobs.gate`"),
            "call it again.",
        ) as found,
    ):
        pass
    if found.failed is not None:
        raise found.failed
    return found


class TrialsFailedWarning(UserWarning):
    """Some trials failed; the others are stored and compared."""


@arguments_named
def plan(
    job: Job | str | Path,
    results: str | Path = RESULTS,
    *,
    repeats: int | None = None,
    epochs: int | str | None = None,
    only: str | Sequence[str] | None = None,
    limit_train: int | None = None,
    dataset: str | None = None,
    image_size: int | None = None,
    strict: bool = False,
    audit: str | None = None,
    decide: bool | float = False,
    most_repeats: int | None = None,
    sizes: bool = False,
) -> JobPlan:
    """Return what `submit` would run, without starting anything or writing a file.

    Args:
        job: a job, or the path of a job file.
        results: folder or URI of results.
        repeats: as for `submit`.
        epochs: as for `submit`.
        only: as for `submit`.
        limit_train: as for `submit`.
        dataset: as for `submit`.
        image_size: as for `submit`.
        strict: as for `submit`.
        audit: as for `submit`.
        decide: as for `submit`; the plan says what margin is reached in how many repeats.
        most_repeats: as for `submit`, with `decide`.
        sizes: look at the networks, in another process: parameters, and notes on what cannot be trained or may be a
            mistake. Importing TensorFlow takes seconds.

    Returns:
        The plan: a data frame `.table`, the trials that would run `.missing`, and `.notes`. Printed, it is the output
        of `cnnjobs plan`.

    Raises:
        UserError: for a mistake in the arguments or the job.

    Example:
        >>> import cnnjobs
        >>> from cnnjobs import Job, Variant, mlp
        >>> variants = {"narrow": Variant(model=mlp(dense=(32,))), "wide": Variant(model=mlp(dense=(512,)))}
        >>> plan = cnnjobs.plan(Job(name="width", dataset="digits", repeats=3, variants=variants))
        >>> plan.table[["variant", "repeats", "epochs", "done", "would run"]]
          variant  repeats  epochs  done  would run
        0  narrow        3      10     0          3
        1    wide        3      10     0          3
        >>> len(plan.missing)
        6
    """
    overrides = overrides_of(repeats, epochs, only, limit_train, dataset, image_size, strict, None)
    goal = Goal(audit=audit, decide=decide, most_repeats=most_repeats)
    return plan_job(job, place_of(results), overrides, goal=goal, sizes=sizes, summary=False, go_on=_go_on)


@arguments_named
def status(results: str | Path = RESULTS) -> ResultsStatus:
    """Return the status of the trials in results: completed, diverged, failed, running, missing.

    Args:
        results: a job's folder or a folder of jobs; a path or a URI.

    Returns:
        The status: a data frame `.table`, and `.jobs` with the failures of each job. Printed, it is the output of
        `cnnjobs status`.

    Raises:
        StoreError: if there are no results.

    Example:
        >>> import cnnjobs
        >>> cnnjobs.status("results/mnist").table[["variant", "expected", "completed", "missing"]]
            variant  expected  completed  missing
        0  baseline         5          5        0
        1   dropout         5          5        0
    """
    return status_of(place_of(results))


@arguments_named
def verify(results: str | Path = RESULTS, *, repair: bool = False) -> Verification:
    """Compare every stored file with the digest of its content that it was written with.

    Args:
        results: a job's folder or a folder of jobs; a path or a URI.
        repair: move damaged files to a folder `damaged/` of the job, so that their trials are missing and the next
            submit runs them again. Nothing is deleted.

    Returns:
        What is wrong: `.whole`, a data frame `.table`, and `.checks` with the damaged files and incomplete trials of
        each job. Printed, it is the output of `cnnjobs verify`.

    Raises:
        StoreError: if there are no results, or a submit is at work on them while they are to be repaired.

    Example:
        >>> import cnnjobs
        >>> cnnjobs.verify("results/mnist").whole
        True
    """
    return verify_results(place_of(results), repair=repair)


def clean(results: str | Path = RESULTS, *, remove: bool = False, damaged: bool = False) -> Cleaning:
    """Show, or remove, what no job asks for any more: stale trials, with their epochs, predictions, logs, checkpoints.

    Decisions, looks and kept states stay. Comparisons go on counting variants that were dropped, whose runs are gone.

    Args:
        results: a job's folder or a folder of jobs; a path or a URI.
        remove: remove it; False only finds it.
        damaged: also what `verify(repair=True)` has set aside in `damaged/`.

    Returns:
        What there is, or was: `.jobs`, `.bytes` and `.removed`. Printed, it is the output of `cnnjobs clean`.

    Raises:
        StoreError: if there are no results, or a submit is at work on a job of which something is to be removed.

    Example:
        >>> import cnnjobs
        >>> cnnjobs.clean("results/mnist").is_empty
        True
    """
    place = place_of(results)
    return clean_results(place, damaged=damaged) if remove else find_remains(place, damaged=damaged)


def _go_on(prepared: Prepared, rule: HalfWidth) -> str:
    """Return the call that runs what a half width still needs."""
    given: dict[str, Any] = {"half_width": 100 * rule.half_width, "most_repeats": rule.most, "repeats": rule.pilot}
    return f"cnnjobs.submit(job, {', '.join(f'{name}={value:g}' for name, value in given.items())})"
