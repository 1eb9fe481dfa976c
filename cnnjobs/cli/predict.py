"""`cnnjobs predict MODEL IMAGE...`: label and probability of pictures."""

import csv
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cnnjobs.modelfile import About
    from cnnjobs.prediction import Answer


@click.command(short_help="Label and probability of pictures.")
@click.argument("model", metavar="MODEL")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@click.option("--top-k", type=click.IntRange(min=1), default=1, show_default=True, help="Name so many classes.")
@click.option("--annotate", metavar="DIR", help="Write the pictures there with label, probability, right or wrong.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def predict(model: str, images: Sequence[str], *, top_k: int, annotate: str | None, form: str) -> None:
    """Say what MODEL, a file of `cnnjobs fit`, sees in each IMAGE; a folder stands for the pictures in it.

    The truth, where it can be told, is the class that the picture's folder, or the beginning of its
    file's name, is called by. A picture that cannot be read is named, the others go on, and the exit
    code is 1.
    """
    from pathlib import Path

    from cnnjobs.annotation import annotate as write_annotated
    from cnnjobs.cli.doors import open_model
    from cnnjobs.cli.quiet import quietly
    from cnnjobs.errors import PicturesFailed
    from cnnjobs.modelfile import read_about
    from cnnjobs.prediction import answers, list_pictures

    about = read_about(model)
    paths = list_pictures(images)
    with quietly():  # TensorFlow prints while it is imported and first used
        network = open_model(model)
        found = list(answers(paths, about, network.predict, min(top_k, len(about.class_names))))
    for note in _notes(found, about):
        click.echo(f"note: {note}", err=True)
    click.echo({"text": _as_text, "json": _as_json, "csv": _as_csv}[form](found), nl=form != "csv")
    if annotate is not None:
        taken: set[str] = set()
        for answer in found:
            if answer.top:
                write_annotated(answer, Path(annotate), taken)
        click.echo(f"annotated: {len(taken)} pictures in {annotate}", err=True)
    broken = [answer for answer in found if answer.error]
    if broken:
        lines = "\n".join(f"{answer.path}: {answer.error}" for answer in broken)
        raise PicturesFailed(f"{lines}\n{len(broken)} of {len(found)} pictures could not be read.")


def _notes(found: "Sequence[Answer]", about: "About") -> list[str]:
    """Say which pictures were given other channels."""
    good = [answer for answer in found if answer.top]
    if about.image_shape[2] == 1:
        colored = sum(not answer.grey for answer in good)
        return (
            [f"{colored} of {len(found)} pictures are in colour; the model was trained on grey ones"] if colored else []
        )
    grey = sum(answer.grey for answer in good)
    return [f"{grey} of {len(found)} pictures are grey; the model was trained on coloured ones"] if grey else []


def _as_text(found: "Sequence[Answer]") -> str:
    """Return a line a picture, and how many are right where the truth is known."""
    width = max(len(answer.path) for answer in found)
    lines = []
    for answer in found:
        named = ", ".join(f"{name} {probability:.1%}" for name, probability in answer.top) or "not readable"
        outcome = {True: "  right", False: f"  wrong: {answer.truth}", None: ""}[answer.right]
        lines.append(f"{answer.path:{width}}  {named}{outcome}")
    known = [answer.right for answer in found if answer.right is not None]
    if len(known) > 1:
        lines.append(f"{sum(known)} of {len(known)} right ({sum(known) / len(known):.1%})")
    return "\n".join(lines)


def _as_json(found: "Sequence[Answer]") -> str:
    """Return an array with an object a picture."""
    rows = [
        {
            "path": answer.path,
            "label": answer.top[0][0] if answer.top else None,
            "probability": answer.top[0][1] if answer.top else None,
            "top": [{"label": name, "probability": probability} for name, probability in answer.top],
            "truth": answer.truth,
            "right": answer.right,
            "error": answer.error,
        }
        for answer in found
    ]
    return json.dumps(rows, indent=1)


def _as_csv(found: "Sequence[Answer]") -> str:
    """Return a row a picture; further classes in columns of their own."""
    most = max(1, *(len(answer.top) for answer in found))
    more = [f"{name}_{place}" for place in range(2, most + 1) for name in ("label", "probability")]
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(["path", "label", "probability", "truth", "right", "error", *more])
    for answer in found:
        cells = [cell for pair in answer.top for cell in pair]
        first = cells[:2] or ["", ""]
        writer.writerow([answer.path, *first, answer.truth, answer.right, answer.error, *cells[2:]])
    return sink.getvalue()
