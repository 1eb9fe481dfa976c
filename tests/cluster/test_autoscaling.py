"""Trials queue for nodes that do not exist yet: Ray's real autoscaler, with its provider of pretended machines."""

import json
import re
import subprocess
import sys
import time

import pytest
from support import ray_head

import cnnjobs

pytest.importorskip("aiohttp_cors", reason="the head of a cluster needs ray[default]")

GCS_PORT = 6379
"""The provider of pretended machines knows no other."""

HEAD_TYPE = "ray.head.default"
"""What that provider calls the head; under another name it would add heads and take them away again."""

CONFIG = {
    "cluster_name": "pretended",
    "max_workers": 4,
    "upscaling_speed": 1.0,
    "idle_timeout_minutes": 1,
    "provider": {"type": "fake_multinode"},
    "auth": {},
    "docker": {},
    "head_node_type": HEAD_TYPE,
    "available_node_types": {
        HEAD_TYPE: {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
        "gpu": {
            "resources": {"CPU": 1, "GPU": 1, "object_store_memory": 100_000_000},
            "node_config": {},
            "min_workers": 0,
            "max_workers": 4,
        },
    },
    "file_mounts": {},
    **{f"{when}setup_commands": [] for when in ("", "head_", "worker_")},
    **{f"{who}_start_ray_commands": [] for who in ("head", "worker")},
    **{name: [] for name in ("initialization_commands", "cluster_synced_files", "rsync_exclude", "rsync_filter")},
    "file_mounts_sync_continuously": False,
}

JOB = """
from cnnjobs import SGD, Job, Variant, vgg
base = Variant(model=vgg(blocks=1, filters=2, dense=4), optimizer=SGD(0.01), epochs=1, batch_size=64)
job = Job(name="elastic", dataset="digits", repeats=5, variants={"base": base})
"""

NODES = """
import ray
ray.init(address="auto", logging_level="critical")
print("GPUs of nodes:", [node["Resources"].get("GPU", 0) for node in ray.nodes() if node["Alive"]])
"""


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    """A head without cores that may add four nodes with a GPU each, as `ray up` leaves it."""
    if not ray_head.is_free(GCS_PORT):
        pytest.skip(f"port {GCS_PORT} is taken: the provider of pretended machines knows no other")
    room = tmp_path_factory.mktemp("elastic")
    (room / "config.json").write_text(json.dumps(CONFIG))
    words = (f"--autoscaling-config={room / 'config.json'}",)
    settings = {"AUTOSCALER_UPDATE_INTERVAL_S": "1", "RAY_FAKE_CLUSTER": "1", "RAY_enable_autoscaler_v2": "0"}
    with ray_head.running_head(room / "head", cpus=0, gcs_port=GCS_PORT, words=words, **settings) as head:
        (head.home / "ray_bootstrap_config.yaml").write_text(json.dumps(CONFIG))
        (head.home / "elastic.py").write_text(JOB)
        yield head


def on(head, *words):
    return ray_head.Laptop(head.home, head.environment).run("submit", "elastic.py", *words)


def test_a_trial_that_no_node_can_ever_hold_is_refused(head):
    said = on(head, "--gpus-per-trial", "2")
    assert said.returncode == 2, said.stdout
    assert "`--gpus-per-trial` must be at most 1, the GPUs of the largest node of the cluster" in said.stdout


def test_trials_wait_for_nodes_that_do_not_exist_yet_and_ask_for_no_more_than_run_at_once(head):
    said = on(head, "--max-concurrent", "2")
    assert said.returncode == 0, said.stdout
    assert "1 node, 0 cores, 0 GPUs now" in said.stdout
    assert "5 trials on digits, 1,438 training images; 2 at once, 1 GPU each" in said.stdout
    nodes = subprocess.run(
        [sys.executable, "-c", NODES], env=head.environment, capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"GPUs of nodes: (.*)", nodes)
    assert found is not None
    assert sorted(json.loads(found[1])) in ([0, 1.0], [0, 1.0, 1.0])


def test_gpus_that_are_only_pretended_are_none_in_the_trials_table(head):
    trials = cnnjobs.load_results(head.home / "results").trials
    assert trials.status.tolist() == ["completed"] * 5
    assert trials.gpus.tolist() == [0.0] * 5
    assert trials.gpu_seconds.tolist() == [0.0] * 5


def test_where_only_the_autoscaler_knows_a_trial_that_fits_nowhere_is_given_up_within_a_minute(tmp_path):
    """As on Kubernetes, where nothing on the head says which nodes may be added; over HTTP, where Ctrl-C is blocked."""
    settings = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "RAY_enable_autoscaler_v2": "1"}
    with ray_head.running_head(tmp_path / "head", cpus=1, **settings) as head:
        (head.home / "elastic.py").write_text(JOB)
        began = time.monotonic()
        said = on(head, "--gpus-per-trial", "2", "--address", head.address)
        assert said.returncode == 2, said.stdout
        assert "has no kind of node with 1 cores and 2 GPUs, which a trial asks for" in said.stdout
        assert time.monotonic() - began < 75, "a minute, and what it takes to start"
