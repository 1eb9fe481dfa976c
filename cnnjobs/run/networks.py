"""The networks of a job's variants, each looked at once, in a process of its own, before anything is trained."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from cnnjobs.datasets import Dataset
from cnnjobs.engine.child_process import Lost
from cnnjobs.engine.pickling import Packed, packed
from cnnjobs.errors import SpecError
from cnnjobs.models.network_facts import NetworkFacts, NetworkRequest, Pictures, Unusable, first_pictures
from cnnjobs.planning.trials import Trial
from cnnjobs.planning.user_modules import NO_MODULES, UserModules
from cnnjobs.process.machine import this_machine
from cnnjobs.run import backends
from cnnjobs.run.prepare import Prepared, ReadJob
from cnnjobs.spec import CustomOptimizer, Job, LossFunction, Model, Optimizer, OwnTransform, Variant
from cnnjobs.spec.functions import functions_in
from cnnjobs.wording.sentences import cause, clause
from cnnjobs.wording.terminal import echo
from cnnjobs.wording.terminal import note as tell_note
from cnnjobs.wording.times import duration

PICTURES = 8
"""How many pictures a network is looked at with."""

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Networks:
    """What there is to say of them.

    Args:
        facts: variant -> its network; variants of equal networks share one object.
        errors: variant -> why no trial can train its network.
        notes: what may be a mistake, or could not be looked at.
    """

    facts: Mapping[str, NetworkFacts]
    errors: Mapping[str, str]
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

    def refusals(self) -> list[str]:
        """Return a sentence for each network that no trial can train, with the variants that have it."""
        return [
            f"The network of {_named(names)} cannot be trained: {clause(why)}"
            for why, names in _by_text(self.errors.items())
        ]


NO_NETWORKS = Networks({}, {})


def look_at_networks(
    variants: Mapping[str, Variant],
    modules: Sequence[ModuleType],
    pictures: Pictures,
    class_names: Sequence[str],
    replicas: int,
    on_progress: OnProgress,
    *,
    sure: bool,
    timeout_s: float | None = None,
    user_modules: UserModules = NO_MODULES,
) -> Networks:
    """Look at the network of each variant, equal ones once.

    Args:
        variants: by name.
        modules: of the user's, that their functions refer to.
        pictures: some that they are trained on.
        class_names: in the order of the labels.
        replicas: how many devices train a trial.
        on_progress: is told how many networks were looked at.
        sure: whether what a network cannot do here, on cores, it cannot do in a trial.
        timeout_s: seconds that one may take; None for any.
        user_modules: what their functions import when they are called.
    """
    alike: dict[str, list[str]] = {}
    for name, variant in variants.items():
        first = next((one for one in alike if _same_network(variants[one], variant)), name)
        alike.setdefault(first, []).append(name)
    found: dict[str, Any] = {}
    requests: dict[str, Packed] = {}
    for name in alike:
        try:
            asked = NetworkRequest(_without_callbacks(variants[name]), len(class_names), replicas, pictures)
            requests[name] = packed(asked, modules, user_modules)
        except Exception as error:  # what cannot be pickled raises many kinds
            found[name] = Unusable(f"it cannot be sent to workers ({type(error).__name__}: {cause(error)})")
    on_progress("looking at networks", 0, len(alike))
    asked_for = list(requests)

    def tell(place: int, seconds: float) -> None:
        echo(f"the network of {asked_for[place]!r} is being built, for {duration(seconds)} now", err=True)

    answers = backends.look_at_networks([*requests.values()], tell, timeout_s=timeout_s)
    for done, (name, answer) in enumerate(zip(asked_for, answers, strict=True)):
        found[name] = Unusable(answer.why) if isinstance(answer, Lost) else answer
        on_progress("looking at networks", done + 1, len(requests))
    everything = {name: found[first] for first, names in alike.items() for name in names}
    return _told(everything, variants, class_names, sure=sure)


SEEN = ("network", "scaling", "precision", "xla", "loss", "tta", "finetune")
"""What of a variant decides what is seen of its network."""

SEEN_OF_OWN = ("optimizer", "clip_norm", "clip_value")
"""What else does so where the optimizer is made by a function of the user's."""


