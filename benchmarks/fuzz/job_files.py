"""Job files: values of wrong types and sizes, texts that are no Python, files that are none, code that misbehaves."""

import inspect
import os
import random
import socket
from pathlib import Path

VALUES = """float("nan") | float("inf") | -float("inf") | -1 | 0 | 1 | 2 | 3 | -0.0 | 0.5 | 1.5 | 10**6 | 10**30 | -10**30
1e308 | 1e-320 | 2**31 | 2**63 | 2**64 | True | False | None | "" | " " | "a" | "\\0" | "\\n" | "\\ud800" | "\\x1b[2J"
"../x" | "/" | "." | ".." | "~nobody/x" | "a" * 10**5 | "x" * 300 | b"x" | bytearray(3) | [] | {} | () | set() | [[]]
lambda: 1 | lambda *a, **k: a[0] | object() | object | type | iter([]) | (x for x in range(3)) | range(10**9) | range(3)
... | NotImplemented | 1j | [1, 2] | (1,) | (1, 2, 3) | {"a": 1} | {1: 2} | {None: base} | {"one": base} | [base]
Path("x") | Path("/") | np.float32("nan") | np.int64(3) | np.array([1, 2]) | np.array(3) | np.bool_(True) | np.zeros((0,))
Decimal("NaN") | Decimal("1e99") | Fraction(1, 3) | LOOP | LOOPD | Evil() | EvilText("a") | EvilInt(3) | EvilDict(one=base)
base | SGD(0.1) | vgg() | Augment() | "digits" | "mnist2" | "test" | print | exit | __import__ | job_of | Job | Variant
"one" | "\\u202e" | "\\N{GRINNING FACE}" | "e\\u0301" | 3.0 | 2.0000001 | "3" | "nan" | ["split"] | ("init", "init") | "NA"
{"split"} | frozenset({"order"}) | Npz("x") | Npz("/dev/zero") | ImageFolder("/proc") | ImageFolder(".") | deep(2000)
np.dtype("f4") | slice(1) | memoryview(b"x") | type("T", (), {})() | Ellipsis | bool | [None] * 5 | {"a": float("nan")}"""

HEAD = """
import numpy as np
import cnnjobs
from cnnjobs import *
from cnnjobs.errors import *
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
LOOP = []; LOOP.append(LOOP)
LOOPD = {}; LOOPD["a"] = LOOPD
def deep(n):
    found = []
    for _ in range(n):
        found = [found]
    return found
class Evil:
    def __getattr__(self, name): raise RuntimeError("evil " + name)
    def __eq__(self, other): raise ValueError("evil")
    def __hash__(self): return 1
    def __repr__(self): raise TypeError("evil")
    def __bool__(self): raise OSError("evil")
    def __len__(self): return 2**62
    def __iter__(self): return iter(int, 1)
    def __float__(self): raise ArithmeticError
    def __index__(self): return -5
class EvilText(str):
    def __repr__(self): raise RuntimeError("evil")
    def strip(self): return self
    def __eq__(self, other): return True
    __hash__ = str.__hash__
class EvilInt(int):
    def __lt__(self, other): raise RuntimeError("evil")
    def __repr__(self): return "\\x1b[2J" * 3
class EvilDict(dict):
    def items(self): raise RuntimeError("evil")
    def __len__(self): return -1
base = Variant(model=vgg(blocks=1, filters=2, dense=4), optimizer=SGD(0.01), epochs=1, batch_size=4)
job_of = lambda **k: Job(**({"name": "tiny", "dataset": "digits", "repeats": 1, "variants": {"one": base}} | k))
"""

CODE = """raise Exception | raise BaseException("x") | raise SystemExit | raise SystemExit("bye") | raise KeyboardInterrupt
raise type("X", (Exception,), {"__str__": lambda s: 1/0})() | raise UnicodeDecodeError("a", b"b", 1, 2, "c") | 1/0
def f(): f()\\nf() | import nothing_of_this_name | import tensorflow.nothing | from . import x | from cnnjobs import nothing
del __builtins__ | __builtins__ = None | import sys; sys.path = None | x: int: int
import builtins; builtins.open = None | import os; os.chdir("/") | import sys; sys.argv = []
import sys; sys.stdout = None | import sys; sys.stderr = None | import sys; sys.setrecursionlimit(50)
raise CnnjobsError | raise cnnjobs.CnnjobsError("..") | raise MemoryError | raise RecursionError | raise StopIteration
raise GeneratorExit | raise ExceptionGroup("g", [ValueError("a")]) | assert 0, "\\x1b" | yield 1 | return 1 | await x
import os; os.environ.clear() | import sys; sys.exit(3) | import signal; signal.raise_signal(signal.SIGINT) | [] + 1
exec("\\x00") | eval("(" * 300) | compile("1", "\\0", "exec")
import sys; sys.tracebacklimit = 0 | import linecache; linecache.clearcache() | __file__ = None | __name__ = 3"""

TOKENS = [
    *"()[]{}:,='\"\\#\n\t\0\r\ufeff\u202eé猫@",
    "def",
    "class",
    "lambda",
    "async",
    "yield",
    "job",
    "base",
    "0x",
    "1e",
    "1_",
    "**",
    ":=",
    "if",
]
BYTES = [
    b"\xff\xfe",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\x80",
    b"\x1a",
    b"\r",
    b"# -*- coding: nonsense -*-\n",
    b"\xed\xa0\x80",
]


def split(text: str) -> list[str]:
    """Return the entries of a list that is written over several lines."""
    return [entry.strip() for line in text.splitlines() for entry in line.split(" | ")]


