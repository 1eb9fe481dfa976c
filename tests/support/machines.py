"""Machines that are namespaces of this one: own processes, network address, sshd, home and Ray, ended with the test.

`ray stop` ends Ray's processes by name in the whole PID namespace; in one of its own, it ends its own. Needs root.
"""

import getpass
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

LIFETIME_S = 900  # a machine ends itself after this, whatever became of the test
SSHD = "/usr/sbin/sshd"
SPACES = ("--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc")

# Process 1 of a machine. Bash, which buries processes that lost their parent; `ray stop` waits for that.
BOOT = """
set -eu
for file in passwd hosts resolv.conf; do if [ -e "/etc/$file" ]; then mount --bind "$ROOM/$file" "/etc/$file"; fi; done
mkdir -p /tmp/cnnjobs-ray-0
mount -t tmpfs -o size=1g,mode=1777 tmpfs /tmp/cnnjobs-ray-0
mount -t tmpfs -o size=8g,mode=1777 tmpfs /dev/shm
mount -t tmpfs -o size=8m tmpfs /run
mkdir -p /run/sshd
hostname "$NAME"
ip link set lo up
echo born
read -r _
ip link set "$LINK" up
ip addr add "$ADDRESS/24" dev "$LINK"
ip route add default via "$GATEWAY"
ip route add unreachable 169.254.0.0/16
/usr/sbin/sshd -D -e -f "$ROOM/sshd_config" 2>"$ROOM/sshd.log" &
sleep "$LIFETIME_S" &
echo up
wait $!
"""


def missing() -> str | None:
    """Says why machines cannot be had here, or None where they can."""
    if os.geteuid() != 0:
        return "namespaces with a network of their own need root"
    for program in ("ip", "unshare", "nsenter", "hostname", "ps", "ssh", "ssh-keygen", "rsync", SSHD):
        if shutil.which(program) is None:
            return f"{program} is not installed (Debian: openssh-server, rsync, iproute2, procps, util-linux, hostname)"
    mount = ["mount", "-t", "tmpfs", "tmpfs", "/run"]
    trial = subprocess.run(["unshare", *SPACES, *mount], capture_output=True, text=True, timeout=20)
    if trial.returncode:
        return f"this kernel or container gives no namespaces: {trial.stderr.strip()}"
    bridge = _name("try")
    trial = subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], capture_output=True, text=True, timeout=20)
    if trial.returncode:
        return f"this kernel or container gives no network bridge: {trial.stderr.strip()}"
    _run("ip", "link", "delete", bridge)
    return None


@dataclass(frozen=True)
class Machine:
    """One machine: ssh to `user`@`address` with `key`; `home` is its user's folder, seen from here."""

    name: str
    address: str
    user: str
    key: Path
    home: Path
    pid: int

    def run(self, *command: str, timeout_s: float = 30) -> subprocess.CompletedProcess[str]:
        """Runs a command there without ssh, for a look from inside."""
        inside = ["nsenter", "--target", str(self._first()), "--all", *command]
        return subprocess.run(inside, capture_output=True, text=True, timeout=timeout_s)

    def processes(self) -> list[str]:
        """The command line of each process there, whole: without -ww, COLUMNS cuts it, which readline sets to 80."""
        return self.run("ps", "-ww", "-eo", "args", "--no-headers").stdout.splitlines()

    def _first(self) -> int:
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])


@contextmanager
def machines(room: Path, count: int) -> Iterator[list[Machine]]:
    """So many machines on one private network, which this machine can reach and nobody else."""
    key = room / "key"
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    bridge, network = _name("br"), f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
    with ExitStack() as stack:
        _run("ip", "link", "add", bridge, "type", "bridge")
        stack.callback(_run, "ip", "link", "delete", bridge)
        _run("ip", "addr", "add", f"{network}.1/24", "dev", bridge)
        _run("ip", "link", "set", bridge, "up")
        yield [stack.enter_context(_machine(room, key, bridge, network, index)) for index in range(count)]


@contextmanager
def _machine(room: Path, key: Path, bridge: str, network: str, index: int) -> Iterator[Machine]:
    name, address, own = f"machine{index}", f"{network}.{index + 10}", room / f"machine{index}"
    (own / "home").mkdir(parents=True)
    _write_sshd_files(own, key, address)
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "ROOM": str(own),
        "NAME": name,
        "LINK": _name(f"m{index}"),
        "ADDRESS": address,
        "GATEWAY": f"{network}.1",
        "LIFETIME_S": str(LIFETIME_S),
    }
    with (
        (own / "boot.log").open("w") as log,
        subprocess.Popen(
            ["unshare", *SPACES, "bash", "-c", BOOT],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
    ):
        try:
            _expect(process, "born", own)
            _run("ip", "link", "add", _name(f"h{index}"), "type", "veth", "peer", "name", environment["LINK"])
            _run("ip", "link", "set", environment["LINK"], "netns", str(process.pid))
            _run("ip", "link", "set", _name(f"h{index}"), "master", bridge, "up")
            process.stdin.write("\n")
            process.stdin.flush()
            _expect(process, "up", own)
            yield Machine(name, address, getpass.getuser(), key, own / "home", process.pid)
        finally:
            process.send_signal(signal.SIGKILL)  # and with it, by --kill-child, every process of the machine


def _write_sshd_files(own: Path, key: Path, address: str) -> None:
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(own / "host_key"))
    (own / "authorized_keys").write_text(key.with_suffix(".pub").read_text())
    (own / "hosts").write_text(f"127.0.0.1 localhost\n{address} {own.name}\n")
    (own / "resolv.conf").write_text("")  # names and cloud metadata are not found at once, instead of after seconds
    (own / "passwd").write_text(
        "".join(
            f"root:x:0:0:root:{own / 'home'}:/bin/bash\n" if line.startswith("root:") else line
            for line in Path("/etc/passwd").read_text().splitlines(keepends=True)
        )
    )
    (own / "sshd_config").write_text(
        f"ListenAddress {address}\nHostKey {own / 'host_key'}\nAuthorizedKeysFile {own / 'authorized_keys'}\n"
        "PermitRootLogin prohibit-password\nPasswordAuthentication no\nStrictModes no\nUsePAM no\nPidFile none\n"
    )


def _expect(process: subprocess.Popen, word: str, own: Path) -> None:
    if process.stdout.readline().strip() != word:
        raise RuntimeError(f"the machine did not come up: {(own / 'boot.log').read_text()}")


def _name(what: str) -> str:
    """A network device's name: at most 15 characters, no other process's."""
    return f"cj{os.getpid():x}{what}"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)
