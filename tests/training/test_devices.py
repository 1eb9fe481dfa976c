"""What a process asks of TensorFlow for the GPUs it holds; no GPU is needed, a stand-in notes the calls."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.training_runs import in_fresh_process

from cnnjobs.errors import ResourceError
from cnnjobs.store.results import load_results


class Recorder:
    """Stands for `tf` where GPUs would be needed: as many as told, and a list of what was set."""

    def __init__(self, gpus):
        self.calls = []
        self.devices = {"GPU": [f"gpu {index}" for index in range(gpus)], "CPU": ["cpu"]}
        self.distribute = SimpleNamespace(MirroredStrategy=lambda names: names)
        self.config = SimpleNamespace(
            list_physical_devices=self.devices.get,
            threading=SimpleNamespace(
                set_intra_op_parallelism_threads=lambda _: None, set_inter_op_parallelism_threads=lambda _: None
            ),
            experimental=SimpleNamespace(
                enable_op_determinism=lambda: None,
                set_memory_growth=lambda gpu, on: self.calls.append((gpu, "grows")),
            ),
            LogicalDeviceConfiguration=lambda memory_limit=None: memory_limit,
            set_visible_devices=lambda devices, kind: self.calls.append((kind, devices)),
            set_logical_device_configuration=lambda device, parts: self.calls.append((device, parts)),
        )


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Make a strategy on a machine of so many GPUs, of which TensorFlow sees some; return devices and calls."""
    from cnnjobs.training import devices

    def make(gpus, replicas, *, seen, there, memory="15360", visible="0,1,2,3", mode="Default"):
        tool = tmp_path / "nvidia-smi"
        listed = "".join(f"GPU {index}: NVIDIA A10G\n" for index in range(there))
        tool.write_text(
            f"#!{sys.executable}\nimport sys\nprint({listed!r} if '-L' in sys.argv else "
            f"{mode!r} if 'compute_mode' in sys.argv[1] else "
            f"{memory!r} + ', Disabled' if sys.argv[-1] == {visible.split(',')[0]!r} else '', end='')\n"
        )
        tool.chmod(0o755)
        recorder = Recorder(seen)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
        monkeypatch.setattr(devices, "tf", recorder)
        return devices.make_strategy.__wrapped__(2, gpus, replicas), recorder.calls

    if Path("/proc/driver/nvidia/gpus").is_dir():
        pytest.skip("this machine has GPUs of its own")
    return make


def test_memory_of_a_whole_gpu_grows(made):
    assert made(1, 1, seen=1, there=4) == (["GPU:0"], [("GPU", ["gpu 0"]), ("gpu 0", "grows")])


def test_replicas_have_a_gpu_each_and_take_no_other(made):
    names, calls = made(2, 2, seen=4, there=4)
    assert names == ["GPU:0", "GPU:1"]
    assert calls == [("GPU", ["gpu 0", "gpu 1"]), ("gpu 0", "grows"), ("gpu 1", "grows")]


