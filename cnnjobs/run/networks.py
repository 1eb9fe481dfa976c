"""The networks of a job's variants, each built once: their sizes and summaries."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnjobs.engine.quiet import quietly
from cnnjobs.run.backends import open_describer
from cnnjobs.sentences import clause
from cnnjobs.spec import Job

if TYPE_CHECKING:
    from cnnjobs.models.networks import NetworkFacts


@dataclass(frozen=True)
class Networks:
    """What there is to say of them.

    Args:
        facts: variant -> its network; variants of equal networks share one object.
        notes: why others cannot be built.
    """

    facts: "Mapping[str, NetworkFacts]"
    notes: tuple[str, ...] = ()

    def parameters(self) -> dict[str, int]:
        """Return variant -> its parameters."""
        return {name: facts.parameters for name, facts in self.facts.items()}

    def summaries(self, only: Collection[str] = ()) -> list[tuple[str, str]]:
        """Return each network once: the names of the variants that have it, and its layers.

        Args:
            only: names of the variants to consider; empty for all.
        """
        names: dict[int, list[str]] = {}
        for name, facts in self.facts.items():
            if not only or name in only:
                names.setdefault(id(facts), []).append(name)
        return [(", ".join(alike), self.facts[alike[0]].summary) for alike in names.values()]


def build_networks(job: Job, image_shape: tuple[int, int, int], classes: int) -> Networks:
    """Build each variant's network; one that cannot be built is told.

    Args:
        job: whose variants.
        image_shape: height, width, channels.
        classes: number of them.
    """
    facts: dict[str, NetworkFacts] = {}
    notes = []
    with quietly():  # TensorFlow prints while it is imported and first used
        describe = open_describer()
        for name, variant in job.variants.items():
            try:
                twin = next((other for other in facts if job.variants[other].network == variant.network), None)
                facts[name] = facts[twin] if twin is not None else describe(variant, image_shape, classes)
            except Exception as error:  # the user's function may raise anything
                notes.append(f"the network of {name!r} cannot be built: {type(error).__name__}: {clause(error)}")
    return Networks(facts, tuple(notes))
