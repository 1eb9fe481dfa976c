"""A head that takes jobs over HTTP without a Ray: it unpacks what is uploaded and runs commands in its own home.

The client is Ray's, the commands are real; what a Ray adds, a cluster's tests show.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from support.http_server import serving_with

ROOT = Path(__file__).parents[2]


class JobsHead:
    """What the head knows and does.

    Args:
        room: a folder for its home and its uploads.
    """

    def __init__(self, room: Path):
        self.home, self._room = room / "home", room
        self.home.mkdir(parents=True)
        self.jobs, self._packages, self._processes = {}, {}, {}

    def add(self, identity, job, status, results="results", started=None):
        """A submit of some time ago."""
        metadata = {"cnnjobs": "submit", "job": job, "results": results, "typed": f"cnnjobs submit {job}.py"}
        self.jobs[identity] = self._details(identity, metadata, status, started or len(self.jobs) + 1)

    def restart(self):
        """Forget all jobs, as a Ray does that is started again."""
        self.jobs.clear()

    @staticmethod
    def _details(identity, metadata, status, started):
        return {
            "type": "SUBMISSION",
            "submission_id": identity,
            "entrypoint": "",
            "status": status,
            "metadata": metadata,
            "start_time": int(1000 * started),
            "driver_exit_code": 0 if status == "SUCCEEDED" else None,
        }

    def submit(self, asked):
        identity = asked["submission_id"]
        folder = self._room / identity
        name = asked["runtime_env"]["working_dir"].rpartition("/")[2]
        with zipfile.ZipFile(io.BytesIO(self._packages[name])) as package:
            package.extractall(folder)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {"HOME": str(self.home), "PATH": path, "PYTHONPATH": f"{folder}:{ROOT}"}
        with open(self._room / f"{identity}.log", "w") as log:
            self._processes[identity] = subprocess.Popen(
                asked["entrypoint"], shell=True, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.jobs[identity] = self._details(identity, asked["metadata"], "RUNNING", time.time())
        return {"job_id": identity, "submission_id": identity}

    def look(self, identity):
        details, process = self.jobs[identity], self._processes.get(identity)
        if process is not None and details["status"] == "RUNNING" and process.poll() is not None:
            details["driver_exit_code"] = process.returncode
            details["status"] = "FAILED" if process.returncode else "SUCCEEDED"
        return details

    def answer(self, method, path, body):
        """Return the JSON for a request; None where there is nothing."""
        kind, *rest = path.removeprefix("/api/").strip("/").split("/")
        if kind == "packages":
            if method == "PUT":
                self._packages[rest[-1]] = body
            return {} if rest[-1] in self._packages else None
        if kind != "jobs":
            return {"authentication_mode": {"authentication_mode": "disabled"}, "version": VERSION}.get(kind)
        if not rest:
            return self.submit(json.loads(body)) if method == "POST" else [self.look(one) for one in self.jobs]
        identity, *what = rest
        if what == ["stop"]:
            self.jobs[identity]["status"] = "STOPPED"
            return {"stopped": True}
        if what == ["logs"]:
            self.look(identity)
            log = self._room / f"{identity}.log"
            return {"logs": log.read_text() if log.exists() else f"the log of {identity}\n"}
        if what:
            return None  # the log's stream: the client then asks for the log
        if method == "DELETE":
            del self.jobs[identity]
            return {"deleted": True}
        return self.look(identity)


VERSION = {"version": "4", "ray_version": "2.60.0", "ray_commit": "abc"}


@contextlib.contextmanager
def serving(head):
    """Serve it; give its URL."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told = head.answer(self.command, self.path, body)
            content = json.dumps(told).encode()
            self.send_response(404 if told is None else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815

        def log_message(self, *_):
            pass

    with serving_with(Handler) as url:
        yield url
