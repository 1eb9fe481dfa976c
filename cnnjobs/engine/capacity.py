"""What there is to run trials on: this machine, or the nodes of a cluster and those that may still join it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cnnjobs.process.machine import Machine


@dataclass(frozen=True)
class Node:
    """A machine that trials can run on.

    Args:
        cpus: cores.
        gpus: GPUs.
        free_bytes: memory for Ray, workers and data; None where nothing tells.
    """

    cpus: int
    gpus: int
    free_bytes: int | None = None


@dataclass(frozen=True)
class Capacity:
    """Nodes that are there, and those that an autoscaler may add.

    Args:
        nodes: there now.
        kinds: a node of each kind that may be added, and how many of it.
        most_added: most nodes that may be added in all; None for as many as `kinds` say.
        open_ended: an autoscaler is at work that does not say which kinds it may add.
        awaited: machines that belong to the cluster and have not joined.
        is_cluster: whether it is a cluster that was there before this process.
    """

    nodes: tuple[Node, ...]
    kinds: tuple[tuple[Node, int], ...] = ()
    most_added: int | None = None
    open_ended: bool = False
    awaited: int = 0
    is_cluster: bool = True

    @property
    def shapes(self) -> tuple[Node, ...]:
        """Every node that there is or may be, one a kind."""
        return (*self.nodes, *(node for node, count in self.kinds if count > 0))

    @property
    def where(self) -> str:
        """Name the largest place of a trial, for messages."""
        return "the largest node of the cluster" if self.is_cluster else "this machine"


def of_machine(machine: Machine) -> Capacity:
    """Return what a machine has for a Ray of its own."""
    return Capacity((Node(machine.cpus, machine.gpus, machine.free_bytes),), is_cluster=False)


def node_of(resources: Mapping[str, float]) -> Node:
    """Return a node from its resources as Ray counts them.

    Its memory is what was free when Ray was started there, without what Ray keeps for its object store.
    """
    memory = resources.get("memory")
    free_bytes = None if memory is None else int(memory)
    return Node(int(resources.get("CPU", 0)), int(resources.get("GPU", 0)), free_bytes)


Kinds = tuple[tuple[Node, int], ...]
"""A node of each kind, and how many of it."""


def left_to_add(kinds: Kinds, most: int | None, workers: Iterable[Node]) -> tuple[Kinds, int | None]:
    """Return which nodes may be added beside those that are there.

    Args:
        kinds: a node of each kind, and how many of it there may be.
        most: how many there may be in all; None for as many as `kinds` say.
        workers: nodes that are there, without the head. Those of one kind have never quite the same memory.
    """
    there = Counter((node.cpus, node.gpus) for node in workers)
    left = None if most is None else max(0, most - there.total())
    return tuple((node, max(0, count - there[node.cpus, node.gpus])) for node, count in kinds), left


def awaited_machines(config: Mapping[str, Any], nodes: int) -> int:
    """Return how many machines that the configuration of `ray up` lists have not joined.

    Args:
        config: as `ray up` leaves it on the head.
        nodes: that are there.
    """
    provider = config.get("provider") or {}
    return max(0, 1 + len(provider.get("worker_ips") or []) - nodes) if provider.get("type") == "local" else 0


def kinds_of(config: Mapping[str, Any]) -> tuple[Kinds, int | None]:
    """Return which nodes the configuration of `ray up` lets the autoscaler add, and how many in all.

    Args:
        config: as `ray up` leaves it on the head, with the resources of each node type filled in.
    """
    types, head = config.get("available_node_types") or {}, config.get("head_node_type")
    most = config.get("max_workers")
    kinds = []
    for name, node_type in types.items():
        if name != head:
            count = node_type.get("max_workers", most)
            kinds.append((node_of(node_type.get("resources") or {}), int(count or 0)))
    return tuple(kinds), None if most is None else int(most)