def make(draw: random.Random, folder: Path) -> list[str]:
    """Write a job file, and return the words of a command that reads it."""
    path = folder / draw.choice(
        ["job.py"] * 9 + ["Größe.py", "a b.py", "job", "job.txt", "x\ny.py", "-.py", "cnnjobs.py", "job.PY"]
    )
    way = draw.choices([_values, _code, _text, _file], [10, 3, 4, 1])[0]
    path = way(draw, path)
    return command(draw, str(path if draw.random() < 0.9 else path.name))


def command(draw: random.Random, job: str) -> list[str]:
    """Return the words of a command that reads a job file."""
    job = job if not job.startswith("-") else f"./{job}"
    return draw.choice(
        [
            ["plan", job, "--no-sizes"],
            ["plan", job, "--no-sizes"],
            ["submit", job],
            ["plan", job, "--no-sizes", "--audit", "one"],
            ["submit", job, "--half-width", "1", "--most-repeats", "3"],
            ["submit", "--decide", draw.choice((job, "0.5", "nan", "0,5", "")), job],
            ["plan", "--decide", job, "--no-sizes"],
            ["fit", job],
            ["show", "--job", job],
        ]
    )


def _values(draw: random.Random, path: Path) -> Path:
    """Give arguments of the words of job files values that are none."""
    import cnnjobs

    values = split(VALUES)
    words = [
        name
        for name in cnnjobs.__all__
        if name not in ("compare", "fit", "load_results", "plan", "predict", "statistics", "status", "submit", "verify")
    ]
    text = HEAD
    target = draw.random()
    if target < 0.5:
        names = [*inspect.signature(cnnjobs.Job).parameters]
        given = {name: draw.choice(values) for name in draw.sample(names, draw.choice([1, 1, 1, 2, 3]))}
        text += f"job = job_of({', '.join(f'{name}={value}' for name, value in given.items())})\n"
    elif target < 0.8:
        names = [*inspect.signature(cnnjobs.Variant).parameters]
        given = {name: draw.choice(values) for name in draw.sample(names, draw.choice([1, 1, 2]))}
        text += f"job = job_of(variants={{'one': base.but({', '.join(f'{k}={v}' for k, v in given.items())})}})\n"
    else:
        word = draw.choice([name for name in words if callable(getattr(cnnjobs, name, None))])
        try:
            names = [
                n
                for n in inspect.signature(getattr(cnnjobs, word)).parameters
                if n not in ("args", "kwargs", "options")
            ]
        except (TypeError, ValueError):
            names = []
        given = {name: draw.choice(values) for name in draw.sample(names, min(len(names), draw.choice([0, 1, 2])))}
        where = draw.choice(["model", "optimizer", "augment", "schedule", "callbacks"])
        text += f"part = {word}({', '.join(f'{k}={v}' for k, v in given.items())})\n"
        text += f"job = job_of(variants={{'one': base.but({where}={draw.choice(['part', '(part,)'])})}})\n"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return path


def _code(draw: random.Random, path: Path) -> Path:
    """Run something unexpected in the job file, before or after the job is made."""
    line = draw.choice(split(CODE)).replace("\\n", "\n")
    job = "job = job_of()\n"
    path.write_text(
        HEAD
        + draw.choice([f"{line}\n{job}", f"{job}{line}\n", f"{line}\n", f"def net(shape, classes):\n    {line}\n{job}"])
    )
    return path


def _text(draw: random.Random, path: Path) -> Path:
    """Write what is no Python, or not any more."""
    text = HEAD + "job = job_of()\n"
    way = draw.randrange(7)
    if way == 0:
        content = bytearray(text.encode())
        for _ in range(draw.choice([1, 2, 5, 50])):
            content[draw.randrange(len(content))] = draw.randrange(256)
    elif way == 1:
        for _ in range(draw.choice([1, 2, 10])):
            place = draw.randrange(len(text))
            text = text[:place] + draw.choice(TOKENS) + text[place + draw.choice([0, 0, 1, 5]) :]
        content = text.encode()
    elif way == 2:
        content = draw.choice(BYTES) + text.encode() + draw.choice(BYTES)
    elif way == 3:
        content = text.encode(draw.choice(["utf-16", "utf-32", "utf-8-sig", "cp037", "utf-7"]))
    elif way == 4:
        deep = draw.choice(
            ["(" * 400, "[" * 5000, "-" * 5000 + "1", "x=" * 3000, "9" * 6000, "'" * 7, "if 1:\n " * 200, "f'{" * 50]
        )
        content = (text + deep + "\n").encode()
    elif way == 5:
        content = draw.randbytes(draw.choice([0, 1, 10, 1000]))
    else:
        content = text.replace("\n", draw.choice(["\r", "\r\n", "\x0c\n", "\u2028"])).encode()
    path.write_bytes(bytes(content))
    return path


def _file(draw: random.Random, path: Path) -> Path:
    """Put something in its place that is no file, or none that can be read to its end."""
    way = draw.randrange(9)
    if way == 0:
        path.mkdir()
    elif way == 1:
        os.mkfifo(path)
    elif way == 2:
        path.symlink_to("/dev/zero")
    elif way == 3:
        path.symlink_to(path.name)
    elif way == 4:
        path.symlink_to("/dev/null")
    elif way == 5:
        place, before = path.name, os.getcwd()
        os.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(place)
        os.chdir(before)
    elif way == 6:
        with open(path, "wb") as stream:
            stream.truncate(5 << 30)  # a file of zeros that takes no room
    elif way == 7:
        return path.parent / draw.choice(["x" * 300, "no/such.py", "job.py/x", "a" * 5000, "..", ""])
    return path
