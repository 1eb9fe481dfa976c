"""The document of `cnnjobs predict --format json`."""

from typing import Any

from cnnjobs.models.predict import Answer
from cnnjobs.run.predict import Answers
from cnnjobs.schema.output import document


def predict_document(found: Answers, annotated: str | None) -> dict[str, Any]:
    """Return what a model says of pictures.

    Args:
        found: what it says.
        annotated: folder into which they were drawn; None for none.
    """
    known = [answer.right for answer in found.answers if answer.right is not None]
    fields = {
        "pictures": [_picture(found, answer) for answer in found.answers],
        "known": len(known),
        "right": sum(known),
        "annotated": annotated,
    }
    return document("predict", fields)


def _picture(found: Answers, answer: Answer) -> dict[str, Any]:
    """Return one, with its most probable class beside the others."""
    top = [
        {"label": found.label_of(name), "label_name": name, "probability": probability}
        for name, probability in answer.top
    ]
    first = top[0] if top else dict.fromkeys(("label", "label_name", "probability"))
    about = {"top": top, "truth": answer.truth, "right": answer.right, "error": answer.error or None}
    return {"path": answer.path, **first, **about}
