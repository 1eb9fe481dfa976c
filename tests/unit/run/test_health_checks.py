"""What `doctor` says of what it found: wrong or not, and with which remedy."""

import pytest
from support.fakes import fake_worker

from cnnjobs.engine.capacity import of_machine
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.process.machine import Machine
from cnnjobs.run import doctor
from cnnjobs.run.health_checks import LEAST_DISK, UNTRAINED_LOSS, of_disk, of_node, of_versions

HERE = {
    "python": "3.12.1",
    "ray": "2.60.0",
    "tensorflow": "2.21.0",
    "keras": "3.15.0",
    "numpy": "2.1.0",
    "cnnjobs": "0.1.0",
}
SOUND = {
    "host": "worker1",
    "address": "10.0.0.2",
    "device": "NVIDIA L4",
    "versions": HERE,
    "step_loss": UNTRAINED_LOSS,
    "step_seconds": 1.25,
    "gpus": 1,
    "ray_gpus": 1,
    "physical_gpus": 1,
    "tensorflow_gpus": 1,
    "free_disk_bytes": 5 * LEAST_DISK,
}


def node(**others):
    return SOUND | others


def named(name, **others):
    """The check of that name, of a node that differs from a sound one."""
    (found,) = (check for check in of_node(node(**others)) if check.name == f"node worker1 (10.0.0.2), {name}")
    return found


def test_on_a_sound_node_nothing_is_wrong():
    checks = of_node(SOUND)
    assert [check.name for check in checks] == [
        f"node worker1 (10.0.0.2), {what}" for what in ("one step", "GPUs", "disk", "clock")
    ]
    assert not any(check.is_wrong for check in checks)
    assert checks[0].said == "MirroredStrategy on 1 GPU (NVIDIA L4), loss 2.3026, 1.2 s"
    assert checks[1].said == "Ray counts 1, the machine has 1, TensorFlow sees 1 of the 1 that were free"
    assert checks[2].said == "temporary disk: 10.0 GiB free"
    assert checks[3].said == "agrees with ours"


def test_a_node_without_gpus_is_sound():
    none = {"gpus": 0, "ray_gpus": 0, "physical_gpus": 0, "tensorflow_gpus": 0}
    assert not any(check.is_wrong for check in of_node(node(**none)))
    assert named("GPUs", **none).said == "none"
    assert named("one step", **none).said.startswith("MirroredStrategy on CPU (")


def test_a_step_that_fails_is_told_with_its_message():
    check = named("one step", step_error="InternalError: no kernel image")
    assert check.is_wrong
    assert check.said == "InternalError: no kernel image"


@pytest.mark.parametrize("loss", [2.3, 0.0, float("nan"), float("inf")])
def test_a_device_that_computes_something_else_is_not_to_be_trusted(loss):
    check = named("one step", step_loss=loss)
    assert check.remedy == "The loss must be 2.3026: do not trust this device."


def test_a_gpu_that_tensorflow_does_not_see_asks_for_cuda():
    check = named("GPUs", tensorflow_gpus=0)
    assert check.said == "Ray counts 1, the machine has 1, TensorFlow sees 0 of the 1 that were free"
    assert "pip install 'tensorflow[and-cuda]'" in check.remedy
    assert "nvidia-smi" in check.remedy


def test_gpus_that_others_hold_are_not_missing():
    assert not named("GPUs", ray_gpus=4, physical_gpus=4, gpus=1, tensorflow_gpus=1).is_wrong


def test_gpus_that_ray_does_not_count_are_told():
    check = named("GPUs", ray_gpus=1, physical_gpus=4)
    assert check.remedy == "Start Ray there without --num-gpus, or with that number: it uses too few."


def test_pretended_gpus_are_told():
    check = named("GPUs", ray_gpus=4, physical_gpus=0, tensorflow_gpus=0)
    assert check.said.endswith("Ray was told of GPUs that are not there")
    assert check.remedy == "Start Ray there without --num-gpus."


