"""Shows a job on a cluster on a page of this machine: its head tells what there is, through the log of a job of Ray."""

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cnnjobs.errors import ClusterError, ClusterLost, CnnjobsError
from cnnjobs.files.uris import refuse_keys
from cnnjobs.live.board import Board
from cnnjobs.live.view import JobView
from cnnjobs.live.watch import EVERY_S, REMOTE_S, serve
from cnnjobs.process.private_folder import private_folder
from cnnjobs.remote.follow import pick, store_of
from cnnjobs.remote.remote_submit import new_identity, reach, reach_named, send
from cnnjobs.run.calling_machine import ON_HEAD, on_head
from cnnjobs.store.files import Files

if TYPE_CHECKING:
    from cnnjobs.remote.jobs_client import JobsApi

MARK = "@live "
"""What lines begin with that change the page."""

LASTS_S = 600.0
"""So long the head tells what there is; who still looks asks again. Nothing is left there for longer."""

QUIET_S = 60.0
"""While nothing runs the head is asked again after so long, and nothing of it runs in between."""

KIND = "watch"
"""The command, as Ray's list of jobs has it."""


class RemoteSource:
    """The results of a job on a cluster's head.

    Args:
        address: of the cluster's dashboard.
        place: the job's folder there, or its URI.
        insecure: whether it may be a cluster that asks for no token.
        api: the cluster's jobs; None to open them in the thread that shows them.
    """

    def __init__(self, address: str, place: str, *, insecure: bool, api: "JobsApi | None" = None) -> None:
        self._address, self._place, self._insecure, self._api = address, place, insecure, api
        self._wanted = threading.Event()
        self._identity: str | None = None

    def run(self, board: Board, over: threading.Event) -> None:
        """Show what the head tells while somebody looks."""
        while not over.is_set():
            if not board.wait_for_tabs(0.5) or over.is_set():
                continue
            try:
                self._listen(board, over)
            except CnnjobsError as error:
                board.take({"set": {"trouble": str(error)}})
                self._wait(over, 10.0)

    def look(self) -> None:
        """Show the comparison of what there is: the head is asked anew, with that."""
        self._wanted.set()
        self._stop()

    def show(self, board: Board) -> None:
        """Show the end: what the head told last."""

    def close(self) -> None:
        """Leave nothing running there."""
        self._stop()

    def _listen(self, board: Board, over: threading.Event) -> None:
        """Take in what the head tells until it ends, and wait as long as it says."""
        if board.is_empty:
            board.take({"set": {"now": {"state": "waiting", "text": "Asking the head of the cluster."}}})
        api = self._api = self._api or reach(self._address, insecure=self._insecure)
        words = ["tell", self._place, *(["--look"] if self._wanted.is_set() else [])]
        self._wanted.clear()
        identity = self._identity = new_identity(KIND)
        again, why = 0.0, ""
        try:
            with tempfile.TemporaryDirectory(prefix="upload-", dir=private_folder()) as folder:
                send(api, words, Path(folder), identity, KIND, {})
            for line in api.follow(identity, lambda trouble: board.take({"set": {"trouble": trouble}})):
                if over.is_set() or not board.tabs:
                    break
                if not line.startswith(MARK):
                    why = line.removeprefix(ON_HEAD) or why
                    continue
                told = json.loads(line.removeprefix(MARK))
                again = told.pop("again", again)
                board.take({**told, "drop": [*told.get("drop", ()), "trouble"]})
        except ValueError as error:
            raise ClusterLost("What the head told of the job is damaged.") from error
        finally:
            self._stop()
            with suppress(ClusterError):
                api.forget(identity)
        if not again and not self._wanted.is_set() and not over.is_set() and board.tabs:
            raise ClusterError(f"The head sent nothing about {self._place}: {why or 'it did not say why'}")
        self._wait(over, again)

    def _wait(self, over: threading.Event, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not over.is_set() and not self._wanted.is_set():
            over.wait(0.2)

    def _stop(self) -> None:
        """End what tells on the head, if something does."""
        identity, self._identity = self._identity, None
        if identity is not None and self._api is not None:
            with suppress(ClusterError):
                self._api.stop(identity)


def watch_there(address: str | None, results: str | None, *, port: int, opens: bool, insecure: bool) -> None:
    """Serve the page of a job on a cluster until Ctrl-C.

    Args:
        address: of its dashboard.
        results: the job's folder on its head; None for that of the newest job, one that runs before others.
        port: of the page; 0 for one that is free.
        opens: whether to open it in the browser of this machine.
        insecure: whether it may be a cluster that asks for no token.

    Raises:
        ClusterError: if it cannot be reached, or has no job.
    """
    refuse_keys(results or "", "RESULTS")
    api = reach_named(address, insecure=insecure)
    place = results if results is not None else store_of(pick(api, None, running=True).metadata)
    serve(RemoteSource(api.cluster.url, place, insecure=insecure, api=api), port=port, opens=opens)


def told(place: str, *, look: bool, lasts_s: float = LASTS_S) -> Iterator[str]:
    """Yield what there is of a job, and what changes, as lines; runs on the head.

    Ends after a while, or at once when nothing runs, with how soon to ask again.

    Args:
        place: the job's folder.
        look: whether the comparison is to be shown.
        lasts_s: seconds after which it ends.
    """
    files = Files(place)
    view, board = JobView(files, on_head(place)), Board()
    if look:
        view.look()
    until = time.monotonic() + lasts_s
    every_s = EVERY_S if files.is_local else REMOTE_S
    with board.tab() as tab:
        rounds = 0
        while True:
            board.show(view.parts())
            rounds += 1
            while (change := tab.next(0)) is not None:
                yield MARK + change
            settled = rounds > 4 and view.found and not view.running
            if settled or time.monotonic() > until:
                yield MARK + json.dumps({"again": QUIET_S if settled else 0.01})
                return
            time.sleep(every_s)
