"""How many trials run at once is a pure function of the machine and the requested."""

import sys
from pathlib import Path

import pytest

from cnnjobs.engine.base import TrialResources
from cnnjobs.engine.capacity import Capacity, Node, awaited_machines, kinds_of, left_to_add, node_of, of_machine
from cnnjobs.engine.resources import ResourceRequest, allocate
from cnnjobs.errors import ResourceError
from cnnjobs.process.machine import (
    RAY_BYTES,
    WORKER_BYTES,
    Machine,
    gpu_memory_mib,
    missing_gpus,
    physical_gpus,
    this_machine,
)

GIB = 1 << 30
LAPTOP = Machine(cpus=8, gpus=0, free_bytes=32 * GIB)
SERVER = Machine(cpus=32, gpus=4, free_bytes=256 * GIB)


def division(machine, *, trials=100, replicas=1, data_bytes=0, **requested):
    capacity = machine if isinstance(machine, Capacity) else of_machine(machine)
    return allocate(capacity, ResourceRequest(**requested), trials=trials, replicas=replicas, data_bytes=data_bytes)


def test_cores_run_a_trial_each():
    assert division(LAPTOP) == (TrialResources(cpus=1, gpus=0, replicas=1), 8)


def test_no_more_at_once_than_there_are_trials():
    assert division(LAPTOP, trials=3)[1] == 3


def test_gpus_run_a_trial_each():
    assert division(SERVER) == (TrialResources(cpus=8, gpus=1, replicas=1), 4)


def test_replicas_get_a_gpu_each():
    assert division(SERVER, replicas=2) == (TrialResources(cpus=8, gpus=2, replicas=2), 2)


def test_a_fraction_packs_trials_on_a_gpu():
    assert division(SERVER, gpus_per_trial=0.25) == (TrialResources(cpus=2, gpus=0.25, replicas=1), 16)


def test_a_trial_with_a_gpu_has_its_share_of_the_cores():
    small = Machine(cpus=6, gpus=4, free_bytes=256 * GIB)
    assert division(small) == (TrialResources(cpus=1, gpus=1, replicas=1), 4)
    assert division(small, replicas=2) == (TrialResources(cpus=3, gpus=2, replicas=2), 2)
    assert division(small, gpus_per_trial=0.25) == (TrialResources(cpus=1, gpus=0.25, replicas=1), 6), (
        "cores bound it then"
    )
    assert division(SERVER, trials=1)[0].cpus == 8, (
        "so many whatever the number of trials: the same resources every time"
    )
    assert division(SERVER, cpus_per_trial=3)[0].cpus == 3


def test_what_the_job_asks_for_holds_where_there_are_gpus():
    assert division(SERVER, job_gpus=0.5)[0].gpus == 0.5
    assert division(SERVER, job_gpus=0)[0].gpus == 0
    assert division(SERVER, job_gpus=0.5, gpus_per_trial=1)[0].gpus == 1
    assert division(LAPTOP, job_gpus=0.5) == (TrialResources(cpus=1, gpus=0, replicas=1), 8), "the same job on a laptop"
    assert division(LAPTOP, job_gpus=4, replicas=4) == (TrialResources(cpus=1, gpus=0, replicas=4), 8)


def test_no_trial_is_spread_over_two_gpus():
    assert division(SERVER, gpus_per_trial=0.4)[1] == 8


def test_without_gpus_asked_for_cores_are_used():
    assert division(SERVER, gpus_per_trial=0) == (TrialResources(cpus=1, gpus=0, replicas=1), 32)


def test_wishes_bound_what_runs_at_once():
    assert division(LAPTOP, max_concurrent=2)[1] == 2
    assert division(LAPTOP, cpus_per_trial=3)[1] == 2


