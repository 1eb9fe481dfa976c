"""Run as a program: commands under surroundings that are broken, each in a forked process, which has imported already.

Reads a JSON object {name: [code that breaks something, words...]} and prints a JSON line a command.
"""

import contextlib
import json
import os
import sys
import time
import traceback

import matplotlib.figure  # noqa: F401 - the slow imports, once for all

import cnnjobs.cli
import cnnjobs.run.aggregate
import cnnjobs.run.backends as backends
import cnnjobs.run.submit
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.report.write import Written
from support.fakes import fake_worker


def run(breaking, words):
    """Run one command; return its exit code, what it printed, and its seconds."""
    reading, writing = os.pipe()
    began = time.perf_counter()
    child = os.fork()
    if not child:
        code = 99
        try:
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            exec(breaking, {"os": os})
            if words[0] == "submit":  # its report takes seconds
                cnnjobs.run.aggregate.write_document = lambda *_: Written("report", None, ())
            cnnjobs.cli.main(words, prog_name="cnnjobs")
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            traceback.print_exc()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said, time.perf_counter() - began


if __name__ == "__main__":
    backends.open_engine = lambda **_: InlineEngine()
    backends.open_worker = fake_worker
    for name, (breaking, *words) in json.load(sys.stdin).items():
        print(json.dumps([name, *run(breaking, words)]), flush=True)
