"""What a call or a command changes of a job, checked in one place for Python and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import flag, gpu_count, whole

MOST = {"repeats": 10_000, "epochs": 1_000_000, "limit_train": 1_000_000_000, "image_size": 10_000}
"""Whole numbers that change a job; more than that is a slip of the keyboard."""


@dataclass(frozen=True)
class Overrides:
    """What a call or a command changes of a job; None leaves it.

    Args:
        repeats: how often each variant is trained.
        epochs: of every variant.
        only: names of the variants to run; empty for all.
        limit_train: number of training rows.
        dataset: another data set.
        image_size: side of encoded pictures, pixels.
        strict: a broken picture is an error.
        gpus_per_trial: GPUs a trial holds; from 2 on, the number of replicas as well.
    """

    repeats: int | None = None
    epochs: int | None = None
    only: tuple[str, ...] = ()
    limit_train: int | None = None
    dataset: str | None = None
    image_size: int | None = None
    strict: bool = False
    gpus_per_trial: float | None = None

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole(name, getattr(self, name), least=1, most=most))
        if not all(isinstance(name, str) for name in self.only):
            raise SpecError(f"`only` must be a name of a variant, or several. Received: only={self.only!r}.")
        flag("strict", self.strict)
        if self.gpus_per_trial is not None:
            object.__setattr__(self, "gpus_per_trial", gpu_count("gpus_per_trial", self.gpus_per_trial))


def _several(only: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of variants; none were named where it is None."""
    if only is None or isinstance(only, str):
        return () if only is None else (only,)
    if not isinstance(only, list | tuple | set | frozenset) or not only:
        raise SpecError(
            f"`only` must be the name of a variant, or a list of such, or None for all. Received: only={only!r}."
        )
    return tuple(only)


def place_of(results: str | Path) -> str:
    """Return a results folder as text.

    Raises:
        SpecError: if it is neither text nor a path.
    """
    if not isinstance(results, str | Path):
        raise SpecError(f"`results` must be a path or a URI. Received: results={results!r}.")
    return str(results)


def overrides_of(
    repeats: int | None,
    epochs: int | None,
    only: str | Sequence[str] | None,
    limit_train: int | None,
    dataset: str | None,
    image_size: int | None,
    strict: bool,
    gpus_per_trial: float | None,
) -> Overrides:
    """Return what arguments of a call change of a job; one variant may stand for itself."""
    return Overrides(
        repeats=repeats,
        epochs=epochs,
        only=_several(only),
        limit_train=limit_train,
        dataset=dataset,
        image_size=image_size,
        strict=strict,
        gpus_per_trial=gpus_per_trial,
    )
