"""How messages are composed: parts that end without a stop, and sentences that end in one."""

_ENDS = (".", "!", "?", ":", "…")


def clause(text: object) -> str:
    """Return a text as part of a sentence: on one line, without the stop at its end.

    Args:
        text: a sentence, or part of one; an exception says what it has to say.
    """
    line = " ".join(str(text).split())
    while line.endswith((".", ";", ",", " ")) and not line.endswith("..."):
        line = line[:-1]
    return line


def cause(error: BaseException) -> str:
    """Return why something failed, as part of a sentence: what the system says, or the error, or its kind.

    Args:
        error: of whatever library.
    """
    if isinstance(error, OSError) and error.strerror:
        return clause(error.strerror)
    return clause(error) or type(error).__name__


def sentence(text: object) -> str:
    """Return a text with one stop at its end.

    Args:
        text: a clause, or a sentence already; its lines stay as they are.
    """
    words = str(text).rstrip()
    return words if not words or words.endswith(_ENDS) else f"{words}."


def sentences(*texts: object) -> str:
    """Return texts one after the other, with a stop between them; empty ones are left out.

    Args:
        *texts: clauses or sentences; the last, which may be a command to copy, ends as it does.
    """
    said = [str(text).rstrip() for text in texts if str(text).strip()]
    return " ".join([*map(sentence, said[:-1]), *said[-1:]])
