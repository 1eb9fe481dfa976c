"""Jobs on a cluster, through Ray's Jobs API: submit, list, follow, stop."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ray.job_submission import JobSubmissionClient

from cnnjobs.engine.places import is_loopback
from cnnjobs.engine.quiet import silent_loggers
from cnnjobs.engine.ray.authentication import noticed
from cnnjobs.engine.token import MODE, cluster_token
from cnnjobs.errors import ClusterError, ClusterLost
from cnnjobs.process.variables import variables
from cnnjobs.remote.dashboard import Cluster

T = TypeVar("T")

KIND = "cnnjobs"
"""Key of the metadata that this project's jobs carry; its value is the command."""

CONNECT_S, ANSWER_S = 10.0, 60.0
"""Seconds that a request waits for a connection, and for an answer. Ray's client would wait for ever."""

SLOWEST = 20_000
"""Bytes a second that an upload has at least: the time for a connection bounds also how long a body may take."""

SILENT_S = 30.0
"""After so long without news from a log, its job is asked for by another request."""

GONE_S = 300.0
"""A cluster that has not answered for so long is taken for gone."""

PREFERRED = {"RAY_ADDRESS": None, "RAY_API_SERVER_ADDRESS": None}
"""Variables, and that there is none: the client would prefer them to the address it is given."""

NOT_READY, READY_S = "try again later", 60.0
"""What a cluster that has just been started says, and for how many seconds it may."""

STOP_S = 60
"""Seconds that a job has to end by itself when it is stopped."""


@dataclass(frozen=True)
class RemoteJob:
    """A job of this project on a cluster.

    Args:
        identity: Ray's submission id.
        status: PENDING, RUNNING, SUCCEEDED, FAILED or STOPPED.
        metadata: what it was submitted with.
        message: what Ray says of it.
        started: seconds since 1970; None before it has.
        ended: seconds since 1970; None before it has.
        exit_code: of its process; None before it has ended.
    """

    identity: str
    status: str
    metadata: Mapping[str, str]
    message: str
    started: float | None
    ended: float | None
    exit_code: int | None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status in ("SUCCEEDED", "FAILED", "STOPPED")


class _Client(JobSubmissionClient):
    """Ray's, whose requests end, and go to a port of this machine without a proxy, which would see the token."""

    def _do_request(self, *words: Any, **options: Any) -> Any:
        sending_s = CONNECT_S + len(options.get("data") or b"") / SLOWEST
        host = urlsplit(self._address).hostname or ""
        direct = {"proxies": {"no_proxy": host}} if is_loopback(host) else {}
        return super()._do_request(*words, **{"timeout": (sending_s, ANSWER_S), **direct, **options})


