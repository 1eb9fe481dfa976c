"""Says whether an autoscaler that does not tell what it may add finds no kind of node for what trials ask for."""

from collections.abc import Mapping
from typing import Any

import ray
from ray.core.generated import autoscaler_pb2

from cnnjobs.engine.base import TrialResources


class Demand:
    """What trials ask for, as the autoscaler sees it.

    Args:
        address: host:port of the head.
        resources: what each trial asks for; demands of others are theirs.
    """

    def __init__(self, address: str, resources: TrialResources) -> None:
        asked = {"CPU": float(resources.cpus), "GPU": float(resources.gpus)}
        self._asked = {name: count for name, count in asked.items() if count}
        self._client = ray._raylet.GcsClient(address=address)

    def has_no_node(self) -> bool:
        """Say whether no node that is there or coming could hold a trial, and the autoscaler knows none to add."""
        try:
            status = autoscaler_pb2.GetClusterStatusReply.FromString(self._client.get_cluster_status(timeout_s=5))
        except Exception:  # a head that is gone is another watcher's business
            return False
        return has_no_node(status, self._asked)


def has_no_node(status: Any, asked: Mapping[str, float]) -> bool:
    """Say it of what the autoscaler reports.

    It calls infeasible also what does not fit because as many nodes as it may add are there: those hold trials.

    Args:
        status: a `GetClusterStatusReply`.
        asked: resource -> amount.
    """
    scaler, cluster = status.autoscaling_state, status.cluster_resource_state
    gangs = [request for gang in scaler.infeasible_gang_resource_requests for request in gang.requests]
    refused = any(dict(request.resources_bundle) == asked for request in (*gangs, *scaler.infeasible_resource_requests))
    if not refused or scaler.pending_instance_requests or scaler.pending_instances:
        return False
    return not any(
        all(node.total_resources.get(name, 0) >= count for name, count in asked.items())
        for node in cluster.node_states
        if node.status != autoscaler_pb2.NodeStatus.DEAD
    )
