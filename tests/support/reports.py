"""A report of made-up runs, with every kind of element, for tests of how reports are shown."""

from functools import partial

import numpy as np

from cnnjobs.comparison.all_pairs import all_pairs
from cnnjobs.comparison.table import job_table
from cnnjobs.report.figures import classes as class_plots
from cnnjobs.report.figures import comparison
from cnnjobs.report.figures.curves import learning_curves
from cnnjobs.report.figures.style import render
from cnnjobs.report.model import Chart, DisplayColumn, Document, Passage, ReportTable, Section, Terms, Text
from cnnjobs.report.render.csv import table_csv
from cnnjobs.report.render.latex import latex_table
from cnnjobs.report.render.parquet import table_parquet
from cnnjobs.report.sections.class_tables import ClassTable
from cnnjobs.report.sections.pairs import pairs_table
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.scoring.classification import classify, over_runs
from support.stores import CURVES, history, make_store, predictions

STYLE = variant_styles(["a"])["a"]
HOSTILE = "<script>alert(1)</script>"
LONG = "a_variant_with_a_name_of_more_than_sixty_characters_and_no_place_to_break_it"
QUOTES = "'\"><img src=x onerror=alert(1)> & `b`"
NAMES = ("baseline", HOSTILE, LONG, QUOTES)


def made_up_document(folder, names=NAMES, runs=6, most_classes=2):
    """A report of these variants, and its figures: name -> SVG; classes are those of the last variants."""
    random = np.random.default_rng(1)
    values = {name: (0.9 + 0.004 * place + random.normal(0, 0.004, runs)) for place, name in enumerate(names)}
    store = make_store(folder, {name: list(map(float, found)) for name, found in values.items()}, repeats=runs)
    table = job_table(store)
    sections = [
        _in_short(names),
        Section("Paired differences", [_chart("differences", comparison.difference_plot(table)), _differences(table)]),
        Section("Test accuracy", [_chart("box", comparison.box_plot(table)), _summary(table)]),
        Section("All pairs", [_pairs(table)]),
        Section("Learning curves", [_curves(name, place) for place, name in enumerate(names)]),
        Section(
            "Classes",
            [Text("Means ± SD over the runs.")],
            [_classes(name, n) for n, name in enumerate(names[-most_classes:])],
        ),
        Section("Made with", [_versions(), Text("Churn is more than the floor SD, twice the floor SD.")], folded=True),
        Section("Methods", [Passage("methods.txt", "To be pasted", f"{HOSTILE} was\n\ncompared")], folded=True),
        Section(
            "Terms", [Terms({"churn": "what `changes` between two runs", "floor SD": "the least SD"})], folded=True
        ),
    ]
    colors = {name: f"#00{place:02x}aa" for place, name in enumerate(names)}
    document = Document(f"regularization-grid {HOSTILE}", sections, colors)
    return document, {chart.name: render(chart.draw(), "svg") for chart in document.charts}


def files_of(document):
    """What lies beside the page of a document, and is in the page as well: place -> content."""
    files = {f"figures/{chart.name}.csv": b"x,y\n1,2.0\n" for chart in document.charts}
    files |= {f"text/{passage.file}": passage.text.encode() for passage in document.passages}
    for one in document.tables:
        made = {"csv": table_csv(one).encode(), "tex": latex_table(one).encode(), "parquet": table_parquet(one)}
        files |= {f"tables/{one.name}.{kind}": content for kind, content in made.items()}
    return files


def _in_short(names):
    return Section(
        "In short",
        [
            Text(f"`{names[1]}` is better than `{names[0]}`: +1.21 points, 95% CI [0.80, 1.62], p = 0.002.", "verdict"),
            Text(f"The two others are not resolved at 6 repeats: {', '.join(names[2:4])}.", "verdict"),
            Text("The runs were made with 2 values of device: CPU, Tesla T4. These may cause a difference.", "note"),
            Text("Data set digits: 1,437 training and 360 test images of 10 classes. 6 repeats; 20% held out."),
        ],
    )


def _chart(name, figure, title=None, **about):
    return Chart(name, title or f"{name} of every run", lambda: figure, ("x", "y"), lambda: [(1, 2.0)], **about)


def _pairs(table):
    return pairs_table(table, all_pairs(table))