class JobsApi:
    """The jobs of one cluster.

    Args:
        cluster: as it was looked at.

    Raises:
        ClusterError: if the Jobs API cannot be used from here.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        token = cluster_token() if cluster.asks_for_token else variables({MODE: "disabled"})
        with variables(PREFERRED), noticed(token), _silent_ray():
            self._client = self._ask(lambda: _Client(cluster.url))

    def submit(self, words: str, folder: Path, identity: str, metadata: Mapping[str, str]) -> None:
        """Start a job.

        Args:
            words: the command, for a shell.
            folder: what it needs; it runs in a copy of it.
            identity: names it.
            metadata: is kept with it.
        """
        until = time.monotonic() + READY_S
        send = partial(
            self._client.submit_job,
            entrypoint=words,
            submission_id=identity,
            runtime_env={"working_dir": str(folder), "env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_S)}},
            metadata=dict(metadata),
        )
        while True:
            try:
                with _silent_ray():
                    self._ask(send)
            except ClusterError as error:
                if NOT_READY not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(2)
            else:
                return

    def jobs(self) -> list[RemoteJob]:
        """Return this project's jobs, the newest first."""
        jobs = [_job(details) for details in self._ask(self._client.list_jobs) if KIND in (details.metadata or {})]
        return sorted(jobs, key=lambda job: -(job.started or time.time()))

    def job(self, identity: str) -> RemoteJob:
        """Return how a job is."""
        return _job(self._ask(lambda: self._client.get_job_info(identity)))

    def log(self, identity: str) -> str:
        """Return all that a job has printed."""
        text: str = self._ask(lambda: self._client.get_job_logs(identity))
        return text

    def stop(self, identity: str) -> None:
        """Ask a job to end; it has `STOP_S` to do so."""
        self._ask(lambda: self._client.stop_job(identity))

    def forget(self, identity: str) -> None:
        """Take a job that has ended off the list."""
        with contextlib.suppress(ClusterError):
            self._ask(lambda: self._client.delete_job(identity))

    def wait(self, identity: str, within_s: float) -> RemoteJob:
        """Return a job when it has ended, or after so many seconds."""
        until = time.monotonic() + within_s
        while True:
            job = self.job(identity)
            if job.is_over or time.monotonic() > until:
                return job
            time.sleep(0.5)

    def follow(self, identity: str, on_trouble: Callable[[str], None]) -> Iterator[str]:
        """Yield the lines of a job's log until it has ended; a stream that is interrupted is taken up where it was.

        Args:
            identity: of the job.
            on_trouble: is told when requests begin to fail.

        Raises:
            ClusterLost: if the cluster has not answered for `GONE_S`.
        """
        seen, silent_since = 0, None
        while True:
            for number, line in enumerate(_lines(self._chunks(identity))):
                silent_since = None
                if number >= seen:
                    seen += 1
                    yield line
            try:
                if self.job(identity).is_over:
                    *whole, rest = self.log(identity).split("\n")
                    yield from [*whole, *([rest] if rest else [])][seen:]
                    return
                silent_since = None
            except ClusterError as error:
                if silent_since is None:
                    silent_since = time.monotonic()
                    on_trouble(f"the cluster at {self.cluster.url} does not answer; trying for {GONE_S / 60:g} minutes")
                elif time.monotonic() - silent_since > GONE_S:
                    raise ClusterLost(f"The cluster at {self.cluster.url} no longer answers.") from error
            time.sleep(2)

    def _chunks(self, identity: str) -> Iterator[str]:
        """Yield pieces of the log, from its beginning, until the stream ends or breaks."""
        with asyncio.Runner() as runner, _silent_ray():
            stream = self._client.tail_job_logs(identity)
            try:
                while (piece := runner.run(self._next(stream, identity))) is not None:
                    yield piece
            finally:
                with contextlib.suppress(RuntimeError):  # after Ctrl-C it may be at work still; the runner ends it
                    runner.run(stream.aclose())

    async def _next(self, stream: AsyncGenerator[str, None], identity: str) -> str | None:
        """Return the next piece; None when there is none. A silent stream is left when the job is over, or gone."""
        waiting = asyncio.ensure_future(anext(stream))
        try:
            while True:
                done, _ = await asyncio.wait([waiting], timeout=SILENT_S)
                if done:
                    return waiting.result()
                if (await _in_thread(lambda: self.job(identity))).is_over:
                    return None
        except (Exception, StopAsyncIteration):  # whatever broke it, it is taken up again
            return None
        finally:
            waiting.cancel()
            await asyncio.wait([waiting], timeout=1)  # a stream that is still at work cannot be closed

    def _ask(self, call: Callable[[], Any]) -> Any:
        """Return what a call of the client returns; what it raises becomes a ClusterError."""
        try:
            return call()
        except Exception as error:
            text = str(error).strip()
            first = text.splitlines()[-1] if text else type(error).__name__
            raise ClusterError(f"The cluster at {self.cluster.url} did not do what was asked for: {first}") from error


async def _in_thread(call: Callable[[], T]) -> T:
    """Return what a call returns, in a thread that nobody waits for on Ctrl-C, as `asyncio.to_thread` would."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, name="request", daemon=True).start()
    return await asyncio.wrap_future(future)


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    """Yield whole lines, without their ends."""
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + piece).split("\n")
        yield from whole


def _job(details: Any) -> RemoteJob:
    return RemoteJob(
        identity=str(details.submission_id),
        status=str(getattr(details.status, "value", details.status)),
        metadata=dict(details.metadata or {}),
        message=details.message or "",
        started=details.start_time / 1000 if details.start_time else None,
        ended=details.end_time / 1000 if details.end_time else None,
        exit_code=details.driver_exit_code,
    )


def _silent_ray() -> contextlib.AbstractContextManager[None]:
    """Return a context in which no logger of Ray's says anything; to be entered by one thread at a time."""
    return silent_loggers([name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "ray"])
