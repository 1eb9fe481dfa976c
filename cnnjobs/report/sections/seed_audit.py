"""The report of a seed audit: SD of runs with one source of chance varying at a time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean

import numpy as np
import pyarrow as pa

from cnnjobs.comparison.metric_format import show
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.planning.audit_names import ALL, TWICE
from cnnjobs.planning.chance import not_drawn
from cnnjobs.report.cells import interval_cell
from cnnjobs.report.model import Chart, DisplayColumn, Element, ReportTable, Row, Section, Text
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.spec.job import SOURCES
from cnnjobs.spec.metrics import OF_TEST_ROWS
from cnnjobs.stats import Interval, sd_interval, sd_ratio_interval
from cnnjobs.store.reading import Stored
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import AuditMark, StoredJob

TITLE = "Sources of chance"

FEW = 5
"""Below so many repeats an SD is known up to a factor of three or worse."""

HOW_TO_READ = (
    "Each row is the spread when only that source of chance changes between repeats. The largest is the one that "
    "makes results differ most; the rows do not add up to the whole."
)


WORDS = {
    "split": "the choice of held-out rows",
    "init": "the initialisation",
    "order": "the order of the images",
    "augment": "the augmentation",
    "dropout": "the dropout",
}
"""The sources in words."""


def varying_sources(job: StoredJob) -> list[str]:
    """Return in words what differs between repeats: the sources that vary, and that some variant draws from.

    Args:
        job: as `job.json` keeps it.
    """
    rows = job.protocol
    idle = [
        not_drawn(variant.settings, folds=rows.folds, validation=rows.validation) for variant in job.variants.values()
    ]
    return [WORDS[source] for source in SOURCES if source in job.vary and not all(source in one for one in idle)]


NOT_ADDITIVE = (
    "These are not shares of a whole: their squares need not sum to the square of the SD of all sources, and holding "
    "one source fixed need not make the SD smaller. Training is so sensitive that a change of one bit at its start "
    "ends in another network (Summers and Dinneen, arXiv 2103.04514), so that one source alone, the initialisation for "
    "example, may give nearly the SD of all together (Jordan, arXiv 2304.01910). Bouthillier et al. (arXiv 2103.03098) "
    "audit benchmarks in this way, one source at a time."
)


COLUMNS = (
    *("source", "vary", "repeats", "mean", "sd", "sd_low", "sd_high", "level", "ratio", "ratio_low", "ratio_high"),
    *("min", "max", "why", "ratio_why"),
)


def sources_section(store: Store, table: JobTable) -> Section | None:
    """Return one SD a source with its interval; None for a job that is no audit.

    Args:
        store: the audit's, for the predictions of the runs with the same seeds.
        table: its runs.
    """
    audit = table.job.audit
    if audit is None:
        return None
    rows, predictions = source_rows(table), _read_twice(store, table)
    elements: list[Element] = [
        Text(_about(table, audit)),
        _report_table(table, rows),
        _chart(table, rows),
        Text(NOT_ADDITIVE, "note"),
        *_few(rows),
        *_twice(predictions, table),
    ]
    damaged = () if predictions is None else predictions.damaged
    return Section(TITLE, elements, damaged=damaged, how_to_read=HOW_TO_READ)


def source_rows(table: JobTable) -> list[Row]:
    """Return one row per source of chance, of an audit."""
    runs = {row.name: repeat_means(table, row) for row in table.rows}
    return [_row(table, row, runs[row.name], runs.get(ALL, [])) for row in table.rows]


def repeat_means(table: JobTable, row: VariantRow) -> list[float]:
    """Return the value of each repeat; with folds the mean over them, of repeats that have them all."""
    by_repeat: dict[int, list[float]] = defaultdict(list)
    for (repeat, _), value in sorted(row.values.items()):
        by_repeat[repeat].append(value)
    folds = table.job.protocol.folds or 1
    return [fmean(values) for values in by_repeat.values() if len(values) == folds]


def _row(table: JobTable, row: VariantRow, values: Sequence[float], whole: Sequence[float]) -> Row:
    varying, confidence = table.job.vary_of(row.name), table.design.confidence
    spread, other = _sd(values), _sd(whole)
    interval = sd_interval(values, confidence) if values else Interval.none("no run yet")
    between = _ratio_interval(row.name, values, whole, confidence)
    numbers = (
        *(row.name, ", ".join(varying), len(values), fmean(values) if values else None, spread),
        *(interval.low, interval.high, confidence),
        *(spread / other if spread is not None and other else None, between.low, between.high),
        *(min(values, default=None), max(values, default=None), interval.why, between.why),
    )
    return dict(zip(COLUMNS, numbers, strict=True))


def _ratio_interval(source: str, values: Sequence[float], whole: Sequence[float], confidence: float) -> Interval:
    """Return the interval of the ratio to the SD of all sources; none of that to itself, which is 1."""
    if source in (ALL, TWICE):
        return Interval.none("")
    if not (values and whole):
        return Interval.none("no run yet")
    return sd_ratio_interval(values, whole, confidence)


def _ratio_cell(row: Row) -> str:
    if row["ratio"] is None:
        return "-"
    ends = "" if row["ratio_low"] is None else f" [{row['ratio_low']:.2f}, {row['ratio_high']:.2f}]"
    return f"{row['ratio']:.2f}{ends}"


def _sd(values: Sequence[float]) -> float | None:
    """Return the SD with ddof=1; exactly 0 for values that are all equal, None below two."""
    if len(values) < 2:
        return None
    return float(np.std(values, ddof=1)) if max(values) > min(values) else 0.0


def _report_table(table: JobTable, rows: Sequence[Row]) -> ReportTable:
    def interval(row: Row) -> str:
        return interval_cell(table.metric, row["sd_low"], row["sd_high"], none=str(row["why"]))

    shown = (
        DisplayColumn("varies", lambda row: str(row["source"])),
        DisplayColumn("repeats", lambda row: str(row["repeats"]), "repeats"),
        DisplayColumn("SD", lambda row: show(table.metric, row["sd"]), "sd"),
        DisplayColumn(f"{table.level} CI of the SD", interval, "sd_low"),
        DisplayColumn("to SD of all", _ratio_cell, "ratio"),
        DisplayColumn("min", lambda row: show(table.metric, row["min"]), "min"),
        DisplayColumn("max", lambda row: show(table.metric, row["max"]), "max"),
    )
    notation = table.metric
    unit = f" ({notation.unit_of_difference})" if notation.unit_of_difference else ""
    return ReportTable("sources", f"SD of {notation.words}{unit} by what varies", COLUMNS, rows, shown)


def _chart(table: JobTable, rows: Sequence[Row]) -> Chart:
    drawn = ("source", "repeats", "sd", "sd_low", "sd_high")
    title = f"SD of {table.metric.words} when one source of chance varies at a time, with {table.level} intervals"
    from cnnjobs.report.figures.seed_audit import sd_plot

    return Chart(
        "sources",
        title,
        lambda: sd_plot(table.metric, table.level, rows, variant_styles(table.job.variants)),
        drawn,
        lambda: [[row[n] for n in drawn] for row in rows],
    )


def _about(table: JobTable, audit: AuditMark) -> str:
    of = "means over the folds of a repeat" if table.job.protocol.folds else "runs"
    said = (
        f"An audit of the variant '{audit.variant}' of the job {audit.job}: it is trained again and again while "
        "one source of chance varies and the others keep the seeds of the first repeat. SD: standard deviation over "
        f"the {of}, ddof=1, with its chi-squared interval, which supposes roughly normal values. Its ratio to the SD "
        f"of all sources has, from {FEW} repeats on, an interval that does not suppose that (Bonett, 2006): where it "
        "holds 1, that source alone is not told from all of them."
    )
    if table.metric.part in OF_TEST_ROWS:
        said += " Each SD holds the noise of a test set of this size as well."
    missing = [f"{WORDS[source]} ({why})" for source, why in audit.left_out.items()]
    return f"{said} Not audited: {'; '.join(missing)}." if missing else said


def _few(rows: Sequence[Row]) -> list[Text]:
    """Say where repeats are too few to know an SD."""
    few = [row for row in rows if row["source"] != TWICE and row["repeats"] < FEW]
    if not few:
        return []
    names = ", ".join(f"{row['source']} ({row['repeats']})" for row in few)
    return [
        Text(
            f"Fewer than {FEW} repeats: {names}. Such an SD is known up to a factor of three or worse, so that sources "
            "cannot be told apart by it.",
            "note",
        )
    ]


def _read_twice(store: Store, table: JobTable) -> Stored | None:
    """Return the predictions of the runs with the same seeds; None where there are no such runs."""
    row = next((row for row in table.rows if row.name == TWICE), None)
    return store.read("predictions", tuple(row.completed.values())) if row is not None and _twice_run(row) else None


def _twice(predictions: Stored | None, table: JobTable) -> list[Text]:
    """Say whether the same seeds gave the same network."""
    row = next((row for row in table.rows if row.name == TWICE), None)
    twice = _twice_run(row) if row is not None else []
    if predictions is None or not twice:
        return [Text("The same seeds have not been run twice yet: whether runs can be repeated is not known.", "note")]
    alike = _same_predictions(predictions.table)
    if alike is None:
        name = table.metric.words
        if all(len(set(values)) == 1 for values in twice):
            return [Text(f"The same seeds twice gave the same {name}, which may be chance: no predictions to compare.")]
        alike, what = False, f"another {name}"
    else:
        what = "the same predictions, to the bit" if alike else "other predictions"
    if alike:
        return [Text(f"The same seeds twice gave {what}: what differs in the rows above is due to their seeds.")]
    return [
        Text(
            f"The same seeds twice gave {what}: this device or library computes otherwise each time, and the rows "
            "above hold that as well.",
            "note",
        )
    ]


def _twice_run(row: VariantRow) -> list[list[float]]:
    """Return the values of each fold that has several."""
    folds: dict[int, list[float]] = defaultdict(list)
    for (_, fold), value in row.values.items():
        folds[fold].append(value)
    return [values for values in folds.values() if len(values) > 1]


def _same_predictions(table: pa.Table) -> bool | None:
    """Return whether runs of the same fold predict alike, to the bit; None without predictions of two runs."""
    runs: dict[int, list[bytes]] = defaultdict(list)
    for trial in dict.fromkeys(table["trial_id"].to_pylist()):
        own = table.filter(np.asarray(table["trial_id"].to_pylist()) == trial)
        values = own["probabilities"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        runs[own["fold"][0].as_py()].append(np.ascontiguousarray(values).tobytes())
    several = [own for own in runs.values() if len(own) > 1]
    return all(len(set(own)) == 1 for own in several) if several else None


def audits_text(job: StoredJob, others: Iterable[StoredJob]) -> Text | None:
    """Return which audits of a job are among others; None if there are none.

    Args:
        job: as `job.json` keeps it.
        others: jobs in the same results folder, as their `job.json` keeps them.
    """
    audits = [(other.audit, other.name) for other in others if other.audit is not None and other.audit.job == job.name]
    named = [f"'{audit.variant}' in {name}" for audit, name in audits]
    return Text(f"Sources of chance, one at a time: audit of {'; of '.join(named)}.") if named else None


def vary_text(job: StoredJob) -> Text | None:
    """Return which sources of chance vary between repeats and which are held; None where all vary, or in an audit.

    Args:
        job: as `job.json` keeps it.
    """
    if job.audit is not None:
        return None
    own = {name: job.vary_of(name) for name in job.variants}
    held = {name: [source for source in SOURCES if source not in vary] for name, vary in own.items()}
    if not any(held.values()):
        return None
    sentences = {name: _varying(own[name], held[name]) for name in own}
    first = next(iter(sentences.values()))
    if len(set(sentences.values())) == 1:
        said = f"Between repeats {first}."
    else:
        said = "Between repeats " + "; ".join(f"of {name} {one}" for name, one in sentences.items()) + "."
    return Text(f"{said} Spread, intervals and tests are of such repeats, not of training with other seeds.", "note")


def _varying(vary: Sequence[str], held: Sequence[str]) -> str:
    varying = " and ".join(filter(None, [", ".join(WORDS[one] for one in vary[:-1]), *(WORDS[o] for o in vary[-1:])]))
    kept = ", ".join(WORDS[source] for source in held)
    if not vary:
        return "nothing varies: every repeat has the seeds of the first"
    return (
        f"only {varying} var{'y' if len(vary) > 1 else 'ies'}; held as in the first repeat: {kept}"
        if held
        else ("all sources of chance vary")
    )
