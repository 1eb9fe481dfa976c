"""What the cluster that this process is connected to has, and what its autoscaler may add."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray
import yaml

from cnnjobs.engine.capacity import Capacity, Kinds, awaited_machines, kinds_of, left_to_add, node_of

BOOTSTRAP = "~/ray_bootstrap_config.yaml"
"""Where `ray up` leaves its configuration on the head."""

HEAD = "node:__internal_head__"
"""A resource that Ray gives to the head."""


def capacity_now() -> Capacity:
    """Return the nodes that are there, and those that the autoscaler may add."""
    there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    nodes = tuple(node_of(resources) for resources in there)
    config = _bootstrap()
    kinds, most = _kinds(config)
    unknown = not kinds and "KUBERNETES_SERVICE_HOST" in os.environ
    kinds, most = left_to_add(kinds, most, [node_of(resources) for resources in there if HEAD not in resources])
    return Capacity(nodes, kinds, most, open_ended=unknown, awaited=awaited_machines(config, len(nodes)))


def _kinds(written: Mapping[str, Any]) -> tuple[Kinds, int | None]:
    """Return which nodes there may be, from what the autoscaler reports or from what `ray up` left here."""
    config = ray._private.state.state.get_cluster_config()
    groups = config.node_group_configs if config is not None else ()
    reported = tuple((node_of(dict(group.resources)), group.max_count) for group in groups if group.max_count > 0)
    return (reported, None) if reported else kinds_of(written)


def _bootstrap() -> Mapping[str, Any]:
    """Return the configuration that `ray up` left here; an empty one if there is none."""
    try:
        written = yaml.safe_load(Path(BOOTSTRAP).expanduser().read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return {}
    return written if isinstance(written, dict) else {}
