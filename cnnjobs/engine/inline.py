"""The engine that runs everything in this process, one trial after the other: for tests and debuggers."""

from cnnjobs.engine.base import OnMessage, Work, Worker, attempt


class InlineEngine:
    """Runs trials in this process, in order."""

    def run(self, work: Work, on_message: OnMessage) -> None:
        """Run all trials, one worker for all of them."""
        made: list[Worker] = []

        def make() -> Worker:
            if not made:
                made.append(work.new_worker())
            return made[0]

        for trial in work.trials:
            for message in attempt(make, trial):
                on_message(trial, message)
