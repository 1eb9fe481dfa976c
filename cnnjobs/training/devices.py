"""The devices of a worker process: set once, before TensorFlow first uses them."""

import functools
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import tensorflow as tf

LIBRARIES = ("cnnjobs", "tensorflow", "keras", "ray", "numpy")


@functools.cache  # TensorFlow takes these settings once a process
def make_strategy(cpus: int, replicas: int) -> tf.distribute.Strategy:
    """Return the MirroredStrategy over this process's devices.

    GPUs are those the engine has made visible. Without one, `replicas` logical CPU devices are made.
    Operations are made deterministic. To be called before TensorFlow is used; calling it again with
    the same arguments gives the same strategy.

    Args:
        cpus: threads an operation may use.
        replicas: devices that train together.
    """
    tf.config.threading.set_intra_op_parallelism_threads(max(cpus, 1))
    tf.config.threading.set_inter_op_parallelism_threads(max(cpus, 1))
    tf.config.experimental.enable_op_determinism()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        names = [f"GPU:{index}" for index in range(replicas)]
    else:
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration() for _ in range(replicas)]
        tf.config.set_logical_device_configuration(cpu, logical)
        names = [f"CPU:{index}" for index in range(replicas)]
    return tf.distribute.MirroredStrategy(names)


def describe_device() -> dict[str, Any]:
    """Return host, device and library versions, as columns of `trials`."""
    gpus = tf.config.list_physical_devices("GPU")
    device = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else _cpu_name()
    versions = {f"{name}_version": _version(name) for name in LIBRARIES}
    return {
        "host": platform.node(),
        "device": device,
        "python_version": platform.python_version(),
        **versions,
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