def _same_network(one: Variant, other: Variant) -> bool:
    """Say whether two variants would be looked at in the same way."""
    own = any(isinstance(variant.optimizer, CustomOptimizer) for variant in (one, other))
    names = (*SEEN, *(SEEN_OF_OWN if own else ()))
    return all(getattr(one, name) == getattr(other, name) for name in names) and _transforms(one) == _transforms(other)


def _transforms(variant: Variant) -> tuple[OwnTransform, ...]:
    """Return the transforms that are functions of the user's."""
    return tuple(one for one in variant.transforms if isinstance(one, OwnTransform))


def _without_callbacks(variant: Variant) -> Variant:
    return variant.but(callbacks=(), augment=_transforms(variant), schedule=None, watch=())


def _told(
    found: Mapping[str, Any], variants: Mapping[str, Variant], class_names: Sequence[str], *, sure: bool
) -> Networks:
    """Put what was found into words."""
    ordered = {name: found[name] for name in variants}
    facts = {name: one for name, one in ordered.items() if isinstance(one, NetworkFacts)}
    unusable = {name: one for name, one in ordered.items() if isinstance(one, Unusable)}
    errors = {name: one.why for name, one in unusable.items() if sure or not one.built}
    unsure = [(one.why, name) for name, one in unusable.items() if name not in errors]
    errors |= _compiled_twins(facts, variants)
    notes = [
        f"The network of {_named(names)} could not be checked on cores, so that trials may fail: {clause(why)}"
        for why, names in _by_text((name, why) for why, name in unsure)
    ]
    noted = [
        (name, note)
        for name, one in facts.items()
        for note in (*one.notes, *_compile_note(one, variants[name]), *_one_unit_note(one, class_names))
    ]
    notes += [f"The network of {_named(names)}: {note}" for note, names in _by_text(noted)]
    return Networks(facts, errors, (*notes, *_twin_notes(facts, variants, errors)))


