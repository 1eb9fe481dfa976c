"""The devices of a worker process: set once, before TensorFlow first uses them."""

import functools
import math
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

from cnnjobs.errors import ResourceError
from cnnjobs.planning.identity import NUMERICS_VERSION
from cnnjobs.process.machine import gpu_is_exclusive, gpu_memory_mib, physical_gpus
from cnnjobs.versions import installed_versions

RESERVED_MIB = 1536
"""GPU memory a process takes beside what `memory_limit` bounds: CUDA's context, kernels of cuDNN and cuBLAS.

What TensorFlow itself leaves free for these on a GPU of compute capability 8 (`MinSystemMemory` in its
gpu_device.cc: 1050 for 7, 1800 for 9), where no limit is set. Every process on a GPU has a context of its own.
"""

DATA_SHARE = 4
"""A data set lies on a GPU if it fits into one part of so many of the memory that a trial has there."""

ON_GPU_MB = "CNNJOBS_ON_GPU_MB"
"""Variable with the most megabytes of images that a trial has on each of its GPUs."""

PRETENDED_MIB = 2048
"""Memory of a GPU that is only pretended: of the host's, which the data set then takes twice."""

LEAST_MIB = 256
"""Less than that is no memory to train in."""


@functools.cache  # TensorFlow takes these settings once per process
def make_strategy(cpus: int, gpus: float, replicas: int) -> tf.distribute.Strategy:
    """Return the MirroredStrategy over this process's devices.

    GPUs are the first of those the engine has made visible; of a fraction, memory is limited to match. Without
    GPUs none is seen, and `replicas` logical CPU devices are made. Where GPUs are only pretended, a logical CPU device
    stands for each, beside the one that stands for the host: what goes to a GPU then goes to these.
    Operations are made deterministic. To be called before TensorFlow is used; calling it again with
    the same arguments gives the same strategy.

    Args:
        cpus: threads an operation may use.
        gpus: GPUs this process holds, or the fraction of one; 0 for none, whatever is visible.
        replicas: devices that train together.

    Raises:
        ResourceError: if TensorFlow does not see the GPUs, or the fraction is too small to train in.
    """
    tf.config.threading.set_intra_op_parallelism_threads(max(cpus, 1))
    tf.config.threading.set_inter_op_parallelism_threads(max(cpus, 1))
    tf.config.experimental.enable_op_determinism()
    if _take_gpus(gpus):
        return tf.distribute.MirroredStrategy([f"GPU:{index}" for index in range(replicas)])
    first = 1 if gpus else 0
    cpu = tf.config.list_physical_devices("CPU")[0]
    logical = [tf.config.LogicalDeviceConfiguration() for _ in range(first + replicas)]
    tf.config.set_logical_device_configuration(cpu, logical)
    return tf.distribute.MirroredStrategy([f"CPU:{first + index}" for index in range(replicas)])


def gpus_held(gpus: float) -> float:
    """Return how many GPUs this process really holds: none where they are pretended.

    Args:
        gpus: that the engine has given to it.
    """
    return gpus if tf.config.get_visible_devices("GPU") else 0


def most_on_device(gpus: float, replicas: int) -> int:
    """Return the most bytes of images that may lie on each device of a trial; 0 where it has none of its own.

    `DATA_SHARE` of the trial's share of the memory of its smallest GPU, or what the environment says.

    Args:
        gpus: GPUs, or the fraction of one, that this process holds; they may be pretended.
        replicas: devices that train together.
    """
    chosen = os.environ.get(ON_GPU_MB, "")
    if not gpus or chosen.isdecimal():
        return int(chosen) * 1_000_000 if gpus else 0
    memories: list[int | None] = [PRETENDED_MIB]
    if gpus_held(gpus):
        memories = [gpu_memory_mib(_name_of(number)) for number in range(replicas)]
    known = [memory for memory in memories if memory is not None]
    if len(known) < len(memories):
        return 0
    least = min(known)
    usable = memory_limit_mib(least, gpus) if gpus_held(gpus) and gpus < 1 else least - RESERVED_MIB
    return (usable << 20) // DATA_SHARE


def memory_limit_mib(total_mib: int, fraction: float) -> int:
    """Return TensorFlow's `memory_limit` for a process that holds a fraction of a GPU.

    Its share of the memory, less what the limit does not count: so the processes that fill the GPU fit it.

    Raises:
        ResourceError: if that leaves too little.
    """
    limit = int(total_mib * fraction) - RESERVED_MIB
    if limit < LEAST_MIB:
        least = min(1.0, math.ceil(100 * (RESERVED_MIB + LEAST_MIB) / total_mib) / 100)
        raise ResourceError(
            f"`gpus_per_trial` must leave a trial at least {LEAST_MIB} MiB of GPU memory beside {RESERVED_MIB} MiB "
            f"for CUDA. Received: {fraction:g} of {total_mib} MiB. Use `gpus_per_trial={least:g}` "
            "(--gpus-per-trial) or more."
        )
    return limit