def test_memory_bounds_what_runs_at_once():
    assert division(Machine(8, 0, 3 * (WORKER_BYTES + GIB) + GIB + RAY_BYTES), data_bytes=GIB)[1] == 3
    assert division(Machine(8, 0, GIB // 2))[1] == 1, "one trial is always tried"


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        ({"gpus_per_trial": 5}, "`gpus_per_trial` must be at most 4, the GPUs of this machine. Received: 5."),
        ({"cpus_per_trial": 33}, "`cpus_per_trial` must be at most 32, the cores of this machine. Received: 33."),
        ({"gpus_per_trial": 2.5}, "must be a fraction of one GPU or a whole number of them. Received: 2.5."),
        ({"gpus_per_trial": float("nan")}, "must be a fraction of one GPU or a whole number of them. Received: nan."),
        ({"gpus_per_trial": 1, "replicas": 2}, "A trial of 2 replicas must have 2 GPUs. Received: gpus_per_trial=1."),
    ],
)
def test_more_than_there_is_is_refused(requested, message):
    with pytest.raises(ResourceError, match=message):
        division(SERVER, **requested)


GPU_NODE = Node(cpus=4, gpus=1)
HEAD = Node(cpus=0, gpus=0)
SCALING = Capacity(nodes=(HEAD,), kinds=((GPU_NODE, 8), (Node(96, 8), 2)), most_added=9)


def test_nodes_of_a_cluster_add_up_and_a_head_without_cores_counts_for_nothing():
    cluster = Capacity(nodes=(HEAD, Node(4, 0), Node(3, 0)))
    assert division(cluster) == (TrialResources(cpus=1, gpus=0, replicas=1), 7)
    assert division(cluster, cpus_per_trial=2)[1] == 3, "no trial is spread over two nodes"


def test_nodes_that_may_be_added_count_up_to_the_most():
    assert division(SCALING) == (TrialResources(cpus=4, gpus=1, replicas=1), 2 * 8 + 7)
    assert division(SCALING, replicas=4)[1] == 2 * 2, "four GPUs are of one node"
    assert division(SCALING, max_concurrent=3)[1] == 3