def _by_text(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Return each text once, with the names that have it."""
    found: dict[str, list[str]] = {}
    for name, text in pairs:
        found.setdefault(text, []).append(name)
    return list(found.items())


def _named(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _compile_note(facts: NetworkFacts, variant: Variant) -> Iterator[str]:
    if facts.compiled:
        yield (
            f"it comes compiled with {facts.compiled}, which is not used: it trains with the variant's optimizer, "
            f"{_shown(variant.optimizer)}, and {_loss_text(variant)}"
        )


def _loss_text(variant: Variant) -> str:
    if isinstance(variant.loss, LossFunction):
        return f"its loss {variant.loss.function.__name__}()"
    return str(variant.loss or "cross-entropy")


def _shown(optimizer: Optimizer) -> str:
    if isinstance(optimizer, CustomOptimizer):
        options = ", ".join(f"{name}={value!r}" for name, value in optimizer.options.items())
        return f"{optimizer.function.__name__}({options})"
    return repr(optimizer)


def _one_unit_note(facts: NetworkFacts, class_names: Sequence[str]) -> Iterator[str]:
    if facts.one_unit:
        first, second = class_names
        yield f"its only unit is taken for {facts.one_unit} of the second class, {second!r} (the first is {first!r})"


def _twins(facts: Mapping[str, NetworkFacts], variants: Mapping[str, Variant]) -> Iterator[tuple[str, str]]:
    """Yield the variants that would be equal to the bit to an earlier one, with that one."""
    names = [name for name, one in facts.items() if one.digest]
    for place, name in enumerate(names):
        for other in names[:place]:
            plain = variants[name].but(model=variants[other].network)
            if facts[name].digest == facts[other].digest and plain == variants[other]:
                yield name, other
                break


def _compiled_twins(facts: Mapping[str, NetworkFacts], variants: Mapping[str, Variant]) -> dict[str, str]:
    """Return the variants that differ from another only in what they are compiled with, and why they are refused."""
    return {
        name: f"it differs from that of {other!r} only in what it is compiled with "
        f"({facts[name].compiled or 'nothing'}, not {facts[other].compiled or 'nothing'}), which is not used: all "
        "numbers would be equal to the bit. Give the variants their optimizers, Variant(optimizer=...), and leave "
        "compile() out"
        for name, other in _twins(facts, variants)
        if facts[name].compile_settings != facts[other].compile_settings
    }


def _twin_notes(
    facts: Mapping[str, NetworkFacts], variants: Mapping[str, Variant], refused: Collection[str]
) -> Iterator[str]:
    for name, other in _twins(facts, variants):
        if name not in refused:
            yield (
                f"The networks of {other!r} and {name!r} are the same after a step of training: all their numbers will "
                "be equal to the bit. Is an option of their function not used?"
            )


def look_before_plan(
    read: ReadJob, shape: tuple[tuple[int, int, int], int], dataset: Dataset | None, on_progress: OnProgress
) -> Networks:
    """Look at the networks of all variants.

    Args:
        read: the job.
        shape: of a picture (height, width, channels), and the number of classes.
        dataset: what they are trained on; None if it has to be downloaded first.
        on_progress: is told how many networks were looked at.
    """
    image_shape, classes = shape
    if dataset is None:
        random = np.random.default_rng(0).integers(0, 256, (PICTURES, *image_shape)).astype(np.uint8)
        pictures = Pictures(random, np.arange(PICTURES, dtype=np.int32) % classes)
        class_names: Sequence[str] = [str(label) for label in range(classes)]
    else:
        class_names = dataset.class_names
        pictures = first_pictures(dataset.x_train, dataset.y_train, PICTURES)
    job, sure = read.job, trains_on_cores(read.job)
    return look_at_networks(
        job.variants,
        read.file.modules,
        pictures,
        class_names,
        job.replicas,
        on_progress,
        sure=sure,
        user_modules=read.needs.modules,
    )


def _is_not_known(variant: Variant) -> bool:
    """Say whether a network may not fit its data or its variant: by functions, weights, or names of layers."""
    pretrained = isinstance(variant.network, Model) and variant.network.scales_itself
    return pretrained or variant.finetune is not None or any(True for _ in functions_in(_without_callbacks(variant)))


def check_networks(
    prepared: Prepared,
    trials: Collection[Trial],
    done: Collection[str],
    on_progress: OnProgress,
    *,
    sure: bool,
    timeout_s: float | None = None,
) -> None:
    """Refuse networks that no trial can train, once and before all repeats; say what may be a mistake.

    Only those with functions of the user's are looked at (network, loss, optimizer, transforms, views of tta),
    those that are fine-tuned, whose layers are named, and applications of Keras, which may have no such layers, or
    weights of another; not those that have been trained with the same settings before: other bundled ones are known.

    Args:
        prepared: the job.
        trials: those that are to run.
        done: ids of trials that are stored.
        on_progress: is told how many networks were looked at.
        sure: whether what a network cannot do here, on cores, it cannot do in a trial.
        timeout_s: seconds that one may take; None for any.

    Raises:
        SpecError: with all such networks, and how to run the others.
    """
    trained = {trial.condition_id for trial in prepared.plan.trials if trial.trial_id in done}
    fresh = {trial.variant for trial in trials if trial.condition_id not in trained}
    variants = {
        name: variant for name, variant in prepared.job.variants.items() if name in fresh and _is_not_known(variant)
    }
    if not variants:
        return
    data, replicas = prepared.dataset, prepared.job.replicas
    pictures = first_pictures(data.x_train, data.y_train, PICTURES)
    networks = look_at_networks(
        variants,
        prepared.file.modules,
        pictures,
        data.class_names,
        replicas,
        on_progress,
        sure=sure,
        timeout_s=timeout_s,
        user_modules=prepared.needs.modules,
    )
    for note in networks.notes:
        tell_note(note)
    if networks.errors:
        raise SpecError(_refusal(networks, {trial.variant: trial for trial in trials}))


def _refusal(networks: Networks, asked: Collection[str]) -> str:
    """Return what is wrong, a line for each network."""
    lines = "".join(f"\n  {_named(names)}: {clause(why)}" for why, names in _by_text(networks.errors.items()))
    others = [name for name in asked if name not in networks.errors]
    way_out = f"\nTo run only the others, use `only` with {_named(others)}." if others else ""
    return f"Networks that cannot be trained, so that nothing was run:{lines}{way_out}"


def trains_on_cores(job: Job) -> bool:
    """Say whether trials on this machine hold no GPU."""
    return job.gpus_per_trial == 0 or not this_machine().gpus