def _differences(table):
    rows = [
        {"variant": row.name, "pairs": row.difference.n, "mean": row.difference.mean, "low": row.difference.low}
        for row in table.rows
        if row.difference is not None
    ]
    rows.append({"variant": "not run yet", "pairs": 0, "mean": None, "low": None})
    shown = (
        DisplayColumn("variant", lambda row: row["variant"]),
        DisplayColumn("pairs", lambda row: str(row["pairs"]), "pairs"),
        DisplayColumn(
            "mean difference", lambda row: "-" if row["mean"] is None else f"{100 * row['mean']:+.2f}", "mean"
        ),
        DisplayColumn("lower end", lambda row: "-" if row["low"] is None else f"[{100 * row['low']:+.2f}", "low"),
        DisplayColumn("verdict", lambda row: "no pairs yet" if row["mean"] is None else "not resolved"),
    )
    return ReportTable(
        "differences", "Paired differences to baseline", ("variant", "pairs", "mean", "low"), rows, shown
    )


def _summary(table):
    columns = ("variant", "n", "mean", "sd", "low", "high", "median", "minimum", "maximum")
    rows = [{"variant": row.name} | {name: getattr(row.summary, name) for name in columns[1:]} for row in table.rows]

    def percent(column):
        return DisplayColumn(f"{column} %", lambda row: f"{100 * row[column]:.2f}", column)

    shown = (
        DisplayColumn("variant", lambda row: row["variant"], "variant"),
        DisplayColumn("n", lambda row: f"{row['n']}/6", "n"),
        *map(percent, ("mean", "sd")),
        DisplayColumn("95% CI of the mean", lambda row: f"[{100 * row['low']:.2f}, {100 * row['high']:.2f}]", "low"),
        *map(percent, columns[6:]),
    )
    return ReportTable("summary", "Test accuracy of the weights that come out of training", columns, rows, shown)


def _curves(name, place):
    import pyarrow as pa

    parts = []
    for run in range(4):
        columns = history(20 * place + 5 * run, epochs=12)
        length = len(columns["epoch"])
        parts.append(pa.table(columns | {"trial_id": [f"t{place}-{run}"] * length}))
    figure = learning_curves("job", name, pa.concat_tables(parts), list(CURVES)[:2], STYLE)
    return _chart(f"curves-{place}", figure, f"Learning curves of {name}", variant=name)


def _classes(name, place, classes=6):
    found = [predictions(31 * place + run, classes, 360) for run in range(3)]
    runs = [classify(one.labels, one.probabilities.argmax(axis=1), one.probabilities) for one in found]
    labels = (*(f"class {label}" for label in range(classes - 1)), HOSTILE)
    table = ClassTable("job", name, labels, over_runs(runs))
    rows = [
        {"class": label, "images": images, "precision": scores[0], "recall": scores[1]}
        for label, images, scores in zip(labels, table.runs.mean.support, table.runs.mean.scores, strict=False)
    ]
    shown = (
        DisplayColumn("class", lambda row: row["class"]),
        DisplayColumn("test images", lambda row: f"{row['images']:,.0f}", "images"),
        DisplayColumn("precision", lambda row: f"{row['precision']:.4f} ± 0.0100", "precision"),
        DisplayColumn("recall", lambda row: f"{row['recall']:.4f} ± 0.0100", "recall"),
    )
    draw = {
        "confusion-counts": class_plots.counts_plot,
        "confusion-shares": class_plots.shares_plot,
        "roc": partial(class_plots.roc_plot, style=STYLE),
    }
    charts = [_chart(f"{kind}-{place}", make(table), f"{kind} of {name}") for kind, make in draw.items()]
    report_table = ReportTable(
        f"classes-{place}", f"Classes of {name}", ("class", "images", "precision", "recall"), rows, shown
    )
    return Section(name, [Text("Over 3 runs:"), report_table, *charts], variant=name)


def _versions():
    rows = [{"what": what, "value": value} for what, value in (("tensorflow", "2.20.0"), ("device", "CPU, Tesla T4"))]
    shown = (DisplayColumn("what", lambda row: row["what"]), DisplayColumn("value", lambda row: row["value"]))
    return ReportTable("provenance", "Versions and hardware of the runs", ("what", "value"), rows, shown)
