"""`ray up cluster/local.yaml` over ssh, a job over the dashboard, `ray down`: for real, on machines in namespaces."""

import shlex
import socket
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from support.ray_up import wait_until

import cnnjobs

# Waits for the worker, then says where tasks of a whole machine run.
WHERE = """
import time, ray
ray.init(address="auto", logging_level="error")
deadline = time.monotonic() + 60
while len(ray.nodes()) < 2 and time.monotonic() < deadline:
    time.sleep(0.2)

@ray.remote(num_cpus=ray.nodes()[0]["Resources"]["CPU"], scheduling_strategy="SPREAD")
def where():
    time.sleep(2)
    return __import__("socket").gethostname()

print("tasks ran on", sorted(ray.get([where.remote(), where.remote()])))
"""


def submit(cluster, *command, **environment):
    """`ray job submit`, until the job has ended."""
    address = ["--address", cluster.address]
    return cluster.laptop.run("ray", "job", "submit", *address, "--", *command, timeout_s=120, **environment)


def ask(cluster, token):
    """The status of the Jobs API's answer."""
    request = Request(f"{cluster.address}/api/jobs/", headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def ray_processes(machine):
    return [line for line in machine.processes() if "/ray/" in line.split(" -c ")[0] or line.startswith("ray::")]


def over_ssh(cluster, machine, command):
    """Runs a command in a shell of the machine's user."""
    options = ["-i", str(machine.key), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    shell = f"bash -ic {shlex.quote(command)}"  # -i: ~/.bashrc has the PATH
    return cluster.laptop.run("ssh", *options, f"{machine.user}@{machine.address}", shell, timeout_s=180)


def test_a_job_is_submitted_through_the_forwarded_dashboard_and_runs_on_the_head(cluster):
    said = submit(cluster, "python", "-c", "import socket; print('ran on', socket.gethostname())")
    assert said.code == 0, said.text
    assert f"ran on {cluster.head.name}" in said.text


def test_tasks_of_a_job_run_on_both_machines(cluster):
    (cluster.head.home / "where.py").write_text(WHERE)
    said = submit(cluster, "python", str(cluster.head.home / "where.py"))
    assert said.code == 0, said.text
    assert f"tasks ran on ['{cluster.head.name}', '{cluster.workers[0].name}']" in said.text


def test_the_jobs_api_wants_the_token(cluster):
    assert ask(cluster, cluster.laptop.token_file.read_text()) == 200
    assert ask(cluster, None) == 401
    assert ask(cluster, "0" * 64) == 403


def test_who_has_no_token_submits_nothing(cluster):
    said = submit(cluster, "hostname", HOME=str(cluster.laptop.room), RAY_AUTH_MODE="disabled")
    assert said.code != 0
    assert "authentication token" in said.text
    assert "submitted successfully" not in said.text


def test_the_dashboard_does_not_answer_on_the_network(cluster):
    with socket.socket() as one:
        one.settimeout(5)
        assert one.connect_ex((cluster.head.address, 8265)) != 0


def test_rays_own_port_is_on_the_network_and_wants_the_token(cluster):
    """Why machines of a cluster belong in a private network: the port is there, and only the token keeps it."""
    status = [sys.executable, "-m", "ray.scripts.scripts", "status", "--address", f"{cluster.head.address}:6379"]
    said = cluster.laptop.run(*status, HOME=str(cluster.laptop.room), RAY_AUTH_MODE="disabled")
    assert said.code != 0
    assert "oken" in said.text
    assert cluster.laptop.run(*status).code == 0


def test_the_token_is_for_the_machines_user_alone(cluster):
    for machine in (cluster.head, *cluster.workers):
        file = machine.home / ".ray" / "auth_token"
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.read_text() == cluster.laptop.token_file.read_text()


def test_rays_files_are_out_of_the_reach_of_other_users(cluster):
    """Ray makes its own folders writable by all."""
    for machine in (cluster.head, *cluster.workers):
        assert machine.run("stat", "-c", "%a %u", "/tmp/cnnjobs-ray-0").stdout == "700 0\n"
        assert "session_latest" in machine.run("ls", "/tmp/cnnjobs-ray-0/ray").stdout
        assert "cnnjobs." not in machine.run("find", "/tmp", "-maxdepth", "1", "-perm", "/077").stdout


def test_the_project_is_on_every_machine_without_history_or_results(cluster):
    for machine in (cluster.head, *cluster.workers):
        assert (machine.home / "cnnjobs-src" / "pyproject.toml").exists()
        assert not (machine.home / "cnnjobs-src" / ".git").exists()


GRID = """
import socket
import time

from cnnjobs import SGD, Job, Variant, callback, vgg


def meet(trial):
    import keras
    import ray
    from ray.experimental import internal_kv

    class Meet(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            internal_kv._internal_kv_put(f"far-{socket.gethostname()}", "there")
            until = time.monotonic() + 120
            while len(internal_kv._internal_kv_list("far-")) < len(ray.nodes()) and time.monotonic() < until:
                time.sleep(0.1)

    return Meet()


base = Variant(
    model=vgg(blocks=1, filters=2, dense=4), optimizer=SGD(0.01), epochs=3, batch_size=64, callbacks=(callback(meet),)
)
job = Job(name="far", dataset="digits", repeats=4, variants={"base": base, "small": base.but(batch_size=32)})
"""
"""Trials wait until one has trained on each machine: the first to be ready could train them all meanwhile."""


def test_a_grid_trains_on_both_machines_and_its_results_come_home(cluster):
    """No disk is shared: the worker has nothing of the store, the laptop fetches all of it from the head."""
    (cluster.laptop.home / "far.py").write_text(GRID)
    words = ["far.py", "--address", cluster.address, "--checkpoint-every", "0"]
    said = cluster.laptop.run("sh", "-c", f"cd && cnnjobs submit {' '.join(words)}", timeout_s=300)
    assert said.code == 0, said.text
    assert "2 nodes, " in said.text
    assert "[8/8] " in said.text
    assert (cluster.head.home / "cnnjobs" / "results" / "far" / "trials").is_dir()
    for worker in cluster.workers:
        assert not list(worker.home.rglob("*.parquet"))
        assert not list(worker.home.rglob("*.npz"))
    said = cluster.laptop.run("sh", "-c", f"cd && cnnjobs fetch --address {cluster.address}", timeout_s=120)
    assert said.code == 0, said.text
    trials = cnnjobs.load_results(cluster.laptop.home / "results").trials
    assert trials.status.tolist() == ["completed"] * 8
    assert set(trials.host) == {cluster.head.name, *(worker.name for worker in cluster.workers)}


def test_doctor_looks_at_both_machines(cluster):
    said = cluster.laptop.run("cnnjobs", "doctor", "--address", cluster.address, timeout_s=300)
    assert said.code == 0, said.text
    for machine in (cluster.head, *cluster.workers):
        assert f"node {machine.name} ({machine.address}), one step: MirroredStrategy on CPU" in said.text
    assert "results can be written" in said.text
    assert "WRONG" not in said.text


def test_down_ends_ray_on_the_head_and_ray_stop_on_a_worker(cluster, taken_down):
    assert taken_down.code == 0, taken_down.text
    assert "No nodes remaining." in taken_down.text
    wait_until(lambda: not ray_processes(cluster.head), timeout_s=20)
    (worker,) = cluster.workers
    said = over_ssh(cluster, worker, "ray stop")
    assert said.code == 0, said.text
    wait_until(lambda: not ray_processes(worker), timeout_s=20)


def test_a_ray_without_a_token_is_joined_on_its_own_machine_only_with_insecure(cluster, taken_down):
    """Not only where `--address` names it: also where plain `submit` finds that it runs there."""
    (worker,) = cluster.workers
    (worker.home / "far.py").write_text(GRID)
    bashrc = worker.home / ".bashrc"
    bashrc.write_text(bashrc.read_text().replace("RAY_AUTH_MODE=token", "RAY_AUTH_MODE=disabled"))
    start = "ray start --head --num-cpus=1 --include-dashboard=false --disable-usage-stats"
    said = over_ssh(cluster, worker, f"ray stop; {start}")
    assert said.code == 0, said.text
    submit = "cnnjobs submit far.py --repeats=1 --only=small"
    said = over_ssh(cluster, worker, submit)
    assert said.code == 2, said.text
    assert f"The cluster at {worker.address}:6379 asks for no token: whoever reaches it can run code" in said.text
    assert not (worker.home / "results").exists()
    said = over_ssh(cluster, worker, f"{submit} --insecure")
    assert said.code == 0, said.text
    assert "[1/1] " in said.text
