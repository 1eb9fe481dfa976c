"""Which reports of an autoscaler mean that a trial can never run; real messages of Ray, made by hand."""

import pytest

ASKED = {"CPU": 4.0, "GPU": 1.0}
SMALL, LARGE, OTHER = {"CPU": 8.0}, {"CPU": 8.0, "GPU": 1.0, "memory": 3e10}, {"CPU": 1.0}


def report(infeasible=(), gangs=(), nodes=(), status="RUNNING", pending=False, requested=False):
    from ray.core.generated import autoscaler_pb2 as messages

    made = messages.GetClusterStatusReply()
    for one in infeasible:
        made.autoscaling_state.infeasible_resource_requests.add(resources_bundle=one)
    for gang in gangs:
        made.autoscaling_state.infeasible_gang_resource_requests.add().requests.add(resources_bundle=gang)
    for node in nodes:
        value = getattr(messages.NodeStatus, status)
        made.cluster_resource_state.node_states.add(total_resources=node, status=value)
    if pending:
        made.autoscaling_state.pending_instances.add(ray_node_type_name="gpu")
    if requested:
        made.autoscaling_state.pending_instance_requests.add(ray_node_type_name="gpu", count=1)
    return made


@pytest.mark.parametrize(
    ("about", "never"),
    [
        ({}, False),
        ({"nodes": [SMALL]}, False),
        ({"infeasible": [ASKED], "nodes": [SMALL]}, True),
        ({"gangs": [ASKED], "nodes": [SMALL, OTHER]}, True),
        ({"gangs": [ASKED]}, True),
        ({"gangs": [OTHER], "nodes": [SMALL]}, False),  # of somebody else
        ({"gangs": [ASKED] * 6, "nodes": [SMALL, LARGE]}, False),  # the cluster is full: it may not grow further
        ({"gangs": [ASKED], "nodes": [LARGE], "status": "DEAD"}, True),
        ({"gangs": [ASKED], "nodes": [LARGE], "status": "DRAINING"}, False),
        ({"gangs": [ASKED], "nodes": [SMALL], "pending": True}, False),  # it may be one that holds a trial
        ({"gangs": [ASKED], "nodes": [SMALL], "requested": True}, False),
    ],
    ids=str,
)
def test_a_demand_can_never_be_met_where_no_node_holds_it_and_none_comes(about, never):
    from cnnjobs.engine.ray.demand import has_no_node

    assert has_no_node(report(**about), ASKED) is never
