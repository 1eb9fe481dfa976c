"""The engine that runs everything in this process, one trial after the other: for tests and debuggers."""

from functools import partial

from cnnjobs.engine.base import Attempt, OnMessage, Work, Worker
from cnnjobs.planning.trials import Trial


class InlineEngine:
    """Runs trials in this process, in order."""

    def run(self, work: Work, on_message: OnMessage) -> None:
        """Run the trials, one worker for all of them, until one fails: then a new one."""
        made: list[Worker] = []

        def ready(trial: Trial) -> tuple[Worker, Trial]:
            if not made:
                made.append(work.new_worker())
            return made[0], trial

        with work.user_modules.importable():
            order = work.starts()
            while (place := order.next()) is not None:
                trial = work.trials[place]
                attempt = Attempt(partial(ready, trial), passes=(KeyboardInterrupt,))
                for message in attempt.messages():
                    on_message(trial, message)
                order.freed(trial)
                if attempt.spoilt:
                    made.clear()

    def close(self) -> None:
        """Nothing was started."""