def _take_gpus(gpus: float) -> bool:
    """Make as many GPUs as this process holds visible to TensorFlow, and no others; say whether there are any."""
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # as nvidia-smi and Ray count
    wanted = math.ceil(gpus)
    seen = tf.config.list_physical_devices("GPU") if wanted else []
    if len(seen) < wanted:
        _refuse_unless_pretended(wanted, len(seen))
        seen = []
    taken = seen[:wanted]
    tf.config.set_visible_devices(taken, "GPU")
    for gpu in taken:
        _share_memory(gpu, gpus)
    return bool(taken)


def _refuse_unless_pretended(wanted: int, seen: int) -> None:
    """Refuse to train on cores in place of GPUs that are there; Ray may be told of GPUs that are not, for tests."""
    there = physical_gpus()
    if not there and not seen:
        return
    raise ResourceError(
        f"TensorFlow must see the GPUs that a trial holds. Received: {seen} of {wanted}, "
        f"CUDA_VISIBLE_DEVICES={os.environ.get('CUDA_VISIBLE_DEVICES', 'unset')} on a machine with {there}. Its CUDA "
        "libraries may be missing, `pip install 'tensorflow[and-cuda]'`, or not fit the driver. "
        "Use `gpus_per_trial=0` (--gpus-per-trial 0) to train on cores."
    )


def _share_memory(gpu: Any, gpus: float) -> None:
    """Limit the memory of a GPU of which this process holds a fraction; let that of a whole one grow.

    TensorFlow takes one of the two, once per process.
    """
    if gpus >= 1:
        tf.config.experimental.set_memory_growth(gpu, True)
        return
    name = _name_of(0)
    if gpu_is_exclusive(name):
        raise ResourceError(
            f"`gpus_per_trial` must be 1 on a GPU that takes one process at a time. Received: {gpus:g} of one whose "
            "compute mode is exclusive. Use `nvidia-smi -c DEFAULT` there, or `gpus_per_trial=1` (--gpus-per-trial 1)."
        )
    total = gpu_memory_mib(name)
    if total is None:
        _note(f"The memory of the GPU is not known, so that a trial is not limited to {gpus:g} of it")
        tf.config.experimental.set_memory_growth(gpu, True)
        return
    if os.environ.pop("TF_GPU_ALLOCATOR", "") == "cuda_malloc_async":
        _note("TF_GPU_ALLOCATOR=cuda_malloc_async has no effect: that allocator cannot be limited to a trial's share")
    limit = memory_limit_mib(total, gpus)
    tf.config.set_logical_device_configuration(gpu, [tf.config.LogicalDeviceConfiguration(memory_limit=limit)])


def _name_of(number: int) -> str:
    """Return how CUDA_VISIBLE_DEVICES names one of the GPUs that this process sees."""
    names = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return names[number].strip() if names[0] and number < len(names) else str(number)


def outgrown_share(error: Exception, gpus: float) -> ResourceError | None:
    """Return what to say of a trial that needs more of a GPU than its share; None where an error is another one.

    Args:
        error: that TensorFlow raised.
        gpus: that this process holds.
    """
    asked = re.search(r"OOM when allocating (.*?) on \S*GPU:", str(error))
    visible = tf.config.get_visible_devices("GPU")
    parts = tf.config.get_logical_device_configuration(visible[0]) if visible else None
    limit = parts[0].memory_limit if parts else None
    if asked is None or limit is None:
        return None
    return ResourceError(
        f"A trial must fit into its share of the GPU: {int(limit)} MiB at gpus_per_trial={gpus:g}. Received: one that "
        f"wants a {asked[1]} beside what it has. Use a smaller `batch_size` or network, or a larger `gpus_per_trial` "
        "(--gpus-per-trial)."
    )


def _note(text: str) -> None:
    """Tell the log of the trial for which the process was made."""
    sys.stderr.write(f"note: {text}\n")


def describe_device() -> dict[str, Any]:
    """Return host, device and library versions, as columns of `trials`.

    The device is its kind, whatever the number, which the columns `gpus` and `replicas` tell: trials on one and
    on four of a kind have the same. Kinds that differ are joined by a plus.
    """
    gpus = tf.config.get_visible_devices("GPU")
    kinds = {tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus}
    device = " + ".join(sorted(kinds)) or _cpu_name()
    versions = {f"{name}_version": number for name, number in installed_versions().items()}
    return {"host": platform.node(), "device": device, "numerics_version": NUMERICS_VERSION, **versions}


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