def test_memory_bounds_a_cluster_as_it_bounds_this_machine():
    three = 3 * (WORKER_BYTES + GIB) + GIB + RAY_BYTES
    joined = Capacity(nodes=(node_of({"CPU": 64.0, "memory": float(three), "object_store_memory": 9e9}),))
    assert division(joined, data_bytes=GIB)[1] == division(Machine(64, 0, three), data_bytes=GIB)[1] == 3
    two = Capacity(nodes=(Node(64, 0, three), Node(2, 0, 64 * GIB)))
    assert division(two, data_bytes=GIB)[1] == 3 + 2, "each node by what it has less of"
    tiny = Capacity(nodes=(Node(64, 0, GIB // 2),))
    assert division(tiny)[1] == 1, "one trial is always tried"
    assert division(Capacity(nodes=(node_of({"CPU": 64.0}),)))[1] == 64, "where Ray does not tell, cores alone count"


def test_memory_bounds_what_runs_on_nodes_that_may_be_added():
    kinds = ((Node(16, 0, 2 * (WORKER_BYTES + GIB) + GIB + RAY_BYTES), 3),)
    assert division(Capacity(nodes=(HEAD,), kinds=kinds), data_bytes=GIB)[1] == 3 * 2


def test_a_node_that_is_there_is_of_its_kind_whatever_its_memory():
    kinds = ((Node(4, 1, 10 * GIB), 8),)
    assert left_to_add(kinds, 8, [Node(4, 1, 9 * GIB), Node(4, 1, 11 * GIB)]) == (((Node(4, 1, 10 * GIB), 6),), 6)


def test_a_trial_that_no_node_can_ever_hold_is_refused():
    with pytest.raises(ResourceError, match="must be at most 8, the GPUs of the largest node of the cluster"):
        division(SCALING, replicas=16)
    with pytest.raises(ResourceError, match="No node of the cluster has 5 cores and 1 GPUs together"):
        division(Capacity(nodes=(GPU_NODE, Node(16, 0))), cpus_per_trial=5, gpus_per_trial=1)


def test_an_autoscaler_that_does_not_say_what_it_may_add_is_asked():
    capacity = Capacity(nodes=(HEAD,), open_ended=True)
    assert division(capacity, gpus_per_trial=1) == (TrialResources(cpus=1, gpus=1, replicas=1), 16)
    some = Capacity(nodes=(HEAD, GPU_NODE), open_ended=True)
    assert division(some)[1] == 16, "for more nodes than the one that is there"


def test_where_no_node_is_there_yet_and_nothing_says_whether_one_will_have_gpus_the_user_must():
    """As on Kubernetes before the first pod: trials that train on one core of a billed GPU node help nobody."""
    nothing = Capacity(nodes=(HEAD,), open_ended=True)
    with pytest.raises(ResourceError, match="Use `gpus_per_trial=1` for a GPU each"):
        division(nothing)
    assert division(nothing, gpus_per_trial=0)[0].gpus == 0
    assert division(nothing, job_gpus=0.5)[0].gpus == 0.5, "the job may say it as well"
    assert division(Capacity(nodes=(Node(4, 0),), open_ended=True))[0].gpus == 0, "as the nodes that are there"


def test_nodes_that_are_there_are_not_also_to_be_added():
    kinds = ((GPU_NODE, 8), (Node(96, 8), 2))
    assert left_to_add(kinds, 9, []) == (kinds, 9)
    assert left_to_add(kinds, 9, [GPU_NODE] * 3 + [Node(96, 8)]) == (((GPU_NODE, 5), (Node(96, 8), 1)), 5)
    assert left_to_add(kinds, None, [GPU_NODE] * 9) == (((GPU_NODE, 0), (Node(96, 8), 2)), None), "more than allowed"
    assert left_to_add(kinds, 2, [Node(1, 0)] * 3) == (kinds, 0), "of a kind that is not listed"
    for up in range(11):
        left, most = left_to_add(((GPU_NODE, 10),), 10, [GPU_NODE] * up)
        capacity = Capacity(nodes=(HEAD, *[GPU_NODE] * up), kinds=left, most_added=most)
        assert division(capacity) == (TrialResources(cpus=4, gpus=1, replicas=1), 10), "whatever is up"


def test_machines_of_ones_own_that_have_not_joined_are_counted():
    config = {"provider": {"type": "local", "head_ip": "10.0.0.1", "worker_ips": ["10.0.0.2", "10.0.0.3"]}}
    assert [awaited_machines(config, nodes) for nodes in (1, 2, 3, 4)] == [2, 1, 0, 0]
    assert awaited_machines({"provider": {"type": "aws"}}, 1) == 0
    assert awaited_machines({}, 1) == 0


def test_the_configuration_of_ray_up_says_what_may_be_added():
    config = {
        "max_workers": 6,
        "head_node_type": "head",
        "available_node_types": {
            "head": {"resources": {"CPU": 0}},
            "gpu": {"resources": {"CPU": 4, "GPU": 1, "memory": 1e10}, "max_workers": 5},
            "plain": {"resources": {"CPU": 2}},
        },
    }
    assert kinds_of(config) == (((Node(4, 1, 10_000_000_000), 5), (Node(2, 0), 6)), 6)
    assert kinds_of({}) == ((), None)


def test_the_machine_is_found_without_ray_or_tensorflow(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    found = this_machine()
    assert found.cpus >= 1
    assert found.gpus == 0
    assert found.free_bytes > 0


NVIDIA_SMI = """#!{python}
import sys
memory = {{"0": "15360, Disabled", "1": "40960, Enabled", "GPU-5f2a": "23028, [N/A]"}}
if sys.argv[1:] == ["-L"]:
    print("GPU 0: NVIDIA A10G (UUID: GPU-5f2a)")
    print("GPU 1: NVIDIA A100 (UUID: GPU-77)")
    print("  MIG 3g.20gb Device 0: (UUID: MIG-1)")
elif sys.argv[1:4] == ["--query-gpu=memory.total,mig.mode.current", "--format=csv,noheader,nounits", "-i"]:
    print(memory.get(sys.argv[4], "No devices were found"))
    sys.exit(0 if sys.argv[4] in memory else 6)
else:
    sys.exit(2)
"""


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """A machine of two GPUs, as far as NVIDIA's tool says."""
    if Path("/proc/driver/nvidia/gpus").is_dir():
        pytest.skip("this machine has GPUs of its own")
    tool = tmp_path / "nvidia-smi"
    tool.write_text(NVIDIA_SMI.format(python=sys.executable))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_gpus_are_counted_whichever_are_visible(nvidia_smi, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert physical_gpus() == 2
    assert this_machine().gpus == 1


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        ("0,1", 2), ("1", 1), (" 1 , 0", 2), ("GPU-5f2a", 1), ("GPU-5f", 1), ("MIG-1", 1), ("MIG-GPU-77/3/0", 1),
        ("", 0), ("-1", 0), ("NoDevFiles", 0), ("0,-1,1", 1), ("all", 0),
        ("2", 0), ("0,2", 1), ("2,0", 0), ("0,0", 0), ("GPU-9", 0), ("MIG-2", 0), ("MIG-GPU-9/3/0", 0),
    ],
)  # fmt: skip
def test_of_the_gpus_that_are_named_those_count_that_are_there(nvidia_smi, monkeypatch, chosen, count):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert this_machine().gpus == count


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("0,1", ""), ("1", ""), ("", ""), ("-1", ""), ("NoDevFiles", ""), ("0,-1,1", ""), (None, ""),
        ("0,7", "this machine has 2, and 1 of them is used"), ("7,0", "none of them is used"), ("all", "none of them"),
    ],
)  # fmt: skip
def test_gpus_that_are_named_and_not_there_are_told_in_a_sentence(nvidia_smi, monkeypatch, chosen, said):
    if chosen is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    sentence = missing_gpus()
    assert (said in sentence) if said else not sentence


@pytest.mark.parametrize("chosen", ["0", "0,1", "GPU-5f2a", "MIG-1", "NoDevFiles"])
def test_without_gpus_none_counts(monkeypatch, tmp_path, chosen):
    if Path("/proc/driver/nvidia/gpus").is_dir():
        pytest.skip("this machine has GPUs of its own")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert this_machine().gpus == 0


@pytest.mark.parametrize(
    ("device", "memory"),
    [("0", 15360), ("GPU-5f2a", 23028), ("1", None), ("MIG-1", None), ("MIG-GPU-77/1/0", None), ("7", None)],
)
def test_the_memory_of_a_gpu_is_known_but_not_that_of_a_part(nvidia_smi, device, memory):
    assert gpu_memory_mib(device) == memory


def test_without_nvidias_tool_no_memory_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_memory_mib("0") is None


@pytest.mark.parametrize(("devices", "counted"), [((), 3), ((1,), 1), ((0, 1, 2), 3)])
def test_a_container_has_the_gpus_whose_devices_are_in_it(monkeypatch, tmp_path, devices, counted):
    """The driver lists all GPUs of the machine also in containers that have one of them (CDI)."""
    for number in range(3):
        (tmp_path / "gpus" / f"0000:0{number}:00.0").mkdir(parents=True)
        (tmp_path / "gpus" / f"0000:0{number}:00.0" / "information").write_text(
            f"Model: A10G\nDevice Minor: \t {number}\n"
        )
    for number in devices:
        (tmp_path / f"nvidia{number}").touch()
    monkeypatch.setattr("cnnjobs.process.machine.PROC_GPUS", tmp_path / "gpus")
    monkeypatch.setattr("cnnjobs.process.machine.DEV", tmp_path)
    assert physical_gpus() == counted
