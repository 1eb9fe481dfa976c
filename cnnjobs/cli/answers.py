"""Exit codes of commands that answer a question: 0 and 1 are answers, and nothing that went wrong is one of them."""

from cnnjobs.errors import NO_ANSWER, CnnjobsError

ANSWERING = ("gate",)
"""Commands whose exit code is an answer."""


class Answer(SystemExit):
    """The end of a command that has answered, with its exit code."""


def failure_code(command: str) -> int:
    """Return the exit code of a command that something went wrong in, which is no mistake of the user's.

    Args:
        command: its name.
    """
    return NO_ANSWER if command in ANSWERING else CnnjobsError.exit_code
