"""The report's section on stored predictions: variance of the finite test set, differences, churn, ensembles."""

import math
from collections.abc import Callable

from cnnjobs.comparison.metric_format import ends_text, metric_format, show
from cnnjobs.comparison.predictions import Findings
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.cells import p_cell
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.report.sections.calibration import calibration_section
from cnnjobs.report.sections.hardest import hardest_section
from cnnjobs.spec.metrics import TEST, column_of

METRIC = metric_format(column_of(TEST, "accuracy"))
"""What predictions of the test set speak of, whichever metric is compared."""

TITLE = "Predictions of the test images"

FOLDS = "Runs of a cross-validation train on other rows each: their spread cannot be taken apart here."

NONE = "No run has stored predictions that can be used: nothing can be said here of images, churn or ensembles."

HOW_TO_READ = (
    "The parts below go beyond the mean accuracy: how much of the spread is due to a finite test set, whether a "
    "difference would hold on new images, how often repeats disagree, and which images are hard."
)

READ_NOISE = (
    "If the observed SD is about as large as the floor SD, the repeats are equally good, and which of them is best is "
    "luck; choosing the best run then gains nothing on new images."
)

READ_DIFFERENCES = (
    "The first interval is for these test images; the second, usually wider, is for other images of the same kind. A "
    "difference whose second interval contains 0 may not hold on another test set."
)

READ_ENSEMBLES = (
    "A churn of 5% means that two repeats of one variant disagree on one image in twenty, although their accuracies "
    "may be the same. Disagreement with the reference at about that rate is what seeds alone cause; whether the "
    "accuracies differ is a matter for the verdict."
)

ABOUT_NOISE = (
    "Test accuracy, in points. Observed: SD over repeats. Floor: SD of independent errors on as many test images, "
    "expected even from equally accurate repeats. Distribution-wise: SD expected on an infinitely large test set "
    "(Jordan, arXiv 2304.01910); its variance estimate may be negative, which means not distinguishable from zero. "
    "Its interval is the chi-squared interval of the observed SD less the floor; the lower end is at least 0. "
    "Cochran's Q: p of the test of equal accuracy."
)

ABOUT_DIFFERENCES = (
    "Mean difference in test accuracy to the reference, in points, with the interval over new repeats on these test "
    "images (Student's t), and the one over new repeats and new images like these (normal, from the mean squares of "
    "repeats, images and residuals). If the second is the narrower one, it covers too little: the first is then shown "
    "twice, and the files keep the second as computed. If all pairs have the same difference, there is no first "
    "interval, and the second is over new images only. Neither is adjusted for the number of comparisons."
)

ABOUT_GROUPS = (
    "The test images are in {groups:,} groups, whose errors go together: floor, distribution-wise SD, Cochran's Q, "
    "McNemar's test and the interval over new images take groups for units, and new images for those of new groups "
    "(with Student's t instead of the normal)."
)

UNKNOWN_GROUPS = (
    "The groups of the test images are not known. Here they are taken for independent of each other: where several "
    "are of one group, these intervals and tests claim too much."
)

ABOUT_ENSEMBLES = (
    "Churn: the share of test images on which two repeats predict different classes, mean over all pairs of repeats "
    "(Milani Fard et al., Launch and Iterate: Reducing Prediction Churn, 2016). Ensemble: the class with the highest "
    "mean probability over the repeats. Its gain is over the mean accuracy of these single runs; it is one number of "
    "these runs together, without a spread, and it costs as many networks."
)

ABOUT_CHANGES = (
    "The last column is the share of images on which the variant and {reference} differ at the same repeat. A share "
    "at or below the churn may be due to seeds alone."
)

NOISE = ("variant", "repeats", "completed", "examples")
VARIANCES = (
    *("observed_variance", "floor_variance", "distribution_variance", "q", "p"),
    *("distribution_low", "distribution_high", "level", "distribution_why"),
)
"""Fractions squared; ends of the interval are of the variance, and below 0 where that is not resolved."""

TWO = ("variant", "pairs", "completed_pairs", "mean", "repeats_low", "repeats_high", "both_low", "both_high")
TWO_TESTS = ("mcnemar_statistic", "mcnemar_p")
ENSEMBLES = ("variant", "repeats", "completed", "mean_accuracy", "ensemble_accuracy", "gain", "churn")
AGAINST = ("pairs", "changed_from_reference")


