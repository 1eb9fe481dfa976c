"""`cnnjobs doctor`, as JSON."""

import json
import subprocess
import sys

from benchmarks.gpu_parts.settings import Settings, environment, tell


def measure(settings: Settings) -> None:
    """Ask it; in a test of this script only for its help, because it takes a quarter of a minute."""
    words = ["--help"] if settings.pretend else ["--format", "json", "--address", "local"]
    command = [sys.executable, "-m", "cnnjobs", "doctor", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    try:
        said = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        said = {"text": (done.stdout + done.stderr)[-3000:]}
    tell(exit_code=done.returncode, said=said)
