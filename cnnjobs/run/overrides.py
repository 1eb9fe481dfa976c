"""What a call or a command changes of a job, checked in one place for Python and the command line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import flag, gpu_count, whole

MOST = {"repeats": 10_000, "epochs": 1_000_000, "limit_train": 1_000_000_000, "image_size": 10_000}
"""Whole numbers that change a job; more than that is a slip of the keyboard."""

PERCENTAGE = re.compile(r"[0-9]{1,5}(\.[0-9]{1,6})?%", re.ASCII)
"""How a share of each variant's epochs is written."""


@dataclass(frozen=True)
class Overrides:
    """What a call or a command changes of a job; None leaves it.

    Args:
        repeats: how often each variant is trained.
        epochs: of every variant; text such as "20%" is that share of each variant's own.
        only: names of the variants to run; empty for all.
        limit_train: number of training rows.
        dataset: another data set.
        image_size: side of encoded pictures, pixels.
        strict: a broken picture is an error.
        gpus_per_trial: GPUs a trial holds; from 2 on, the number of replicas as well.
    """

    repeats: int | None = None
    epochs: int | str | None = None
    only: tuple[str, ...] = ()
    limit_train: int | None = None
    dataset: str | None = None
    image_size: int | None = None
    strict: bool = False
    gpus_per_trial: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.epochs, str):
            object.__setattr__(self, "epochs", _percentage(self.epochs))
        for name, most in MOST.items():
            if getattr(self, name) is not None and not (name == "epochs" and isinstance(self.epochs, str)):
                object.__setattr__(self, name, whole(name, getattr(self, name), least=1, most=most))
        if not all(isinstance(name, str) for name in self.only):
            raise SpecError(f"`only` must be a name of a variant, or several. Received: only={self.only!r}.")
        flag("strict", self.strict)
        if self.gpus_per_trial is not None:
            object.__setattr__(self, "gpus_per_trial", gpu_count("gpus_per_trial", self.gpus_per_trial))

    def epochs_of(self, own: int) -> int:
        """Return the epochs of a variant whose own are `own`: a share is rounded, and at least one."""
        if self.epochs is None:
            return own
        if isinstance(self.epochs, int):
            return self.epochs
        return max(1, int(own * Fraction(self.epochs.rstrip("%")) / 100 + Fraction(1, 2)))


def _percentage(text: str) -> str:
    """Return epochs written as a percentage of each variant's own."""
    words = text.strip()
    if not PERCENTAGE.fullmatch(words) or not 0 < Fraction(words.rstrip("%")) <= 10_000:
        raise SpecError(
            "`epochs` must be a whole number of at least 1, or a percentage of the epochs that each variant has, "
            f"such as 20%. Received: {text!r}."
        )
    return words


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
    epochs: int | str | None,
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
