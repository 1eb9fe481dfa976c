"""What there is to run trials on: this machine, or the nodes of a cluster and those that may still join it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnnjobs.machine import Machine


@dataclass(frozen=True)
class Node:
    """A machine that trials can run on.

    Args:
        cpus: cores.
        gpus: GPUs.
        free_bytes: memory for workers; None where that is not counted.
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
        is_cluster: whether it is a cluster that was there before this process.
    """

    nodes: tuple[Node, ...]
    kinds: tuple[tuple[Node, int], ...] = ()
    most_added: int | None = None
    open_ended: bool = False
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
    """Return a node from its resources as Ray counts them."""
    return Node(int(resources.get("CPU", 0)), int(resources.get("GPU", 0)))


def kinds_of(config: Mapping[str, Any]) -> tuple[tuple[tuple[Node, int], ...], int | None]:
    """Return which nodes the configuration of `ray up` lets the autoscaler add, and how many in all.

    Args:
        config: as `ray up` leaves it on the head, with the resources of each node type filled in.
    """
    types, head = config.get("available_node_types") or {}, config.get("head_node_type")
    most = config.get("max_workers")
    found = []
    for name, one in types.items():
        if name != head:
            count = one.get("max_workers", most)
            found.append((node_of(one.get("resources") or {}), int(count or 0)))
    return tuple(found), None if most is None else int(most)
