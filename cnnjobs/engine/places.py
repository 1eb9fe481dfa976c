"""Where trials run: on this machine, on a cluster that it is a node of, or on one that takes jobs over HTTP."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cnnjobs.engine.own_files import read_own
from cnnjobs.errors import ClusterError

ANSWERS_WITHIN_S = 5.0
"""A cluster that does not answer within that time is given up."""


@dataclass(frozen=True)
class Here:
    """This machine alone: Ray is started for it, and stopped in the end."""


@dataclass(frozen=True)
class Joined:
    """A running cluster that this machine is a node of.

    Args:
        address: host:port of its head, where the GCS listens.
    """

    address: str


@dataclass(frozen=True)
class Remote:
    """A cluster that takes jobs over HTTP.

    Args:
        url: of its dashboard, without a slash at the end.
    """

    url: str


Place = Here | Joined | Remote

LONGEST = 300
"""Bytes of an address, at most: a name has 253, a port 5."""


def find_place(address: str | None, environment: Mapping[str, str] = os.environ) -> Place:
    """Return what an address means.

    Args:
        address: `http://host:port` for a cluster that takes jobs, `host:port` or "auto" for one that this machine is
            a node of, "local" for this machine alone; None for $RAY_ADDRESS, then for a cluster that `ray start` or
            `ray up` has started here, then for this machine alone.
        environment: where variables are looked up.

    Raises:
        ClusterError: for an address of another form, or if nothing answers at it.
    """
    if not isinstance(address, str | None):
        raise ClusterError(f"`address` must be text, such as host:port. Received: address={address!r}.")
    given = address or environment.get("RAY_ADDRESS") or None
    if given == "local":
        return Here()
    if given is None or given == "auto":
        running = _running_here(environment)
        if running is not None:
            return Joined(running)
        if given is None:
            return Here()
        raise ClusterError(
            "`address=auto` needs a Ray that runs on this machine, and there is none. Start it with `ray start "
            "--head`, or leave `address` out to run on this machine alone."
        )
    if given.startswith(("http://", "https://")):
        return Remote(_checked_url(given))
    host, port = _host_and_port(given)
    if not answers(host, port):
        raise ClusterError(
            f"Nothing answers at {given} within {ANSWERS_WITHIN_S:g} s. Is the cluster up (`ray status` there), and is "
            "this machine one of its nodes? From a machine outside, forward the dashboard's port and give its URL: "
            "`address=http://127.0.0.1:8265`."
        )
    return Joined(given)


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine by its loopback; names other than localhost are not looked up."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def answers(host: str, port: int, timeout_s: float = ANSWERS_WITHIN_S) -> bool:
    """Say whether something accepts connections there."""
    try:
        with socket.create_connection((host.strip("[]"), port), timeout=timeout_s):
            return True
    except (OSError, UnicodeError):  # the latter for a name that cannot be one, such as a..b
        return False


def _running_here(environment: Mapping[str, str]) -> str | None:
    """Return the head's address of the cluster that was last started or joined here, if it still answers."""
    written = read_own(Path(environment.get("RAY_TMPDIR") or "/tmp", "ray", "ray_current_cluster"), LONGEST)
    if written is None:
        return None  # none runs, or one of another user of this machine, which was not started for this one
    address = written.decode("utf-8", "replace").strip()
    try:
        host, port = _host_and_port(address)
    except ClusterError:
        return None
    return address if answers(host, port, timeout_s=2) else None


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    numbered = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536
    if not numbered or not host or set(host) & set("/@ "):
        raise _malformed(address)
    return host, int(port)


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    if not whole or set(url) & set("@?# "):  # users, keys, and what no dashboard's URL has
        raise _malformed(url)
    return url.rstrip("/")


def address_without_keys(address: str) -> str:
    """Return what may be shown of an address that somebody typed: neither users and passwords nor settings."""
    shown = address if "@" not in address else f"...@{address.rpartition('@')[2]}"
    return shown if "?" not in shown else f"{shown.partition('?')[0]}?..."


def _malformed(address: str) -> ClusterError:
    return ClusterError(
        "`address` must be the URL of a cluster's dashboard such as http://127.0.0.1:8265, host:port of a cluster "
        f'that this machine is a node of, "auto" or "local". Received: {address_without_keys(address)!r}.'
    )
