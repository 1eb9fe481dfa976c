"""A process that is connected to a Ray already keeps it: a submit from it is refused, and the Ray is left alone."""

import subprocess
import sys

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