@pytest.mark.parametrize(("free", "wrong"), [(LEAST_DISK, False), (LEAST_DISK - 1, True), (0, True)])
def test_a_disk_with_less_than_two_gib_is_too_full(free, wrong):
    remedy = "Make room: less than 2 GiB is too little." if wrong else ""
    assert named("disk", free_disk_bytes=free).remedy == remedy
    check = of_disk("results", free)
    assert (check.name, check.remedy) == ("results, disk", remedy)


def test_a_ray_whose_files_others_can_change_is_wrong():
    check = named("Ray's files", open_folder="/tmp/ray/session_1")
    assert "in /tmp/ray/session_1, where other users of that machine can change them" in check.said
    assert "RAY_TMPDIR" in check.remedy
    accepted = of_node(node(open_folder="/tmp/ray/session_1"), insecure=True)
    assert check.said in [one.said for one in accepted]
    assert not any(one.is_wrong for one in accepted)


@pytest.mark.parametrize(("skew", "wrong"), [(0.0, False), (4.9, False), (5.1, True)])
def test_a_clock_more_than_five_seconds_off_is_wrong(skew, wrong):
    assert named("clock", skew_s=skew).remedy == ("Synchronise its clock (chrony, ntp)." if wrong else "")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (
            "ModuleNotFoundError: No module named 'tensorflow'",
            "in the environment that `ray start` runs in: in a checkout",
        ),
        ("WorkerCrashedError: the worker died", "/ray/session_latest/logs"),
    ],
)
def test_of_a_node_that_cannot_be_looked_at_the_error_is_the_only_check(error, remedy):
    (check,) = of_node({"address": "10.0.0.2", "error": error})
    assert check.name == "node 10.0.0.2"
    assert check.said == f"could not be looked at: {error}"
    assert remedy in check.remedy


def test_equal_versions_are_listed_once():
    check = of_versions(HERE, [SOUND, SOUND], asking={})
    assert not check.is_wrong
    assert check.said == "python 3.12.1, ray 2.60.0, tensorflow 2.21.0, keras 3.15.0, numpy 2.1.0, cnnjobs 0.1.0"


def test_versions_that_differ_are_named_with_their_nodes():
    other = node(host="worker2", address="10.0.0.3", versions=HERE | {"keras": "3.14.0", "python": "3.11.7"})
    check = of_versions(HERE, [SOUND, other, {"address": "10.0.0.4", "error": "dead"}], asking=HERE)
    assert check.said.endswith(
        "cnnjobs 0.1.0 here, but python 3.11.7 on worker2 (10.0.0.3), keras 3.14.0 on worker2 (10.0.0.3)"
    )
    assert check.remedy == "Install the same versions everywhere: results depend on them."


def test_the_machine_that_asks_may_differ_and_is_told():
    check = of_versions(HERE, [SOUND], asking=HERE | {"tensorflow": "2.20.0"})
    assert not check.is_wrong
    assert check.said.endswith("cnnjobs 0.1.0; the machine that asks has tensorflow 2.20.0")


@pytest.fixture
def trial_on(monkeypatch):
    """Return a function that has `doctor` run its trial with a worker, on a machine of so many cores."""

    def run(worker, cpus=2):
        monkeypatch.setattr("cnnjobs.run.backends.open_worker", worker)
        return doctor._of_trial(InlineEngine(), of_machine(Machine(cpus, 0, 8 << 30)))

    return run


def test_a_trial_that_ends_is_told_with_its_time(trial_on):
    check = trial_on(fake_worker)
    assert not check.is_wrong
    assert check.name == "one trial"
    assert " s, with the start of its processes" in check.said


def test_a_trial_that_fails_is_wrong_with_its_error(trial_on):
    def broken(*_):
        raise ModuleNotFoundError("No module named 'torch'")

    check = trial_on(broken)
    assert check.is_wrong
    assert check.said == "failed: ModuleNotFoundError: No module named 'torch'"


def test_a_trial_for_which_there_is_no_room_is_wrong(trial_on):
    assert trial_on(fake_worker, cpus=0).is_wrong
