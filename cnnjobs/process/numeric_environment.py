"""Environment variables that can change a trial's numbers: every process that computes has the same ones.

They are not part of a trial's identity, so they are pinned: removed, or set to the one value that trials are trained
with. docs/numbers.md lists them for people.
"""

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

SET = {
    "KERAS_BACKEND": "tensorflow",  # decides over keras.json
    "TF2_BEHAVIOR": "1",  # as TensorFlow itself sets it
    "PYTHONHASHSEED": "0",  # the order of a set of texts, which a network function may go through
}
"""What is set, whatever it was. Python reads the seed of hashes when it starts: in workers it holds."""

REMOVED = (
    "TF_*", "TF2_*", "XLA_*",  # TensorFlow and its compiler: auto-jit, autotuning, precision, threads, legacy Keras
    "ONEDNN_*", "DNNL_*", "MKLDNN_*",  # oneDNN: which instructions, and bfloat16 in the place of float32
    "KERAS_*", "AUTOGRAPH_*",
    "CUBLAS*", "CUDNN_*", "NVIDIA_TF32_OVERRIDE",
    "NCCL_ALGO", "NCCL_PROTO", "NCCL_NTHREADS", "NCCL_M??_NCHANNELS", "NCCL_*_ENABLE",  # the order of sums over GPUs
    "MPLBACKEND",  # changes no number: but Keras imports Matplotlib, which raises an error for a backend that is none
    "MKL_*", "OPENBLAS_CORETYPE", "NPY_*", "GLIBC_TUNABLES",  # NumPy and the C library in functions of the user's
)  # fmt: skip
"""Names, with * for any letters and ? for one, of what is removed, but for `KEPT` and the flags of `KEPT_FLAGS`."""

KEPT = (
    "TF_CPP_*", "CUBLAS*_LOG*", "CUDNN_LOG*",  # what is logged
    "TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR", "TF_GPU_HOST_MEM_LIMIT_IN_MB", "TF_DEVICE_MIN_SYS_MEMORY_IN_MB",
    "TF_VAR_*", "TF_CLI_*", "TF_LOG", "TF_LOG_PATH", "TF_DATA_DIR", "TF_WORKSPACE", "TF_PLUGIN_*",  # Terraform's
    "KERAS_HOME",  # where data sets and pretrained weights lie; the settings in its keras.json are pinned
)  # fmt: skip
"""What is left as it is: logs, memory and places of files change no number."""

KEPT_FLAGS = {"XLA_FLAGS": ("--xla_gpu_cuda_data_dir",)}
"""Variable -> those of its flags that stay: without CUDA's folder XLA may not find its libraries."""


def pinned(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a process must have that computes, made from those that a person has set."""
    kept = {name: value for name, value in environment.items() if not _is_removed(name)}
    for name, flags in KEPT_FLAGS.items():
        left = [flag for flag in environment.get(name, "").split() if flag.startswith(flags)]
        kept |= {name: " ".join(left)} if left else {}
    home = kept.pop("KERAS_HOME", "")
    if home:  # Keras takes an empty one for the current folder, and a relative one from wherever it is imported
        kept["KERAS_HOME"] = str(Path(home).expanduser().absolute())
    return kept | SET


def without_effect(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that a person has set and that trials do not see, as NAME=VALUE.

    Values that are what is pinned, and what changes no number, are not among them.
    """
    there = pinned(environment)
    named = (name for name in sorted(environment) if name not in ("PYTHONHASHSEED", "KERAS_HOME", "MPLBACKEND"))
    return [f"{name}={environment[name]}" for name in named if there.get(name) != environment[name]]


def pin(environment: MutableMapping[str, str] = os.environ) -> None:
    """Give this process the pinned variables; those that libraries read while they are imported only before that."""
    wanted = pinned(environment)
    if "matplotlib" in sys.modules and "MPLBACKEND" in environment:  # a notebook may still need it
        wanted["MPLBACKEND"] = environment["MPLBACKEND"]
    for name in [name for name in environment if name not in wanted]:
        del environment[name]
    environment.update({name: value for name, value in wanted.items() if environment.get(name) != value})


@contextlib.contextmanager
def while_pinned(environment: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Pin, for processes that are started meanwhile, and put back what a person has set."""
    before = dict(environment)
    pin(environment)
    try:
        yield
    finally:
        for name in {*before, *SET}:
            if name not in before:
                environment.pop(name, None)
            elif _is_removed(name) or name in SET or name == "KERAS_HOME":
                environment[name] = before[name]


def _is_removed(name: str) -> bool:
    return _any_of(REMOVED).fullmatch(name) is not None and _any_of(KEPT).fullmatch(name) is None


def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(name).replace(r"\*", ".*").replace(r"\?", ".") for name in names))
