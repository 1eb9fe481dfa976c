"""The names of classes, beside the numbers by which stored predictions count them."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from cnnjobs.store.stored_job import StoredJob

CLASSES = pa.schema([("job", pa.string()), ("label", pa.int32()), ("label_name", pa.string())])
"""A row a class of each job: its number in `predictions`, and its name."""

NAMED = {"label": "label_name", "predicted": "predicted_name"}
"""Columns of numbers of classes -> columns of their names, which are put beside them."""


def classes_of(job: StoredJob) -> pa.Table:
    """Return the classes of a job in the columns of `CLASSES`; the name is null where `job.json` has none."""
    count = job.dataset.classes
    names = job.dataset.class_names if len(job.dataset.class_names or ()) == count else [None] * count
    columns = {"job": [job.name] * count, "label": list(range(count)), "label_name": names}
    return pa.Table.from_pydict(columns, schema=CLASSES)


def with_names(job: StoredJob, predictions: pa.Table, known: Collection[str]) -> pa.Table:
    """Return predictions with the names of their classes.

    Args:
        job: as `job.json` keeps it.
        predictions: rows with trial_id and the columns of `NAMED`.
        known: ids of the trials on the data set that the job has now; the others have null for names.
    """
    names = classes_of(job)["label_name"].combine_chunks()
    is_known = pc.is_in(predictions["trial_id"], pa.array(known, pa.string()))
    for column, beside in NAMED.items():
        labels = pc.if_else(pc.and_(is_known, pc.less(predictions[column], len(names))), predictions[column], None)
        place = predictions.schema.get_field_index(column) + 1
        predictions = predictions.add_column(place, pa.field(beside, pa.string()), pc.take(names, labels))
    return predictions
