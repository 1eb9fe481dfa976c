"""The head of a cluster on the loopback, as `ray start` makes it, and a laptop that reaches it through a cable."""

import contextlib
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from support.commands import StartedProcess

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port for a program that binds it later; none that the system, or Ray for its workers, takes meanwhile."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Cable:
    """Forwards connections to a port until it is cut."""

    def __init__(self, target: int) -> None:
        self._target, self._open = target, []
        self._socket = None
        self.port = free_port()
        self.plug_in()

    def plug_in(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def cut(self) -> None:
        """Refuse new connections, and break those that there are."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _accept(self, server) -> None:
        while True:
            try:
                near, _ = server.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source, sink) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@dataclass
class Head:
    """A running head.

    Args:
        home: of its user.
        address: URL of its dashboard.
        port: of its dashboard.
        token: that it asks for.
        environment: of its user's shell.
        process: of `ray start --block`.
        temporary: where Ray keeps its session.
    """

    home: Path
    address: str
    port: int
    token: str
    environment: dict[str, str]
    process: subprocess.Popen
    temporary: Path


@dataclass
class Laptop:
    """A machine that only reaches the head's dashboard."""

    home: Path
    environment: dict[str, str]

    def start(self, *words, cwd=None, code="from cnnjobs.cli import main; main()") -> StartedProcess:
        return StartedProcess([sys.executable, "-c", code, *words], cwd=cwd or self.home, env=self.environment)

    def run(self, *words, cwd=None, timeout=150) -> subprocess.CompletedProcess:
        process = self.start(*words, cwd=cwd)
        out = process.ended(timeout)
        return subprocess.CompletedProcess(words, process.returncode, out)


def plain_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a user of whom nothing is known, with this Python first on the path."""
    kept = {name: os.environ[name] for name in ("LANG", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return kept | {"HOME": str(home), "PATH": path, "PYTHONPATH": str(ROOT), "TERM": "dumb"} | more


def write_token(home: Path, token: str) -> None:
    (home / ".ray").mkdir(parents=True, exist_ok=True)
    (home / ".ray" / "auth_token").write_text(token)
    (home / ".ray" / "auth_token").chmod(0o600)


def laptop(home: Path, token: str | None, **more: str) -> Laptop:
    home.mkdir(parents=True, exist_ok=True)
    if token is not None:
        write_token(home, token)
    nowhere = home / "t"
    nowhere.mkdir(exist_ok=True)
    return Laptop(home, plain_environment(home, RAY_TMPDIR=str(nowhere), **more))


@contextlib.contextmanager
def running_head(home: Path, *, cpus: int = 2, gcs_port: int | None = None, words: tuple[str, ...] = (), **more: str):
    """Start a head; end it and all its processes.

    Args:
        home: of its user.
        cpus: cores that it gives to Ray.
        gcs_port: where its GCS listens; None for any.
        words: more arguments of `ray start`.
        **more: variables of the environment of all that runs there.
    """
    home.mkdir(parents=True)
    token, temporary = secrets.token_hex(32), Path(tempfile.mkdtemp(prefix="ch-", dir="/tmp"))
    write_token(home, token)
    port, agent = free_port(), free_port()
    environment = plain_environment(
        home,
        RAY_TMPDIR=str(temporary),
        RAY_AUTH_MODE="token",
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",  # all on the loopback
        RAY_USAGE_STATS_ENABLED="0",
        **more,
    )
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", f"--num-cpus={cpus}", "--block"]
    command += [*words, f"--port={gcs_port or free_port()}", f"--dashboard-port={port}", "--dashboard-host=127.0.0.1"]
    command += [
        f"--dashboard-agent-listen-port={agent}",
        "--object-store-memory=200000000",
        f"--ray-client-server-port={free_port()}",
    ]
    with open(home / "ray.log", "w") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        known = temporary / "ray" / "ray_current_cluster"
        wait_for(f"http://127.0.0.1:{port}/api/authentication_mode", known, process, home / "ray.log")
        yield Head(home, f"http://127.0.0.1:{port}", port, token, environment, process, temporary)
    finally:
        end(process)
        shutil.rmtree(temporary, ignore_errors=True)


def wait_for(url: str, known: Path, process: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                if known.exists():
                    return
        except OSError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"Ray did not start:\n{log.read_text()[-3000:]}")


def end(process: subprocess.Popen) -> None:
    """End a process and all below it."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
    process.kill()
    process.wait()
