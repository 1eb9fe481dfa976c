"""The Jobs API of a head that answers slowly, or no more: a real HTTP server that does so, and Ray's own client."""

import json
import logging
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.commands import StartedProcess

pytest.importorskip("aiohttp", reason="the Jobs API needs ray[default]")


class StuckHead:
    """Has a job, whose log ends at once.

    While `stuck` it accepts connections and never answers, while `failing` the answer is 500.
    """

    def __init__(self):
        self.stuck, self.failing, self.over, self.asked = threading.Event(), threading.Event(), False, 0
        self.free, self.uploaded = threading.Event(), 0
        head = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if head.stuck.is_set():
                    head.free.wait(60)
                    return
                head.asked += self.path.startswith("/api/jobs/one") and not self.path.endswith("tail")
                self.tell(500 if head.failing.is_set() else 200)

            do_POST = do_GET  # noqa: N815

            def do_PUT(self):
                size = int(self.headers["Content-Length"])
                head.uploaded = len(self.rfile.read(1 << 16))
                time.sleep(1)  # a slow line
                head.uploaded += len(self.rfile.read(size - head.uploaded))
                self.tell(200)

            def tell(self, status):
                about = {"type": "SUBMISSION", "submission_id": "one", "status": "RUNNING", "entrypoint": "x"}
                version = {"version": "4", "ray_version": "2.60.0", "ray_commit": "abc"}
                body = version if self.path == "/api/version" else about
                if self.path.endswith("/logs"):
                    body = {"logs": "the end\n"}
                if self.path == "/api/jobs/" and self.command == "POST":
                    body = {"job_id": "one", "submission_id": "one"}
                if head.over:
                    about["status"] = "SUCCEEDED"
                content = json.dumps(body).encode()
                lacks = self.path.endswith("tail") or (self.path.startswith("/api/packages/") and not head.uploaded)
                self.send_response(404 if lacks else status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.free.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def head():
    made = StuckHead()
    yield made
    made.close()


@pytest.fixture
def jobs(monkeypatch):
    from cnnjobs.remote import jobs_client

    monkeypatch.setattr(jobs_client, "ANSWER_S", 0.3)
    monkeypatch.setattr(jobs_client, "SILENT_S", 0.3)
    return jobs_client


def api_of(jobs, head):
    from cnnjobs.remote.dashboard import Cluster

    return jobs.JobsApi(Cluster(head.url, "2.60.0", asks_for_token=False))


def test_a_request_that_is_never_answered_ends(head, jobs):
    from cnnjobs.errors import ClusterError

    api = api_of(jobs, head)
    head.stuck.set()
    began = time.monotonic()
    for ask in (api.jobs, lambda: api.job("one"), lambda: api.log("one"), lambda: api.stop("one")):
        with pytest.raises(ClusterError, match="imed out"):
            ask()
    assert time.monotonic() - began < 10


def test_no_proxy_is_asked_for_a_port_of_this_machine_and_ray_is_as_loud_afterwards_as_before(head, jobs, monkeypatch):
    """It would see the token, and reach its own loopback. Uploading says so, by default."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    sdk = logging.getLogger("ray.dashboard.modules.dashboard_sdk")
    before = sdk.level
    assert api_of(jobs, head).job("one").identity == "one"
    assert (sdk.level, before) == (logging.INFO, logging.INFO)


def test_an_upload_takes_as_long_as_a_slow_line_needs(head, jobs, monkeypatch, tmp_path):
    """Longer than a connection may take."""
    (tmp_path / "data").write_bytes(os.urandom(16 << 20))  # more than buffers hold
    monkeypatch.setattr(jobs, "CONNECT_S", 0.2)
    monkeypatch.setattr(jobs, "ANSWER_S", 5.0)
    api = api_of(jobs, head)
    api.submit("true", tmp_path, "one", {})
    assert head.uploaded > 16 << 20


def test_a_head_that_no_longer_answers_is_given_up(head, jobs, monkeypatch):
    from cnnjobs.errors import ClusterLost

    monkeypatch.setattr(jobs, "GONE_S", 3.0)
    api = api_of(jobs, head)
    head.stuck.set()
    told, began = [], time.monotonic()
    with pytest.raises(ClusterLost, match="no longer answers"):
        list(api.follow("one", told.append))
    assert len(told) == 1
    assert 3 < time.monotonic() - began < 30


def test_one_request_that_fails_after_a_long_silence_is_tried_again(head, jobs, monkeypatch):
    """A job that waits for spot nodes says nothing for hours."""
    monkeypatch.setattr(jobs, "ANSWER_S", 10.0)
    monkeypatch.setattr(jobs, "GONE_S", 0.5)
    api = api_of(jobs, head)
    told, lines = [], []

    def follow():
        lines.extend(api.follow("one", told.append))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    while head.asked < 2:  # two looks, seconds apart, at a job that says nothing
        time.sleep(0.05)
    head.failing.set()
    while not told:
        time.sleep(0.02)
    head.failing.clear()
    head.over = True
    thread.join(20)
    assert not thread.is_alive()
    assert lines == ["the end"]
    assert len(told) == 1


FOLLOW = """
import sys
sys.path[:0] = {tests!r}
import test_ray_jobs
from ray.job_submission import JobSubmissionClient
from cnnjobs.remote import jobs_client

head = test_ray_jobs.StuckHead()
api = test_ray_jobs.api_of(jobs_client, head)
jobs_client.SILENT_S = 0.2


async def silent(self, identity):
    import asyncio
    head.stuck.set()
    print("silent", flush=True)
    await asyncio.sleep(60)
    yield ""


JobSubmissionClient.tail_job_logs = silent
try:
    list(api.follow("one", print))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_while_a_request_is_never_answered_ends_at_once():
    script = FOLLOW.format(tests=[str(folder) for folder in Path(__file__).parents[:2]])
    with StartedProcess([sys.executable, "-c", script], stderr=None) as process:
        assert process.stdout.readline() == "silent\n"
        time.sleep(1)  # it asks for the job by now
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        told = process.ended(50)
    assert told == "interrupted\n"
    assert time.monotonic() - began < 10
