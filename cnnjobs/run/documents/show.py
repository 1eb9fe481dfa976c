"""The document of `cnnjobs show --format json`."""

from typing import Any

import numpy as np

from cnnjobs.datasets.origin import Origin
from cnnjobs.datasets.overview import class_counts, part_facts
from cnnjobs.planning.identity import canonical
from cnnjobs.run.show import Looked, ShownData
from cnnjobs.schema.output import document
from cnnjobs.spec.transforms.words import written


def show_document(shown: ShownData) -> dict[str, Any]:
    """Return what there is to say of a data set, and where its pictures were drawn."""
    data, looked = shown.data, shown.looked
    counts = class_counts(data)
    fields = {
        "dataset": data.name,
        "fingerprint": data.fingerprint,
        "image_shape": data.image_shape,
        "parts": [
            {
                "part": one.part,
                "images": one.shape[0],
                "dtype": one.dtype,
                "least": one.least,
                "most": one.most,
                "groups": one.groups,
            }
            for one in part_facts(data)
        ],
        "classes": [
            {"label": label, "name": name, "images": {part: own[label] for part, own in counts.items()}}
            for label, name in enumerate(data.class_names)
        ],
        "sizes": None if looked is None else _sizes(looked.origin),
        "passed_over": {} if looked is None else looked.origin.passed_over,
        "duplicates": None if looked is None else _duplicates(looked),
        "augmentation": _augmentation(shown),
        "pictures": shown.pictures,
        "notes": shown.notes,
    }
    return document("show", fields)


def _sizes(origin: Origin) -> dict[str, Any] | None:
    """Return how large pictures are where they come from; None where all have the size that they are trained in."""
    if origin.sizes is None or not len(origin.sizes):
        return None
    heights, widths = origin.sizes[:, 0], origin.sizes[:, 1]
    return {
        "pictures": origin.count,
        "looked_at": len(origin.sizes),
        "different": len(np.unique(origin.sizes, axis=0)),
        "height": {"least": heights.min(), "most": heights.max()},
        "width": {"least": widths.min(), "most": widths.max()},
    }


def _duplicates(looked: Looked) -> dict[str, Any]:
    found = looked.duplicates
    counts: dict[str, dict[str, Any]] = {}
    for pair in found.pairs:
        count = counts.setdefault(pair.where, {"where": pair.where, "same": 0, "alike": 0})
        count["same" if pair.likeness is None else "alike"] += 1
    return {
        "looked_for_alike": found.near,
        "pairs": len(found.pairs),
        "where": list(counts.values()),
        "summary": found.summary(),
        "file": looked.file,
    }


def _augmentation(shown: ShownData) -> dict[str, Any] | None:
    if shown.variant is None:
        return None
    transforms = [{"written": written(one), "settings": canonical(one)} for one in shown.transforms]
    return {"variant": shown.variant, "transforms": transforms}
