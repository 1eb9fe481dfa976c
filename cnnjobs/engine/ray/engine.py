"""The engine on Ray: opens a session, and has Tune run the trials there."""

from cnnjobs.engine.base import OnMessage, Work
from cnnjobs.engine.environment import IMPORTED_WITHIN
from cnnjobs.engine.ray.session import Session
from cnnjobs.engine.stall import FIRST_S
from cnnjobs.process.variables import variables


class RayEngine:
    """Runs trials on a Ray.

    Args:
        session: which one.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, work: Work, on_message: OnMessage) -> None:
        """Run all trials. A Ray that is ended when all of them have ended is no error: nothing can be lost any more."""
        limit = None if work.timeout_s is None else str(max(work.timeout_s, FIRST_S))
        run = None
        try:
            with variables({IMPORTED_WITHIN: limit}), self._session.opened(work.nbytes, work.resources):
                from cnnjobs.engine.ray.tune import TuneRun  # noqa: PLC0415 - takes a second, in which workers start

                run = TuneRun(self._session)
                run.run(work, on_message)
        except Exception:
            if run is None or not run.over:
                raise

    def close(self) -> None:
        """Wait until the Ray is left."""
        self._session.close()