def test_a_fraction_sets_the_limit_it_should_and_nothing_grows(made):
    names, calls = made(0.25, 1, seen=1, there=4, visible="3")
    assert names == ["GPU:0"]
    assert calls == [("GPU", ["gpu 0"]), ("gpu 0", [15360 // 4 - 1536])]


def test_an_allocator_that_knows_no_limit_is_not_used_for_a_share(made, capsys, monkeypatch):
    monkeypatch.setenv("TF_GPU_ALLOCATOR", "cuda_malloc_async")
    _, calls = made(0.5, 1, seen=1, there=4)
    assert calls[-1] == ("gpu 0", [15360 // 2 - 1536])
    assert "TF_GPU_ALLOCATOR" not in os.environ
    assert "note: TF_GPU_ALLOCATOR=cuda_malloc_async has no effect" in capsys.readouterr().err


def test_a_whole_gpu_keeps_that_allocator(made, monkeypatch):
    monkeypatch.setenv("TF_GPU_ALLOCATOR", "cuda_malloc_async")
    made(1, 1, seen=1, there=4)
    assert os.environ["TF_GPU_ALLOCATOR"] == "cuda_malloc_async"


def test_a_gpu_that_takes_one_process_at_a_time_is_not_shared(made):
    """TensorFlow says of the second process that all CUDA-capable devices are busy or unavailable."""
    with pytest.raises(ResourceError, match=r"Received: 0\.5 of one whose compute mode is exclusive"):
        made(0.5, 1, seen=1, there=4, mode="Exclusive_Process")
    made(1, 1, seen=1, there=4, mode="Exclusive_Process")


def test_a_trial_that_outgrows_its_share_says_how_large_that_is(monkeypatch):
    from cnnjobs.training import devices

    recorder = Recorder(1)
    monkeypatch.setattr(devices, "tf", recorder)
    share = [SimpleNamespace(memory_limit=2304)]
    recorder.config.get_visible_devices = recorder.devices.get
    recorder.config.get_logical_device_configuration = lambda device: share
    text = "Graph execution error:\n\nOOM when allocating tensor with shape[8192,32,32,64] and type float on {} by x"
    on_gpu = ValueError(text.format("/job:localhost/replica:0/task:0/device:GPU:0"))
    told = str(devices.outgrown_share(on_gpu, 0.25))
    assert "2304 MiB at gpus_per_trial=0.25. Received: one that wants a tensor with shape[8192,32,32,64]" in told
    assert devices.outgrown_share(ValueError(text.format("/device:CPU:0")), 0.25) is None
    share[0].memory_limit = None
    assert devices.outgrown_share(on_gpu, 1) is None


@pytest.mark.parametrize(("memory", "visible"), [("15360", "MIG-1"), ("[N/A]", "0")])
def test_where_memory_is_not_known_it_grows_and_the_log_says_so(made, capsys, memory, visible):
    _, calls = made(0.5, 1, seen=1, there=1, memory=memory, visible=visible)
    assert calls[-1] == ("gpu 0", "grows")
    told = capsys.readouterr().err
    assert "note: The memory of the GPU is not known, so that a trial is not limited to 0.5 of it" in told


def test_a_trial_on_cores_sees_no_gpu_whatever_is_visible(made):
    assert made(0, 2, seen=4, there=4) == (["CPU:0", "CPU:1"], [("GPU", []), ("cpu", [None, None])])


@pytest.mark.parametrize(("seen", "there"), [(0, 4), (1, 4), (1, 0)])
def test_gpus_that_tensorflow_does_not_see_are_an_error_and_not_cores(made, seen, there):
    message = rf"Received: {seen} of 2, CUDA_VISIBLE_DEVICES=0,1 on a machine with {there}\. .*tensorflow\[and-cuda\]"
    with pytest.raises(ResourceError, match=message):
        made(2, 2, seen=seen, there=there, visible="0,1")


def test_cores_stand_in_for_gpus_that_are_pretended(made):
    assert made(2, 2, seen=0, there=0) == (["CPU:1", "CPU:2"], [("GPU", []), ("cpu", [None, None, None])])


@pytest.mark.parametrize("fraction", [0.5, 0.25, 0.125])
def test_the_processes_that_fill_a_gpu_fit_it(fraction):
    from cnnjobs.training.devices import RESERVED_MIB, memory_limit_mib

    for total in (15360, 23028, 40960, 81559):
        assert round(1 / fraction) * (memory_limit_mib(total, fraction) + RESERVED_MIB) <= total


def test_a_fraction_too_small_to_train_in_is_refused_with_one_that_is_not():
    from cnnjobs.training.devices import memory_limit_mib

    with pytest.raises(
        ResourceError, match=r"Received: 0.1 of 15360 MiB. Use `gpus_per_trial=0.12` \(--gpus-per-trial\) or more"
    ):
        memory_limit_mib(15360, 0.1)
    assert memory_limit_mib(15360, 0.12) >= 256


PRETENDED = """
import sys; sys.path.insert(0, {tests!r})
from support.fakes import Notes, write_job
from cnnjobs.run.backends import open_worker
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.engine.base import TrialResources
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job, store_at
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.lock import StoreLock
from cnnjobs.run.submission import Submission
asked = Overrides(gpus_per_trial=2, limit_train=200)
prepared = prepare(read_job(str(write_job(folder, repeats=2, variants='"one": base,')), asked), asked, lambda *_: None)
store = store_at(str(folder / "results"), prepared.job)
resources = TrialResources(cpus=1, gpus=2.0, replicas=prepared.job.replicas)
kept = Checkpoints(store.files.below("checkpoints"))
with StoreLock(store.files) as lock:
    submission = Submission(prepared, store, prepared.plan.trials, resources, 1, kept)
    notes = Notes()
    submission.run(InlineEngine(), open_worker, notes, lock)
import tensorflow as tf
print(json.dumps([[device.name for device in tf.config.list_logical_devices()], notes.lines]))
"""


def test_two_pretended_gpus_are_two_replicas_on_cores_and_counted_as_such(tmp_path, monkeypatch):
    from cnnjobs.process.machine import physical_gpus

    if physical_gpus():
        pytest.skip("this machine has GPUs of its own")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    tests = str(Path(__file__).parent.parent)
    devices, said = in_fresh_process(PRETENDED.format(tests=tests), tmp_path)
    assert devices == ["/device:CPU:0", "/device:CPU:1", "/device:CPU:2"], "the host, and one for each GPU"
    assert len([line for line in said if "has no GPU, though Ray was told of some" in line]) == 1, said
    trials = load_results(tmp_path / "results").trials.to_dict("records")
    assert len(trials) == 2
    trial = trials[0]
    assert (trial["status"], trial["cpus"], trial["gpus"], trial["replicas"]) == ("completed", 1, 0.0, 2)
    assert trial["gpu_seconds"] == 0
    assert trial["device"]
    assert "GPU" not in trial["device"]
