"""`cnnjobs predict MODEL IMAGE...`: label and probability of pictures."""

import csv
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cnnjobs.cli.options import not_empty

if TYPE_CHECKING:
    from pathlib import Path

    from cnnjobs.models.model_file import About
    from cnnjobs.models.predict import Answer


@click.command(short_help="Label and probability of pictures.")
@click.argument("model", metavar="MODEL")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@click.option("--top-k", type=click.IntRange(min=1), default=1, show_default=True, help="Name so many classes.")
@click.option(
    "--annotate",
    metavar="DIR",
    callback=not_empty,
    help="Write the pictures there with label, probability, right or wrong.",
)
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def predict(model: str, images: Sequence[str], *, top_k: int, annotate: str | None, form: str) -> None:
    """Say what MODEL, a file of `cnnjobs fit`, sees in each IMAGE; a folder stands for the pictures in it.

    The truth, where it can be told, is the class that the picture's folder, or the beginning of its
    file's name, is called by. A picture that cannot be read is named, the others go on, and the exit
    code is 1.
    """
    from pathlib import Path

    from cnnjobs.engine.quiet import quietly
    from cnnjobs.errors import PicturesFailed
    from cnnjobs.models.annotate import check_folder
    from cnnjobs.models.model_file import read_about
    from cnnjobs.models.predict import answers, expand
    from cnnjobs.run.backends import open_model

    about = read_about(model)
    if annotate is not None:
        check_folder(Path(annotate), images)
    pictures = expand(images)
    with quietly():  # TensorFlow prints while it is imported and first used
        network = open_model(model)
        found = list(answers(pictures, about, network.predict, min(top_k, len(about.class_names))))
    for note in _notes(found, about):
        click.echo(f"note: {note}", err=True)
    text = {"text": _as_text, "json": _as_json, "csv": _as_csv}[form](found)
    click.echo(text.encode("utf-8", "surrogateescape") if form == "csv" else text, nl=form != "csv")
    if annotate is not None:
        click.echo(f"annotated: {_annotate(found, Path(annotate))} pictures in {annotate}", err=True)
    broken = [answer for answer in found if answer.error]
    if broken:
        lines = "\n".join(f"{_shown(answer.path)}: {answer.error}" for answer in broken)
        raise PicturesFailed(f"{lines}\n{len(broken)} of {len(found)} pictures could not be read.")


def _annotate(found: "Sequence[Answer]", folder: "Path") -> int:
    """Write the pictures that could be read; return how many."""
    from cnnjobs.models.annotate import annotate

    taken: set[str] = set()
    for answer in found:
        if answer.top:
            annotate(answer, folder, taken)
    return len(taken)


def _notes(found: "Sequence[Answer]", about: "About") -> list[str]:
    """Say which pictures were given other channels."""
    from cnnjobs.models.predict import channel_note

    grey = about.image_shape[2] == 3
    other = sum(answer.grey == grey for answer in found if answer.top)
    return [channel_note(other, len(found), grey=grey)] if other else []


def _shown(path: str) -> str:
    """Return a path on one line."""
    return path if path.isprintable() else path.encode("unicode_escape").decode("ascii")


def _as_text(found: "Sequence[Answer]") -> str:
    """Return a line a picture, and how many are right where the truth is known."""
    width = max(len(_shown(answer.path)) for answer in found)
    lines = []
    for answer in found:
        named = ", ".join(f"{name} {probability:.1%}" for name, probability in answer.top) or "not readable"
        lines.append(f"{_shown(answer.path):{width}}  {named}  {answer.outcome}".rstrip())
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
