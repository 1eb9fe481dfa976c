"""The networks of a job's variants, each built once: their sizes and summaries."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cnnjobs.models.networks import NetworkFacts
    from cnnjobs.spec import Job


def build_networks(job: "Job", image_shape: tuple[int, int, int], classes: int) -> "dict[str, NetworkFacts]":
    """Return what there is to say of each variant's network; one that cannot be built is told.

    Variants of equal networks share one object.
    """
    from cnnjobs.engine.quiet import quietly
    from cnnjobs.run.backends import open_describer

    found: dict[str, NetworkFacts] = {}
    notes = []
    with quietly():  # TensorFlow prints while it is imported and first used
        describe = open_describer()
        for name, variant in job.variants.items():
            try:
                twin = next((one for one in found if job.variants[one].network == variant.network), None)
                found[name] = found[twin] if twin is not None else describe(variant, image_shape, classes)
            except Exception as error:  # the user's function may raise anything
                notes.append(f"note: the network of {name!r} cannot be built: {type(error).__name__}: {error}")
    for note in notes:
        click.echo(note, err=True)
    return found


def show_summaries(networks: "dict[str, NetworkFacts]", only: Collection[str] = ()) -> None:
    """Print each network once, under the names of the variants that have it; `only` restricts those."""
    shown: dict[int, list[str]] = {}
    for name, facts in networks.items():
        if not only or name in only:
            shown.setdefault(id(facts), []).append(name)
    for names in shown.values():
        click.echo("\n" + click.style(", ".join(names), bold=True))
        click.echo(networks[names[0]].summary)
