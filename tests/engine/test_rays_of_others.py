"""A process may use Ray for other things: its Ray is left alone, and after a submit its settings are as they were."""

import json
import os
import subprocess
import sys
from pathlib import Path

CODE = """
import os
import threading
import ray
ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
kept = ray.put("mine")
import cnnjobs
from cnnjobs import Job, Variant, vgg
job = Job(name="here", dataset="digits", repeats=1, variants={"one": Variant(model=vgg(blocks=1), epochs=1)})
try:
    cnnjobs.submit(job, address="local", limit_train=100)
except cnnjobs.errors.ClusterError as error:
    print(error)
print(ray.get(kept), os.path.exists("results/here/trials"))
"""


def test_a_submit_beside_a_ray_of_the_users_is_refused_and_leaves_it_alone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    said, kept = done.stdout.strip().splitlines()[-2:]
    assert said.startswith("A submit starts a Ray of its own, but this process is already connected to one")
    assert kept == "mine False"


AFTERWARDS = """
import json
import logging
import os
import sys
sys.path.insert(0, sys.argv[1])
import ray
ray.init  # imported, as whoever uses it would have
levels = {name: logging.getLogger(name).level for name in ("ray", "ray.tune", "ray.data")}
before = dict(os.environ)
from test_ray_tune import engine, trials_of, work_on
ends = []
running = engine()
running.run(work_on(trials_of(("calm",))), lambda trial, message: ends.append(message))
running.close()
changed = {name for name in {*before, *os.environ} if before.get(name) != os.environ.get(name)}
assert len(ends) == 10, ends
print(json.dumps({
    "variables": sorted(name for name in changed if not name.startswith("_")),
    "loggers": [name for name, level in levels.items() if logging.getLogger(name).level != level],
}))
ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
print(ray.get(ray.put("theirs")))
"""


def test_after_a_submit_settings_of_ray_are_what_the_person_has_set(tmp_path):
    """Their own Ray Tune would write no logs, start two trials at a time, and say nothing of what goes wrong."""
    (tmp_path / "token").write_text("of a cluster")
    theirs = {"RAY_AUTH_TOKEN_PATH": str(tmp_path / "token"), "TUNE_MAX_PENDING_TRIALS_PG": "7"}
    words = [sys.executable, "-c", AFTERWARDS, str(Path(__file__).parent)]
    environment = (
        os.environ | {"PYTHONPATH": f"{Path(__file__).parents[1]}:{os.environ.get('PYTHONPATH', '')}"} | theirs
    )
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    said, kept = done.stdout.strip().splitlines()[-2:]
    assert json.loads(said) == {"variables": [], "loggers": []}
    assert kept == "theirs"