def predictions_section(table: JobTable, findings: Findings) -> Section:
    """Return what stored predictions say beyond accuracy: spread, differences, ensembles, calibration, hard images.

    Args:
        table: the comparison.
        findings: what its stored predictions come to.
    """
    damaged = [file for files in findings.left_out.values() for file in files]
    if not any(tally.runs for tally in findings.variants.values()):
        return Section(TITLE, [Text(NONE)], (), damaged)
    parts = [calibration_section(table, findings), hardest_section(table, findings)]
    folds = [Text(FOLDS)] if table.job.protocol.folds else []
    if not folds:
        differences = [_differences(table, findings)] if table.comparisons and not table.ended_by_rule else []
        parts = [_noise(table, findings), *differences, _ensembles(table, findings), *parts]
    elements = [*folds, *([] if folds else _units(table, findings)), *_missing(findings)]
    return Section(TITLE, elements, parts, damaged, how_to_read=HOW_TO_READ)


def _units(table: JobTable, findings: Findings) -> list[Text]:
    """Say what is taken for independent, where groups of images are known."""
    if findings.groups is not None:
        return [Text(ABOUT_GROUPS.format(groups=findings.groups))]
    dataset = table.job.dataset
    return [Text(UNKNOWN_GROUPS, "note")] if dataset.groups is not None and dataset.test_groups is None else []


def _missing(findings: Findings) -> list[Text]:
    """Say of which variants not all runs are in here."""
    return [
        Text(f"{name}: {_of(findings.variants[name].runs, completed)} completed runs have usable predictions.", "note")
        for name, completed in findings.completed.items()
        if findings.variants[name].runs < completed
    ]


def _of(some: int, total: int) -> str:
    """Return "8 of 10", or "10" if that is all."""
    return str(some) if some == total else f"{some} of {total}"


def _noise(table: JobTable, findings: Findings) -> Section:
    whys = {name: _why_no_noise(findings, name) for name in findings.variants}
    shown = (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("repeats", lambda row: _of(row["repeats"], row["completed"]), "repeats"),
        DisplayColumn("images", lambda row: f"{row['examples']:,}", "examples"),
        DisplayColumn(
            "observed SD", lambda row: _sd(row["observed_variance"]) or whys[row["variant"]], "observed_variance"
        ),
        DisplayColumn("floor SD", lambda row: _sd(row["floor_variance"]), "floor_variance"),
        DisplayColumn("distribution-wise SD", lambda row: _sd(row["distribution_variance"]), "distribution_variance"),
        DisplayColumn(f"its {table.level} CI", _distribution_cell, "distribution_high"),
        DisplayColumn("p (Cochran's Q)", lambda row: _p(row, findings), "p"),
    )
    rows = [_noise_row(findings, row.name, table.design.confidence) for row in table.rows]
    report_table = ReportTable(
        "noise", "Spread of test accuracy over repeats, taken apart", (*NOISE, *VARIANCES), rows, shown
    )
    return Section("Spread over repeats", [report_table, Text(ABOUT_NOISE)], how_to_read=READ_NOISE)


def _noise_row(findings: Findings, name: str, confidence: float) -> Row:
    tally = findings.variants[name]
    row = dict(zip(NOISE, (name, tally.runs, findings.completed[name], tally.examples), strict=True))
    noise = tally.noise()
    if noise is None:
        return row | dict.fromkeys(VARIANCES)
    between = noise.distribution_interval(confidence)
    values = (noise.observed, noise.floor, noise.distribution, noise.q.statistic, noise.q.p)
    return row | dict(zip(VARIANCES, (*values, between.low, between.high, confidence, between.why), strict=True))


def _why_no_noise(findings: Findings, name: str) -> str:
    what = "images" if findings.variants[name].examples < 2 else "repeats"
    return f"fewer than 2 {what} with predictions"


def _p(row: Row, findings: Findings) -> str:
    noise = findings.variants[row["variant"]].noise()
    return "" if noise is None else noise.q.why or p_cell(noise.q.p)


def _sd(variance: float | None) -> str:
    """Return the SD, or the variance where it is negative; empty if there is none."""
    if variance is None:
        return ""
    return f"not resolved (variance {1e4 * variance:.4f})" if variance < 0 else show(METRIC, math.sqrt(variance))


def _distribution_cell(row: Row) -> str:
    """Return the interval of the distribution-wise SD, from 0 on where the variance is not resolved."""
    low, high = row["distribution_low"], row["distribution_high"]
    if low is None or high is None:
        return row["distribution_why"] or ""
    return f"[{show(METRIC, math.sqrt(max(0.0, low)))}, {show(METRIC, math.sqrt(high))}]"


