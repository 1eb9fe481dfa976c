"""The Python API of jobs: submit, gate, plan, status, verify and clean, as the commands of these names."""

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

    This function does the same as `cnnjobs submit`, and shows the same progress in a terminal, a notebook or a log. A
    job and its functions may be defined in notebook cells. Functions and everything they refer to are part of a trial's
    identity: repeating the same call runs nothing, and after an edit the affected trials run again.

    Args:
        job: a job, or the path of a job file.
        results: folder or URI of the results.
        repeats: number of repeats of each variant, at least 1; None for the job's own.
        epochs: number of epochs of each variant, at least 1; text such as "20%" for that percentage of each variant's
            own number, rounded; None for the job's own.
        only: name of a variant, or several names; None for all variants.
        limit_train: number of training images to keep; None for all.
        dataset: another data set: a name, an .npz file, a table or folder of pictures, Parquet files or TFRecords; None
            for the job's own.
        image_size: side of encoded pictures, in pixels.
        strict: whether an unreadable picture is an error.
        half_width: half width of the 95% interval of test accuracy, in percentage points. The job's repeats are the
            pilot, and Stein's two-stage rule adds the repeats that this half width needs.
        decide: repeat only until there is a verdict on each variant: True for better or worse, or the difference in
            percentage points of test accuracy within which a variant counts as equal. See `Decide`.
        most_repeats: largest number of repeats per variant; None for 20 with `decide` and 100 with `half_width`.
        audit: variant for a seed audit, which is a job of its own: one source of chance varies at a time.
        max_concurrent: largest number of concurrent trials; None for all that fit.
        cpus_per_trial: number of CPU cores per trial; None for the default allocation.
        gpus_per_trial: number of GPUs per trial, or a fraction of a GPU; None for the job's own.
        checkpoint_every: seconds between checkpoints of a trial; 0 for every epoch, None for checkpoints that take
            about 1% of the time.
        trial_timeout: seconds without progress after which a trial is stopped and counts as failed; its error says
            where it was. None for no limit: a message then names trials without progress.
        keep_going: whether all trials run even if the first ones (at least three, and one of each variant) all fail
            with the same error at the same place; otherwise no further trial starts then.
        log: experiment tracker or trackers to which trials are sent: "tensorboard", "mlflow" or "wandb"; None for the
            job's own, () for none.
        address: "local" for this machine alone, or host:port of a cluster of which this machine is a node; None for
            $RAY_ADDRESS, then a running local Ray, then this machine alone.
        insecure: whether a cluster without a token is accepted.
        verbose: whether the logs of Ray and of each trial are shown.
        watch: whether a page on the loopback interface of this machine shows the trials while they run; a message gives
            its address.

    Returns:
        The comparison: the data frames `.summary`, `.differences` and `.runs`, and `.report()`, which writes the
        report; in a notebook it is shown as tables and box plots. If trials failed, there is a warning, and the
        comparison is that of the others.

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
    """Decide whether one variant of a job is better than another, with as few repeats as possible.

    This function does the same as `cnnjobs gate`. Missing trials of both variants are trained, repeat by repeat, until
    there is an answer. At most 2.5% of such questions get a wrong yes, however often the runs are analysed, if
    differences are normally distributed. With a ledger, each proposal has its own significance level, so that at most
    5% of all accepted proposals are expected to be false.

    Args:
        job: a job, or the path of a job file.
        results: folder or URI of the results.
        candidate: name of the variant that is proposed.
        reference: name of the variant with which it is compared; None for the reference of the job.
        margin: difference in percentage points of test accuracy within which the two count as equal; with `no_worse`,
            the difference by which the candidate may be worse. None if they are never to count as equal.
        no_worse: whether it suffices that the candidate is not worse by the margin.
        most_repeats: largest number of repeats of each variant, 5 to 100; None for 20, or with a ledger for the number
            that gives the same power at the proposal's level.
        ledger: path of the ledger, which the first proposal creates; None for no ledger. A proposal is written to it
            before it is tested; repeating the same proposal continues it at its level.
        confirm: number of fresh repeats of an accepted candidate; None for 5 with a ledger and none without.
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
        The answer: `.accepted`, `.verdict` in one word, `.exit_code` of the command, `.judgement`, `.confirmation`.
        `print` shows the output of the command.

    Raises:
        UserError: for a mistake in the arguments or the job, before any trial starts; nothing is written.
        TrialsFailed: if there is no answer because trials failed.
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
    """Return the trials that `submit` would run, without starting any of them and without writing a file.

    Args:
        job: a job, or the path of a job file.
        results: folder or URI of the results.
        repeats: as for `submit`.
        epochs: as for `submit`.
        only: as for `submit`.
        limit_train: as for `submit`.
        dataset: as for `submit`.
        image_size: as for `submit`.
        strict: as for `submit`.
        audit: as for `submit`.
        decide: as for `submit`; the plan then states the margin that each number of repeats can reach.
        most_repeats: as for `submit`, with `decide`.
        sizes: whether the networks are built in a separate process, which adds their numbers of parameters, and notes
            on networks that cannot be trained or may be mistaken. Importing TensorFlow takes several seconds.

    Returns:
        The plan: the data frame `.table`, the trials that would run, `.missing`, and `.notes`. `print` shows the output
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
    """Return the status of the trials in results: completed, diverged, failed, running or missing.

    Args:
        results: folder of a job, or of several jobs; a path or a URI.

    Returns:
        The status: the data frame `.table`, and `.jobs` with the failures of each job. `print` shows the output of
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
    """Compare the content of every stored file with the digest that was written with it.

    Args:
        results: folder of a job, or of several jobs; a path or a URI.
        repair: whether damaged files are moved to the folder `damaged/` of the job, so that their trials are missing
            and the next submit runs them again. Nothing is deleted.

    Returns:
        The result: `.whole`, the data frame `.table`, and `.checks` with the damaged files and incomplete trials of
        each job. `print` shows the output of `cnnjobs verify`.

    Raises:
        StoreError: if there are no results, or if they are to be repaired while a submit is writing to them.

    Example:
        >>> import cnnjobs
        >>> cnnjobs.verify("results/mnist").whole
        True
    """
    return verify_results(place_of(results), repair=repair)


@arguments_named
def clean(results: str | Path = RESULTS, *, remove: bool = False, damaged: bool = False) -> Cleaning:
    """Find or remove trials that no job requests any more, with their epochs, predictions, logs and checkpoints.

    Decisions, records of earlier comparisons and the kept states of trials are not removed. Comparisons still count
    variants that were dropped, even though their runs are gone.

    Args:
        results: folder of a job, or of several jobs; a path or a URI.
        remove: whether they are removed; False only finds them.
        damaged: whether files that `verify(repair=True)` has moved to `damaged/` are included.

    Returns:
        The trials and files that were found or removed: `.jobs`, `.bytes` and `.removed`. `print` shows the output of
        `cnnjobs clean`.

    Raises:
        StoreError: if there are no results, or if a submit is writing to a job from which something is to be removed.

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
