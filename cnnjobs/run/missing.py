"""Which trials of a plan are to run, by what its store holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnnjobs.messages import FINISHED, Status
from cnnjobs.planning.trials import Plan, Trial
from cnnjobs.run.prepare import Prepared
from cnnjobs.spec.metrics import compared_column
from cnnjobs.store.store import Store
from cnnjobs.versions import DECISIVE


@dataclass(frozen=True)
class State:
    """What a store holds of a plan.

    Args:
        finished: ids of trials of the plan that need not run.
        failed: ids of trials of the plan whose last try failed.
        stale: stored trials that are of settings the job no longer has, by the variant's name then.
        damaged: files that cannot be read; their trials count as missing.
        rates: condition -> mean seconds per epoch of its completed trials.
        versions: name of what can change the bits of a result -> its versions in the finished trials.
    """

    finished: frozenset[str]
    failed: frozenset[str]
    stale: dict[str, int]
    damaged: tuple[str, ...]
    rates: dict[str, float] = field(default_factory=dict)
    versions: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def mixed_with(self, here: Mapping[str, str]) -> list[str]:
        """Say which versions runs that are stored have and those to come have not.

        Args:
            here: name -> version of what those to come are trained with.
        """
        return [
            f"Stored runs were made with {name} {', '.join(others)}, and those to come are made with {here[name]}, "
            "which may cause a difference. To have one version for all runs, submit into an empty results folder"
            for name, stored in self.versions.items()
            if (others := [one for one in stored if one != here.get(name, one)])
        ]


def state_of(store: Store, trials: Collection[Trial], conditions: Collection[str]) -> State:
    """Compare what is stored with what is planned."""
    names = {f"{name}_version": name for name in DECISIVE}
    columns = ["trial_id", "condition_id", "variant", "status", "seconds", "epochs_done", *names]
    stored = store.read("trials", columns=columns)
    planned = {trial.trial_id for trial in trials}
    rows = stored.table.to_pylist()
    stale: dict[str, int] = {}
    for row in rows:
        if row["condition_id"] not in conditions:
            stale[row["variant"]] = stale.get(row["variant"], 0) + 1
    finished = [row for row in rows if row["trial_id"] in planned and row["status"] in FINISHED]
    return State(
        finished=frozenset(row["trial_id"] for row in finished),
        failed=frozenset(r["trial_id"] for r in rows if r["trial_id"] in planned and r["status"] == Status.FAILED),
        stale=stale,
        damaged=stored.damaged,
        rates=_rates(rows),
        versions={
            name: tuple(sorted({row[column] for row in finished if row[column]})) for column, name in names.items()
        },
    )


def _rates(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return condition -> mean seconds per epoch of its completed trials."""
    by_condition: dict[str, list[float]] = {}
    for row in rows:
        if row["status"] == Status.COMPLETED and row["seconds"] and row["epochs_done"]:
            by_condition.setdefault(row["condition_id"], []).append(row["seconds"] / row["epochs_done"])
    return {condition: sum(rates) / len(rates) for condition, rates in by_condition.items()}


def accuracies(store: Store, plan: Plan) -> dict[str, list[float]]:
    """Return variant -> what its stored runs are compared on."""
    column = compared_column(plan.protocol.folds)
    rows = store.read("trials", columns=["condition_id", "status", column]).table.to_pylist()
    found: dict[str, list[float]] = {name: [] for name in plan.conditions}
    names = {condition: name for name, condition in plan.conditions.items()}
    for row in rows:
        if row["status"] == Status.COMPLETED and row["condition_id"] in names and row[column] is not None:
            found[names[row["condition_id"]]].append(row[column])
    return found


def missing_trials(prepared: Prepared, store: Store) -> tuple[list[Trial], State]:
    """Return the trials that are to run, those that take longest first, and what the store holds."""
    state = state_of(store, prepared.plan.trials, set(prepared.plan.conditions.values()))
    missing = prepared.plan.missing(state.finished, prepared.only, state.rates)
    if prepared.steer is None:
        return missing, state
    may_run = {trial.trial_id for trial in prepared.steer(prepared, store).trials}
    return [trial for trial in missing if trial.trial_id in may_run], state


def kept_epochs(trial: Trial, kept: Mapping[str, Sequence[int]]) -> int:
    """Return after which epoch of the shorter trials whose final state is kept a trial may go on; 0 for none."""
    return max((epochs for epochs in kept.get(trial.length_free_id, ()) if epochs <= trial.spec.epochs), default=0)


def continuations(trials: Collection[Trial], kept: Mapping[str, Sequence[int]]) -> list[str]:
    """Say which trials go on from what shorter ones ended with, and which start over though there is such a state.

    Args:
        trials: those that are to run.
        kept: length-free id -> epochs of the trials whose final state is kept.
    """
    fitting = {trial.trial_id: kept_epochs(trial, kept) for trial in trials}
    shorter = [trial for trial in trials if fitting[trial.trial_id] > 0]
    notes = []
    going_on = [trial for trial in shorter if not trial.spec.follows_length]
    if going_on:
        after = " or ".join(str(number) for number in sorted({fitting[trial.trial_id] for trial in going_on}))
        notes.append(
            f"{len(going_on)} of the trials continue from the end of shorter runs, after epoch {after}, if versions, "
            "device and cores are the same"
        )
    for name in dict.fromkeys(trial.variant for trial in shorter if trial.spec.follows_length):
        notes.append(
            f"{name!r} starts over: its learning rates, or a callback of yours, may depend on the number of epochs"
        )
    return notes
