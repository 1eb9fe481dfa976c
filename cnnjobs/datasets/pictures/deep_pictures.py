"""Pictures with more than 8 bits a channel: what is black and what is white in them, and what there is to say of it."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from cnnjobs.datasets.pictures.picture_pixels import Facts
from cnnjobs.datasets.pictures.pictures import Reading
from cnnjobs.datasets.pictures.value_ranges import FULL, Span, common_span, range_of
from cnnjobs.errors import DatasetError
from cnnjobs.spec.data import PicturesSpec

SURE = (FULL, (0, 255), (0, 1), (-1, 1))
"""Ranges in which white is what 255 is in pictures of 8 bits."""

NARROW = 1 / 8
"""Share of the way from black to white below which a note says that pictures have little contrast."""


def told_range(
    reading: Reading, training: Sequence[Facts], every: Sequence[Facts], name: str, spec: PicturesSpec
) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """Return the values of black and white of pictures with more than 8 bits, and what to say of it.

    Args:
        reading: as the job file says.
        training: what is known of the pictures to train on.
        every: of all pictures, from which it is told where training has none such.
        name: of the data set.
        spec: what the job file says, for advice.

    Returns:
        None where there are no such pictures, or the job file names the values.

    Raises:
        DatasetError: where it cannot be told.
    """
    facts = training if any(one.span is not None for one in training) else every
    span = common_span(one.span for one in facts if one.span is not None)
    if span is None or reading.value_range is not None:
        return None, ()
    chosen = range_of(span)
    _check_alike(every, name)
    if chosen not in SURE:
        _check_bytes(every, span, chosen, name, spec)
    return chosen, (
        f"{name}: {deep_text(facts)}: {range_text(chosen)}. If other values are meant, name them in the job file: "
        f"{type(spec).__name__}(..., value_range=({_exact(chosen[0])}, {_exact(chosen[1])}))",
    )


def deep_text(facts: Sequence[Facts]) -> str:
    """Return how many pictures have more than 8 bits, and which values.

    Args:
        facts: what is known of the pictures, of which there is such a one.
    """
    spans = [one.span for one in facts if one.span is not None]
    low, high = min(one.low for one in spans), max(one.high for one in spans)
    have = "picture has" if len(spans) == 1 else "pictures have"
    return f"{len(spans):,} {have} more than 8 bits per channel, with values from {_number(low)} to {_number(high)}"


def range_text(value_range: tuple[float, float]) -> str:
    """Return what is taken as black and white."""
    black, white = value_range
    return f"{_number(black)} is taken as black and {_number(white)} as white"


def _check_alike(facts: Sequence[Facts], name: str) -> None:
    """Refuse pictures with values up to 1 beside such with greater ones: one scale for both would make black of one."""
    spans = [one.span for one in facts if one.span is not None]
    units, high = sum(not one.whole and one.high <= 1 for one in spans), max(one.high for one in spans)
    if units and high > 2:
        raise DatasetError(
            f"{name}: pictures of floats must be on one scale. Received: {units:,} with values up to 1, others with "
            f"values up to {_number(high)}. Save all as they were before some of them were scaled."
        )


def _check_bytes(
    every: Sequence[Facts], span: Span, chosen: tuple[float, float], name: str, spec: PicturesSpec
) -> None:
    """Refuse grey pictures of 8 bits beside deep ones which do not reach what their format calls white."""
    deep = sum(one.grey and one.span is not None for one in every)
    shallow = sum(one.grey and one.bits == 8 for one in every)
    if not deep or not shallow:
        return
    ranged = replace(spec, value_range=chosen)
    are = "picture of 8 bits lies" if shallow == 1 else "pictures of 8 bits lie"
    raise DatasetError(
        f"{name}: grey pictures must be on one scale. Received: {shallow:,} {are} beside {deep:,} with more "
        f"bits, whose values go from {_number(span.low)} to {_number(span.high)}. If all are values of one sensor: "
        f"dataset={as_written(replace(ranged, one_scale=True))}. If 255 is white in those of 8 bits and "
        f"{_number(chosen[1])} in the others: dataset={as_written(ranged)}"
    )


def facts_notes(reading: Reading, facts: Sequence[Facts]) -> Iterator[str]:
    """Yield notes on what was made of pictures that are not plain.

    Args:
        reading: how they were read.
        facts: what is known of each.
    """
    pages, damaged = sum(one.pages for one in facts), sum(one.damaged_exif for one in facts)
    if pages:
        have, of = ("picture has", "") if pages == 1 else ("pictures have", " of each")
        yield f"{pages:,} {have} several frames or pages: the first{of} is used"
    if damaged:
        have, are = ("picture has", "is") if damaged == 1 else ("pictures have", "are")
        yield f"{damaged:,} {have} damaged EXIF data and {are} taken to be upright"
    yield from _range_notes(reading, facts)


def _range_notes(reading: Reading, facts: Sequence[Facts]) -> Iterator[str]:
    """Yield notes on pictures with more than 8 bits that do not fit what is black and white."""
    spans = [one.span for one in facts if one.span is not None]
    span = common_span(spans)
    if span is None:
        return
    black, white = reading.value_range or FULL
    slack = (white - black) * 1e-6
    outside = sum(one.low < black - slack or one.high > white + slack for one in spans)
    values = f"from {_number(span.low)} to {_number(span.high)}, and {_number(black)} is black, {_number(white)} white"
    if outside:
        yield (
            f"{outside:,} of {len(spans):,} pictures with more than 8 bits have values outside of "
            f"`value_range`, which were clipped: {values}"
        )
    if span.high - span.low < NARROW * (white - black):
        yield f"pictures with more than 8 bits have hardly any contrast: values {values}"


def as_written(spec: PicturesSpec) -> str:
    """Return a data set as a job file has it, without the options that have their default."""
    options = [
        f"{item.name}={_option(getattr(spec, item.name))}"
        for item in fields(spec)
        if item.name != "path" and getattr(spec, item.name) != item.default
    ]
    return f"{type(spec).__name__}({', '.join([repr(spec.path), *options])})"


def _option(value: object) -> str:
    if isinstance(value, tuple) and all(isinstance(one, int | float) for one in value):
        return f"({', '.join(map(_exact, value))})"
    return repr(value)


def _exact(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def _number(value: float) -> str:
    """Return a number as one reads it."""
    return f"{int(value):,}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.7g}"
