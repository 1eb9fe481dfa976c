"""`ray up cluster/local.yaml` over ssh, a job over the dashboard, `ray down`: for real, on machines in namespaces."""

import socket
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from launched import wait_until

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


def test_the_project_is_on_every_machine_without_history_or_results(cluster):
    for machine in (cluster.head, *cluster.workers):
        assert (machine.home / "cnnjobs-src" / "pyproject.toml").exists()
        assert not (machine.home / "cnnjobs-src" / ".git").exists()


def test_down_ends_ray_on_the_head_and_ray_stop_on_a_worker(cluster, taken_down):
    assert taken_down.code == 0, taken_down.text
    assert "No nodes remaining." in taken_down.text
    wait_until(lambda: not ray_processes(cluster.head), timeout_s=20)
    (worker,) = cluster.workers
    options = ["-i", str(worker.key), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    said = cluster.laptop.run("ssh", *options, f"{worker.user}@{worker.address}", "cnnjobs-env/bin/ray stop")
    assert said.code == 0, said.text
    wait_until(lambda: not ray_processes(worker), timeout_s=20)
