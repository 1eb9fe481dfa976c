"""Does TensorFlow see the GPU, with which libraries, and does it compute?"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.gpu_parts.settings import Settings, tell

LIBRARY = re.compile(r"/\S*lib(?:cu|nccl|nv)[\w-]*\.so\S*")
"""Of CUDA's libraries in the map of a process."""


def measure(settings: Settings) -> None:
    """Tell of the devices, of a product, a convolution and its gradient, and of XLA; each on its own."""
    began = time.perf_counter()
    import keras
    import numpy as np
    import tensorflow as tf

    tell(versions={"python": sys.version.split()[0], "tensorflow": tf.__version__, "keras": keras.__version__})
    tell(built_with={name: str(value) for name, value in tf.sysconfig.get_build_info().items()})
    seen = tf.config.list_physical_devices("GPU")
    for gpu in seen:
        tf.config.experimental.set_memory_growth(gpu, True)
    details = [{key: str(value) for key, value in tf.config.experimental.get_device_details(g).items()} for g in seen]
    tell(gpus=len(seen), details=details, import_seconds=round(time.perf_counter() - began, 2), machine=_machine())
    where = "GPU:0" if seen else "CPU:0"
    random = np.random.default_rng(0)
    pictures = random.random((64, 32, 32, 3), np.float32)
    kernel = tf.Variable(random.random((3, 3, 3, 16), np.float32))
    square = random.random((256, 256), np.float32)

    def product() -> Any:
        return tf.linalg.matmul(square, square)

    def convolution() -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(tf.nn.conv2d(pictures, kernel, 1, "SAME"))
        return tape.gradient(value, kernel)

    compiled = tf.function(product, jit_compile=True)
    with tf.device(where):
        for name, what in (("product", product), ("convolution", convolution), ("XLA", compiled)):
            tell(**{name: _tried(what)})
        exact, told = square.astype(np.float64).sum(1), tf.linalg.matvec(square, tf.ones([256]))
        tell(sum_by_product_error=float(np.abs(told.numpy() / exact - 1).max()))
    tell(libraries=_libraries(), ptxas=_ptxas())


def _tried(what: Any) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        first = float(what().numpy().ravel()[0])
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error)[:600]}"}
    return {"first": first, "seconds": round(time.perf_counter() - began, 3)}


def _machine() -> dict[str, Any]:
    meminfo = Path("/proc/meminfo").read_text(encoding="ascii")
    memory = {
        name: int(re.findall(rf"^{name}:\s*(\d+)", meminfo, re.M)[0]) >> 10 for name in ("MemTotal", "MemAvailable")
    }
    shared = shutil.disk_usage("/dev/shm").free >> 20 if Path("/dev/shm").is_dir() else None
    variables = {
        name: value for name, value in os.environ.items() if re.match(r"TF_|XLA_|CUDA|NVIDIA|LD_LIB|RAY_", name)
    }
    return {"cores": len(os.sched_getaffinity(0)), "mib": memory, "shm_mib": shared, "variables": variables}


def _libraries() -> list[str]:
    """Return the files of CUDA's libraries that this process has loaded, which tell their versions."""
    found = {str(Path(path).resolve()) for path in LIBRARY.findall(Path("/proc/self/maps").read_text(encoding="utf-8"))}
    return sorted(found)


def _ptxas() -> str:
    tool = shutil.which("ptxas")
    if tool is None:
        return "none on PATH"
    done = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False)
    return f"{tool}: {done.stdout.strip().splitlines()[-1] if done.stdout else done.stderr.strip()}"
