"""What this machine has, found without TensorFlow or Ray."""

import contextlib
import itertools
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

WORKER_BYTES = 1_100_000_000
"""What a worker takes with TensorFlow loaded and a small network, measured; the data set comes on top."""


RAY_BYTES = 700_000_000
"""What Ray's own processes and the submitting side take, measured."""


NO_DEVICES = ("", "-1", "NoDevFiles")
"""What schedulers, Ray and people write into CUDA_VISIBLE_DEVICES for no GPU."""


PROC_GPUS, DEV = Path("/proc/driver/nvidia/gpus"), Path("/dev")
"""Where the driver lists all GPUs of a machine, and where those are that a container has."""


@dataclass(frozen=True)
class Machine:
    """Cores, GPUs and memory.

    Args:
        cpus: cores this process may use.
        gpus: GPUs this process may use.
        free_bytes: memory that is available now.
    """

    cpus: int
    gpus: int
    free_bytes: int


def this_machine() -> Machine:
    """Return what this process may use."""
    return Machine(usable_cpus(), _gpus(), free_bytes())


def physical_gpus() -> int:
    """Return how many GPUs of NVIDIA's the machine has, or the container; CUDA_VISIBLE_DEVICES may name fewer."""
    if PROC_GPUS.is_dir():
        listed = [DEV / f"nvidia{number}" for number in map(_device_number, PROC_GPUS.iterdir())]
        there = [device for device in listed if device.exists()]  # a driver that nobody has used has made none yet
        return sum(os.access(device, os.R_OK | os.W_OK) for device in there) if there else len(listed)
    return sum(line.startswith("GPU ") for line in _nvidia_smi("-L").splitlines())  # WSL has no such folder


def _device_number(gpu: Path) -> str:
    """Return the number in the name of a GPU's device file, from what the driver says of it."""
    try:
        found = re.search(r"^Device Minor:\s*(\d+)", (gpu / "information").read_text(encoding="ascii"), re.M)
    except OSError:
        return "-"
    return found[1] if found else "-"


def missing_gpus() -> str:
    """Say in a sentence that CUDA_VISIBLE_DEVICES names GPUs that are not there; nothing where it does not."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES", "-1")
    named = list(itertools.takewhile(lambda name: name.strip() not in NO_DEVICES, chosen.split(",")))
    physical = physical_gpus()
    there = len(_visible(chosen, physical))
    if there == len(named):
        return ""
    used = "none of them is used" if not there else f"{there} of them {'is' if there == 1 else 'are'} used"
    return f"CUDA_VISIBLE_DEVICES={chosen} names GPUs that are not there: this machine has {physical}, and {used}"


def gpu_memory_mib(device: str) -> int | None:
    """Return the memory of a GPU, all of it; None where that cannot be told, as for a part of one (MIG).

    Args:
        device: as CUDA_VISIBLE_DEVICES names it: its index by PCI bus, its UUID.
    """
    if device.startswith("MIG"):
        return None
    told = _nvidia_smi("--query-gpu=memory.total,mig.mode.current", "--format=csv,noheader,nounits", "-i", device)
    total, _, split = (part.strip() for part in told.strip().partition(","))
    return int(total) if total.isdigit() and split != "Enabled" else None


def gpu_is_exclusive(device: str) -> bool:
    """Say whether a GPU takes one process at a time (its compute mode).

    Args:
        device: as CUDA_VISIBLE_DEVICES names it.
    """
    told = _nvidia_smi("--query-gpu=compute_mode", "--format=csv,noheader", "-i", device)
    return told.strip().startswith("Exclusive")


def process_lives(pid: int) -> bool:
    """Say whether a process with that number exists on this machine."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def child_processes(pid: int) -> list[int]:
    """Return the processes that a process has started and that live; none where that cannot be told."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):  # it has ended meanwhile
            if int((entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def process_birth(pid: int) -> str | None:
    """Return when a process was started, in clock ticks since boot: a number alone may be used again.

    None where that cannot be told: the process is gone, or the system has no /proc.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return fields[19]
    except (OSError, IndexError):
        return None


def process_scope() -> str:
    """Return what is the same for all processes that see each other by their numbers, and for no others.

    The boot of this kernel and its namespace of processes: machines, and containers, may have one host name.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def process_bytes() -> int:
    """Return the memory this process has for itself, without what it shares; 0 where that cannot be told."""
    try:
        _, resident, shared, *_ = Path("/proc/self/statm").read_text(encoding="ascii").split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def usable_cpus() -> int:
    """Return the cores that this process may use, of this machine or of the container."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    quota, _, period = _cgroup("cpu.max").partition(" ")
    return min(usable, max(1, int(quota) // int(period))) if quota.isdigit() and period.isdigit() else usable


def _cgroup(name: str) -> str:
    """Return a limit of the container this runs in, or nothing."""
    try:
        return Path("/sys/fs/cgroup", name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _gpus() -> int:
    """Return how many GPUs are there that CUDA_VISIBLE_DEVICES lets this process use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return physical_gpus() if chosen is None else len(_visible(chosen, physical_gpus()))


def _visible(chosen: str, physical: int) -> list[str]:
    """Return the devices of CUDA_VISIBLE_DEVICES that are there. As CUDA does, stop at the first that is not.

    Args:
        chosen: the variable: indices, UUIDs or the beginnings of these, those of parts of a GPU (MIG) among them.
        physical: how many GPUs the machine has.
    """
    names = [name.strip() for name in chosen.split(",")]
    if not physical or len(set(names)) < len(names):
        return []
    identities = _identities() if any(name.startswith(("GPU-", "MIG-")) for name in names) else ()

    def is_there(name: str) -> bool:
        if name.startswith(("GPU-", "MIG-")):
            whole = name.removeprefix("MIG-").partition("/")[0] if name.startswith("MIG-GPU-") else name
            return not identities or any(one.startswith(whole) for one in identities)
        return name.isascii() and name.isdigit() and int(name) < physical

    return list(itertools.takewhile(is_there, names))


def _identities() -> tuple[str, ...]:
    """Return the UUIDs of GPUs and of their parts; nothing where NVIDIA's tool does not tell."""
    return tuple(re.findall(r"UUID: ((?:GPU|MIG)-[^)]+)\)", _nvidia_smi("-L")))


def _nvidia_smi(*words: str) -> str:
    """Return what NVIDIA's tool prints; nothing where there is none, or it fails."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    try:
        finished = subprocess.run([tool, *words], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if finished.returncode else finished.stdout


def free_bytes() -> int:
    """Return the memory that is available now, to this machine or to the container."""
    free = int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) * 1024
    except OSError:
        pass
    limit, used = _cgroup("memory.max"), _cgroup("memory.current")
    return min(free, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else free
