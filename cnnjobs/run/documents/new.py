"""The document of `cnnjobs new --format json`."""

from typing import Any

from cnnjobs.run.new_job import NewJob
from cnnjobs.schema.output import document


def new_document(written: NewJob) -> dict[str, Any]:
    """Return which job file was written, and what was seen of its data."""
    facts = written.facts
    seen = None
    if facts is not None:
        seen = {
            "name": facts.name,
            "classes": facts.classes,
            "training_images": facts.rows,
            "validation_images": facts.validation,
            "has_test_set": facts.has_test_set,
            "image_size": list(facts.size),
        }
    fields = {
        "file": written.file,
        "job": written.job.name,
        "variants": list(written.job.variants),
        "example": written.example,
        "data": seen,
    }
    return document("new", fields)
