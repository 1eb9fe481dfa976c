"""Health checks: from findings about a machine or a cluster to failures with remedies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from cnnjobs.versions import COMPARED, differences
from cnnjobs.wording.sentences import clause, sentences
from cnnjobs.wording.terminal import visible

LEAST_DISK = 2 << 30
"""A worker node with less free disk fails in the middle of a run: Ray spills and unpacks there."""

MOST_SKEW_S = 5.0
"""Tokens, and times in results, are compared between machines."""

UNTRAINED_LOSS = 2.302585
"""log(10): the loss of ten classes before the first step."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        name: what.
        said: what was found.
        remedy: what to do about it; empty if nothing is wrong.
    """

    name: str
    said: str
    remedy: str = ""

    def line(self) -> str:
        """Return it as a line, with ANSI codes."""
        mark = click.style("WRONG", fg="red", bold=True) if self.is_wrong else click.style("ok   ", fg="green")
        said = f"{self.name}: {self.said}"
        return f"{mark} {visible(sentences(said, self.remedy) if self.remedy else clause(said))}"

    @property
    def is_wrong(self) -> bool:
        """Whether something is to be done."""
        return bool(self.remedy)


def of_versions(here: Mapping[str, str], nodes: Sequence[Mapping[str, Any]], asking: Mapping[str, str]) -> Check:
    """Compare the versions of nodes with those of this process.

    Args:
        here: name -> version.
        nodes: as they were examined.
        asking: versions of another machine that asks for this; they may differ, because no trial runs there.
    """
    text = ", ".join(f"{name} {here.get(name, 'unknown')}" for name in COMPARED)
    if others := differences(asking, here):
        text = f"{text}; the machine that asks has {', '.join(others)}"
    differing = [f"{one} on {_name(node)}" for node in nodes for one in differences(node.get("versions", {}), here)]
    if not differing:
        return Check("versions", text)
    return Check(
        "versions",
        f"{text} here, but {', '.join(differing)}",
        "Install the same versions everywhere: results depend on them.",
    )


def of_node(node: Mapping[str, Any], *, insecure: bool = False) -> list[Check]:
    """Return the checks of one node.

    Args:
        node: as it was examined.
        insecure: whether Ray may keep its files where other users can change them.
    """
    name = f"node {_name(node)}"
    if "error" in node:
        return [Check(name, f"could not be looked at: {node['error']}", _remedy_of_error(node["error"]))]
    checks = [_of_step(name, node), _of_gpus(name, node)]
    checks.append(_of_disk(name, "temporary disk", int(node["free_disk_bytes"])))
    if node.get("open_folder"):
        said = f"in {node['open_folder']}, where other users of that machine can change them, and run code as you"
        remedy = "" if insecure else "Start Ray there with RAY_TMPDIR (see cluster/README.md)."
        checks.append(Check(f"{name}, Ray's files", said, remedy))
    skew = float(node.get("skew_s", 0))
    remedy = "Synchronise its clock (chrony, ntp)." if skew > MOST_SKEW_S else ""
    checks.append(Check(f"{name}, clock", f"at most {skew:.1f} s from ours" if skew else "agrees with ours", remedy))
    return checks


def of_trial(error: str, seconds: float) -> Check:
    """Return the check of a trial that was trained as `submit` trains them.

    Args:
        error: what it ended with; empty if it did not.
        seconds: that it took, with the start of its process.
    """
    if error:
        return Check("one trial", f"failed: {error}", "`submit` would fail as well: see the message.")
    return Check("one trial", f"trained as by `submit` in {seconds:.1f} s, with the start of its processes")


def of_disk(place: str, free_bytes: int) -> Check:
    """Return the check of the disk that results are stored on."""
    return _of_disk("results", f"disk of {place}", free_bytes)


def _of_step(name: str, node: Mapping[str, Any]) -> Check:
    if "step_error" in node:
        return Check(
            f"{name}, one step",
            str(node["step_error"]),
            "See the message; CUDA comes with `pip install 'tensorflow[and-cuda]'`.",
        )
    loss = float(node["step_loss"])
    devices = f"{node['gpus']} GPU{'s' if node['gpus'] != 1 else ''}" if node["gpus"] else "CPU"
    said = f"MirroredStrategy on {devices} ({node['device']}), loss {loss:.4f}, {node['step_seconds']:.1f} s"
    wrong = (
        "" if abs(loss - UNTRAINED_LOSS) < 1e-3 else f"The loss must be {UNTRAINED_LOSS:.4f}: do not trust this device."
    )
    return Check(f"{name}, one step", said, wrong)


def _of_gpus(name: str, node: Mapping[str, Any]) -> Check:
    ray, held = int(node["ray_gpus"]), int(node["gpus"])
    physical, seen = int(node["physical_gpus"]), int(node["tensorflow_gpus"])
    said = f"Ray counts {ray}, the machine has {physical}, TensorFlow sees {seen} of the {held} that were free"
    if physical == 0 and ray:
        return Check(
            f"{name}, GPUs", f"{said}: Ray was told of GPUs that are not there", "Start Ray there without --num-gpus."
        )
    if physical > ray:
        return Check(f"{name}, GPUs", said, "Start Ray there without --num-gpus, or with that number: it uses too few.")
    if held and seen < held:
        return Check(
            f"{name}, GPUs",
            said,
            "pip install 'tensorflow[and-cuda]' there, of this version of TensorFlow, and look at nvidia-smi: driver "
            "and CUDA must fit.",
        )
    return Check(f"{name}, GPUs", said if ray or physical else "none")


def _of_disk(name: str, what: str, free_bytes: int) -> Check:
    remedy = f"Make room: less than {LEAST_DISK >> 30} GiB is too little." if free_bytes < LEAST_DISK else ""
    return Check(f"{name}, disk", f"{what}: {free_bytes / 2**30:.1f} GiB free", remedy)


def _remedy_of_error(error: str) -> str:
    if "No module named" in error:
        return (
            "Install the same packages there, in the environment that `ray start` runs in: in a checkout of cnnjobs, "
            "`pip install '.[gpu]'`."
        )
    return "Look at that machine: `ray status`, memory, and the logs in ${RAY_TMPDIR:-/tmp}/ray/session_latest/logs."


def _name(node: Mapping[str, Any]) -> str:
    host, address = node.get("host"), node.get("address", "?")
    return f"{host} ({address})" if host else str(address)
