"""The sources of chance: which of them a variant draws from."""

from collections.abc import Mapping
from typing import Any


def not_drawn(settings: Mapping[str, Any], *, folds: int | None, validation: float | str | None) -> dict[str, str]:
    """Return the sources that a variant certainly does not draw from, and why.

    Args:
        settings: of the variant, as `canonical` returns them and `job.json` keeps them; a setting that is not there,
            as in those of early versions, may draw.
        folds: k of k-fold cross-validation, or None.
        validation: as in `Job`.
    """
    why = {}
    if not folds and validation in ("test", None):
        why["split"] = "no rows are held out of the training rows"
    elif not folds and validation == "own":
        why["split"] = "the data set's own validation set is the same in every repeat"
    if settings.get("augment", "") is None:
        why["augment"] = "the variant has no augmentation"
    if not _may_drop(settings.get("model")):
        why["dropout"] = "its network has no dropout"
    return why


def _may_drop(model: Any) -> bool:
    """Say whether a network may draw at random while it trains; the user's own may."""
    rates = model.get("options", {}).get("dropout") if isinstance(model, Mapping) else None
    return any(rates) if isinstance(rates, list) else rates != 0
