"""Contenders take turns, each in a process of its own; who begins changes from round to round."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from benchmarks.commands import Command, Ran, run
from benchmarks.part import ROOT, Measurement

Prepare = Callable[[str], Command]
"""Makes the folder of a run, by a name that no other has, and the command."""

Read = Callable[[Ran, Command], dict[str, object]]
"""Makes quantities of what became of a command; raises `ValueError` if it did not do its work."""


def order(names: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Return the contenders in the order of a round: each is the first once in as many rounds as there are."""
    place = number % len(names) if names else 0
    return names[place:] + names[:place]


def race(contenders: Mapping[str, tuple[Prepare, Read]], rounds: int, timeout_s: float) -> Iterator[Measurement]:
    """Run each contender once a round. One that fails is recorded with its error, and the others go on.

    Args:
        contenders: name -> how its command is made, and how its result is read.
        rounds: number of them.
        timeout_s: for one run of one contender.
    """
    for number in range(rounds):
        for name in order(tuple(contenders), number):
            prepare, read = contenders[name]
            found = _one(prepare(f"{name}-{number}".replace(" ", "-")), read, timeout_s)
            tell(f"round {number + 1} of {rounds}: {name}: {_short(found)}")
            yield Measurement(number, name, found)


def apart(number: int, module: str, words: Sequence[str], contenders: Iterable[str]) -> Iterator[Measurement]:
    """Let a process of its own measure a round of contenders that share one.

    Args:
        number: of the round.
        module: is run with `-m`; the last line that it prints is JSON, contender -> quantities.
        words: of its command line.
        contenders: those that have failed if it fails.
    """
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        error = f"its process ended with exit code {done.returncode}:\n{done.stderr[-3000:]}"
        found = {name: {"error": error} for name in contenders}
    else:
        found = json.loads(done.stdout.splitlines()[-1])
    for name, own in found.items():
        tell(f"round {number + 1}: {name}: {_short(own)}")
        yield Measurement(number, name, own)


def tell(text: str) -> None:
    """Say how far it is."""
    print(text, file=sys.stderr, flush=True)


def _one(command: Command, read: Read, timeout_s: float) -> dict[str, object]:
    ran = run(command, timeout_s)
    if ran.code is None:
        return {"error": f"it took longer than {timeout_s:.0f} s, with {ran.results} results:\n{ran.screen}"}
    if ran.code:
        return {"error": f"it ended with exit code {ran.code}:\n{ran.screen}"}
    try:
        return read(ran, command)
    except ValueError as error:
        return {"error": f"{error}\n{ran.screen}"}


def _short(found: dict[str, object]) -> str:
    if "error" in found:
        return str(found["error"])
    return ", ".join(f"{name} {value:.2f}" for name, value in found.items() if isinstance(value, float))
