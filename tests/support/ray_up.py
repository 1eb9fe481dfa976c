"""A cluster made by `ray up cluster/local.yaml`, on machines that are namespaces of this one, for tests to use."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from support.machines import Machine, machines

ROOT = Path(__file__).parents[2]
LOCAL = ROOT / "cluster" / "local.yaml"
# What `ray up` runs on the machines instead of the file's setup commands: they see this machine's Python.
SETUP = [
    "chmod 600 ~/.ray/auth_token",
    f"ln -sfn {sys.prefix} ~/cnnjobs-env",
    f'echo \'export PATH=~/cnnjobs-env/bin:"$PATH" RAY_AUTH_MODE=token RAY_TMPDIR=/tmp/cnnjobs-ray-$UID '
    f"PYTHONPATH={ROOT}' >> ~/.bashrc",
]


@dataclass(frozen=True)
class Said:
    """What a command printed (both streams) and its exit code."""

    text: str
    code: int


@dataclass(frozen=True)
class Laptop:
    """Where commands of the person who starts a cluster run: a home and temporary files of its own, and a token."""

    room: Path

    @property
    def home(self) -> Path:
        return self.room / "laptop"

    @property
    def token_file(self) -> Path:
        return self.home / ".ray" / "auth_token"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "AWS_"))}
        return kept | {
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self.room / "tmp"),  # Ray keeps what it knows of clusters here
            "RAY_AUTH_MODE": "token",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_UP_enable_autoscaler_v2": "1",  # the default, without the note that it is
        }

    def furnish(self) -> "Laptop":
        """Makes the folders and the token, by Ray's own command."""
        for folder in (self.home, self.room / "tmp"):
            folder.mkdir()
        made = self.run("ray", "get-auth-token", "--generate", timeout_s=60)
        assert made.code == 0, made.text
        return self

    def run(self, *command: str, timeout_s: float = 60, **environment: str) -> Said:
        """Runs a command to its end. Output goes to a file: ssh's masters would hold a pipe open for 10 s more."""
        said = self.room / f"said-{time.monotonic_ns()}.txt"
        with said.open("w") as out:
            process = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.environment | environment,
                cwd=ROOT,
                timeout=timeout_s,
            )
        return Said(said.read_text(), process.returncode)


@dataclass(frozen=True)
class Cluster:
    """A running cluster: the Jobs API is at `address`, for whoever has the token; commands run on `laptop`."""

    laptop: Laptop
    file: Path
    address: str
    head: Machine
    workers: tuple[Machine, ...]


@contextmanager
def launched(room: Path, workers: int) -> Iterator[Cluster]:
    """`ray up`, and `ray dashboard` beside it. At the end the machines end, and everything on them."""
    laptop = Laptop(room).furnish()
    with machines(room, 1 + workers) as hosts:
        file = write_local_yaml(room / "local.yaml", hosts)
        up = laptop.run("ray", "up", "-y", str(file), timeout_s=120)
        assert up.code == 0, up.text
        for worker in hosts[1:]:  # the head starts them, after `ray up`
            wait_until(lambda worker=worker: any("raylet/raylet" in line for line in worker.processes()), timeout_s=90)
        with forwarded_dashboard(laptop, file) as address:
            yield Cluster(laptop, file, address, hosts[0], tuple(hosts[1:]))


def write_local_yaml(file: Path, hosts: list[Machine]) -> Path:
    """The shipped file with other addresses, key and setup commands, and nothing else changed."""
    config = yaml.safe_load(LOCAL.read_text())
    head, *workers = hosts
    config["provider"] |= {"head_ip": head.address, "worker_ips": [worker.address for worker in workers]}
    config["auth"] |= {"ssh_user": head.user, "ssh_private_key": str(head.key)}
    config["setup_commands"] = SETUP
    file.write_text(yaml.safe_dump(config))
    return file


@contextmanager
def forwarded_dashboard(laptop: Laptop, file: Path) -> Iterator[str]:
    """`ray dashboard`: the address here that stands for the dashboard on the head's loopback."""
    port = free_port()
    with (laptop.room / "dashboard.log").open("w") as log:
        process = subprocess.Popen(
            ["ray", "dashboard", str(file), "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=laptop.environment,
            cwd=ROOT,
            start_new_session=True,
        )
        try:
            _wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # and the ssh that it started
            process.wait(10)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait_for_port(port: int, process: subprocess.Popen) -> None:
    def is_open() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0 or process.poll() is not None

    wait_until(is_open, timeout_s=40)
    assert process.poll() is None, "`ray dashboard` ended"


def wait_until(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.2)
