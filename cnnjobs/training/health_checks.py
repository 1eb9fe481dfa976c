"""Looks at the machine it runs on: versions, GPUs, disk, clock, and whether one small step trains on its devices."""

import os
import shutil
import tempfile
import time
from typing import Any

import tensorflow as tf

from cnnjobs.process.machine import physical_gpus
from cnnjobs.training.devices import describe_device, make_strategy


def check_health(gpus: int) -> dict[str, Any]:
    """Return what there is to say of this machine, as plain values; it changes this process's devices.

    Args:
        gpus: that this process holds.
    """
    began = time.perf_counter()
    about = describe_device()
    report: dict[str, Any] = {
        "host": about["host"],
        "device": about["device"],
        "versions": {name.removesuffix("_version"): about[name] for name in about if name.endswith("_version")},
        "physical_gpus": physical_gpus(),
        "tensorflow_gpus": len(tf.config.list_physical_devices("GPU")),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "free_disk_bytes": shutil.disk_usage(tempfile.gettempdir()).free,
    }
    try:
        loss = _one_step(gpus)
    except Exception as error:
        report["step_error"] = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
    else:
        report |= {"step_loss": loss, "step_seconds": time.perf_counter() - began}
    return report | {"clock": time.time()}


def _one_step(gpus: int) -> float:
    """Train a few weights for one step on every device; return the loss before it.

    The weights begin at zero, so that the loss is log(10) on whatever device.
    """
    strategy = make_strategy(1, gpus, max(gpus, 1))
    with strategy.scope():
        weights = tf.Variable(tf.zeros([64, 10]))

    @tf.function
    def step() -> Any:
        def replica() -> Any:
            with tf.GradientTape() as tape:
                logits = tf.linalg.matmul(tf.ones([8, 64]), weights)
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.range(8), logits)
                loss = tf.reduce_mean(losses)
            together = tf.distribute.get_replica_context().all_reduce("sum", tape.gradient(loss, weights))
            weights.assign_sub(0.1 * together)
            return loss

        return strategy.reduce("mean", strategy.run(replica), axis=None)

    return float(step())
