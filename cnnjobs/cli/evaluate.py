"""`cnnjobs evaluate MODEL`: how well a saved model classifies a data set."""

import json
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.options import not_empty

if TYPE_CHECKING:
    from cnnjobs.report.sections.class_tables import ClassTable


@click.command(short_help="Accuracy, loss and per-class report of a saved model.")
@click.argument("model", metavar="MODEL")
@click.option(
    "--dataset",
    metavar="NAME|PATH",
    callback=not_empty,
    help="A name, an .npz file, an image folder.  [default: what it was trained on]",
)
@click.option(
    "--part", type=click.Choice(["test", "train", "all"]), default="test", show_default=True, help="Which pictures."
)
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def evaluate(model: str, *, dataset: str | None, part: str, form: str) -> None:
    """Evaluate MODEL, a file of `cnnjobs fit`, on the test images of a data set.

    A folder without `test/` has some held out, a fifth unless the job says otherwise: always the same
    pictures as long as the folder does not change.
    """
    from pathlib import Path

    from cnnjobs.comparison.classification import classify, over_runs
    from cnnjobs.datasets import load_dataset
    from cnnjobs.engine.quiet import quietly
    from cnnjobs.errors import DatasetError, ModelError
    from cnnjobs.models.model_file import read_about
    from cnnjobs.models.predict import examples, held_out_note, like_training
    from cnnjobs.report.render.csv import csv_text
    from cnnjobs.report.sections.class_tables import ClassTable, class_grid
    from cnnjobs.run.backends import open_model
    from cnnjobs.run.progress import Waiting
    from cnnjobs.spec import dataset_spec
    from cnnjobs.training.metrics import all_metrics

    about = read_about(model)
    spec = like_training(None if dataset is None else dataset_spec(dataset, Path.cwd()), about)
    try:
        data = load_dataset(spec, Waiting())
    except DatasetError as error:
        if dataset is not None:
            raise
        raise ModelError(f"{error} {model} was trained on it; if it lies elsewhere, use --dataset PATH.") from error
    images, labels, notes = examples(data, part, about)
    changed = held_out_note(data, spec, about) if part != "train" else []
    for note in (*data.notes, *notes, *changed):
        click.echo(f"note: {note}", err=True)
    with quietly():  # TensorFlow prints while it is imported and first used
        probabilities = open_model(model).predict(images)
    metrics = all_metrics(probabilities, labels)
    found = classify(labels.astype("int64"), probabilities.argmax(axis=1), probabilities)
    table = ClassTable(data.name, Path(model).name, about.class_names, over_runs([found]))
    if form == "csv":
        grid = class_grid(table)
        lines = ([row[column] for column in grid.columns] for row in grid.rows)
        click.echo(csv_text(grid.columns, lines), nl=False)
    elif form == "json":
        click.echo(_as_json(table, metrics, data.name, part, len(labels)))
    else:
        _show(table, metrics, f"{Path(model).name} on {data.name}, {part}: {len(labels):,} pictures")


def _show(table: "ClassTable", metrics: dict[str, float], title: str) -> None:
    from cnnjobs.cli.tables import show_table
    from cnnjobs.report.sections.class_tables import class_grid
    from cnnjobs.spec.metrics import TOP

    shown = [f"accuracy {metrics['accuracy']:.2%}", f"loss {metrics['loss']:.4f}"]
    shown.append(f"mean squared error {metrics['mse']:.4g}")
    if len(table.classes) > TOP:
        shown.append(f"top-5 accuracy {metrics['top5_accuracy']:.2%}")
    click.echo("   ".join(shown) + "\n")
    grid = class_grid(table)
    show_table(title, grid.header, grid.cells)


def _as_json(table: "ClassTable", metrics: dict[str, float], data: str, part: str, pictures: int) -> str:
    """Return everything as one object; numbers that do not exist are null."""
    from cnnjobs.comparison.classification import AVERAGES, SCORES

    def scores(values: Any) -> dict[str, float | None]:
        return {name: None if value != value else value for name, value in zip(SCORES, values.tolist(), strict=True)}

    mean = table.runs.mean
    names = [*table.classes, *(f"{name} average" for name in AVERAGES)]
    document = {
        "dataset": data,
        "part": part,
        "pictures": pictures,
        **metrics,
        "classes": {name: scores(row) for name, row in zip(names, mean.scores, strict=True)},
        "confusion": mean.counts.astype(int).tolist(),
        "class_names": list(table.classes),
    }
    return json.dumps(document, indent=1)