def _differences(table: JobTable, findings: Findings) -> Section:
    def both(row: Row) -> str:
        return _wider(row) or (findings.pairs[row["variant"]].over_both().why if row["pairs"] else "")

    shown = (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("pairs", lambda row: _of(row["pairs"], row["completed_pairs"]), "pairs"),
        DisplayColumn("difference", _difference_cell, "mean"),
        DisplayColumn(
            f"{table.level} CI, new repeats",
            lambda row: _interval(row, "repeats") or _single(row, findings),
            "repeats_low",
        ),
        DisplayColumn("new repeats and images", both, "both_low"),
    )
    reference = next(row for row in table.rows if row.name == table.reference)
    rows = [_two_row(table, findings, row, reference) for row in table.rows if row.name != table.reference]
    title = f"Difference in test accuracy to {table.reference}, over new repeats and new images"
    report_table = ReportTable("new_examples", title, (*TWO, *TWO_TESTS), rows, shown)
    return Section(
        f"Differences to {table.reference} on new images",
        [report_table, Text(ABOUT_DIFFERENCES)],
        how_to_read=READ_DIFFERENCES,
    )


def _two_row(table: JobTable, findings: Findings, row: VariantRow, reference: VariantRow) -> Row:
    pair, completed = findings.pairs[row.name], len(row.completed.keys() & reference.completed.keys())
    start = {"variant": row.name, "pairs": pair.pairs, "completed_pairs": completed}
    if not pair.pairs:
        return dict.fromkeys((*TWO, *TWO_TESTS)) | start
    repeats, both, single = pair.over_repeats(table.alpha), pair.over_both(table.alpha), pair.single()
    values = (pair.mean, repeats.low, repeats.high, both.low, both.high, single.statistic, single.p)
    return start | dict(zip((*TWO[3:], *TWO_TESTS), values, strict=True))


def _difference_cell(row: Row) -> str:
    return show(METRIC, row["mean"], signed=True) if row["pairs"] else "no pairs with predictions"


def _single(row: Row, findings: Findings) -> str:
    """Return McNemar's test of a single pair of models; why there is no interval of more."""
    if row["pairs"] != 1:
        return "-" if row["pairs"] else ""
    test = findings.pairs[row["variant"]].single()
    return test.why if test.p is None else f"McNemar p {p_cell(test.p)} ({test.why})"


def _wider(row: Row) -> str:
    """Return the interval over new repeats and images, or that over new repeats where it is the wider."""
    both, repeats = _width(row, "both"), _width(row, "repeats")
    if both is not None and repeats is None:
        return f"{_interval(row, 'both')} (no spread over repeats)"
    if both is not None and repeats is not None and both < repeats:
        return f"{_interval(row, 'repeats')} (as over repeats)"
    return _interval(row, "both")


def _width(row: Row, which: str) -> float | None:
    """Return how wide an interval is; None where there is none."""
    low, high = row[f"{which}_low"], row[f"{which}_high"]
    return None if low is None or high is None else float(high - low)


def _interval(row: Row, which: str) -> str:
    low, high = row[f"{which}_low"], row[f"{which}_high"]
    return "" if low is None else ends_text(METRIC, low, high, signed=True)


def _ensembles(table: JobTable, findings: Findings) -> Section:
    shown = [
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("runs", lambda row: _of(row["repeats"], row["completed"]), "repeats"),
        DisplayColumn("mean of single runs, %", _accuracy("mean_accuracy"), "mean_accuracy"),
        DisplayColumn("ensemble, %", _accuracy("ensemble_accuracy"), "ensemble_accuracy"),
        DisplayColumn("gain, points", lambda row: show(METRIC, row["gain"], signed=True), "gain"),
        DisplayColumn("churn between repeats, %", _accuracy("churn"), "churn"),
    ]
    if table.comparisons:
        header = f"differs from {table.reference} at the same repeat, %"
        shown.append(DisplayColumn(header, _accuracy("changed_from_reference"), "changed_from_reference"))
    rows = [_ensemble_row(findings, row.name) for row in table.rows]
    report_table = ReportTable(
        "ensembles", "Churn between repeats, and their ensembles", (*ENSEMBLES, *AGAINST), rows, shown
    )
    changes = [Text(ABOUT_CHANGES.format(reference=table.reference))] if table.comparisons else []
    return Section("Churn and ensembles", [report_table, Text(ABOUT_ENSEMBLES), *changes], how_to_read=READ_ENSEMBLES)


def _ensemble_row(findings: Findings, name: str) -> Row:
    tally, pair = findings.variants[name], findings.pairs.get(name)
    row = dict.fromkeys((*ENSEMBLES, *AGAINST)) | dict(
        zip(ENSEMBLES[:3], (name, tally.runs, findings.completed[name]), strict=True)
    )
    if tally.runs:
        row["mean_accuracy"] = tally.accuracy
    if tally.runs > 1:
        together = tally.ensemble_accuracy
        row |= {"ensemble_accuracy": together, "gain": together - tally.accuracy, "churn": tally.churn}
    if pair is not None:
        row |= {"pairs": pair.pairs, "changed_from_reference": pair.changed if pair.pairs else None}
    return row


def _accuracy(column: str) -> Callable[[Row], str]:
    return lambda row: show(METRIC, row[column])
