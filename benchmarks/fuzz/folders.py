"""Folders: links in loops, devices, pipes, names of all kinds, deep nesting, parts that are missing."""

import contextlib
import os
import random
import socket
from pathlib import Path

from archives import JOB, PLAIN
from PIL import Image

NAMES = [
    "a b",
    "Größe",
    "猫",
    "\u202egod",
    "NA",
    "=1+1",
    "-x",
    "--help",
    "a'b",
    'a"b',
    "$HOME",
    "{}",
    "%s",
    "a" * 200,
    "\N{GRINNING FACE}",
    "train",
    "test",
    ".hidden",
    "con",
]
RAW = [b"\xff\xfe", b"a\nb", b"\x1b[2J", b"tab\t", b"\x7f"]


PATTERNS = ["^[0-9]", "([0-9]+)", "^(.)?", "[", "(a)|.", "(.+)/", "", "(?i)P", "^[^_]+", ".*"]
"""Expressions for groups: some find one in most names, some in none, one is none."""


def make(draw: random.Random, folder: Path) -> list[str]:
    """Write a folder, and return the words of a command that reads it."""
    root = folder / draw.choice(["pets"] * 8 + ["my pets", "pets.npz", "digits"])
    root.mkdir()
    classes = ["cat", "dog", *draw.sample(NAMES, draw.choice([0, 1, 2]))]
    parts = draw.choice(
        [
            *[[root]] * 6,
            *[[root / "train", root / "test"], [root / "train"], [root / "test", root / "Train"]],
            [root / "train", root / "val", root / "test"],
        ]
    )
    for part in parts:
        for name in draw.sample(classes, draw.choice([len(classes), len(classes), len(classes) - 1])):
            _class(draw, part / name, draw.choice([0, 1, 2, *[4] * 20]))
        if draw.random() < 0.3:
            (part / os.fsdecode(draw.choice(RAW))).mkdir(parents=True, exist_ok=True)
    for _ in range(draw.choice([0, 1, 1, 2])):
        with contextlib.suppress(FileExistsError):
            _odd(draw, root / "cat")
    path = str(
        draw.choice(
            [*[root] * 30, root / "cat", f"{root}/", folder / "no such", "/dev", "/proc/self/fd", "/dev/zero", "~"]
        )
    )
    if draw.random() < 0.5:
        return ["show", path]
    grouped = f"job = Job(name='tiny', dataset=ImageFolder('pets', group={draw.choice(PATTERNS)!r}), repeats=1, "
    (folder / "job.py").write_bytes(draw.choice([JOB, JOB, PLAIN + f"{grouped}variants={{'one': base}})\n".encode()]))
    return [*draw.choice([["plan", "job.py", "--no-sizes"], ["submit", "job.py"]]), "--dataset", path]


def _class(draw: random.Random, folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("L", (8, 8), number * 30).save(folder / f"{draw.choice(['', '', 'ä', ' '])}{number}.png")


def _odd(draw: random.Random, folder: Path) -> None:
    """Put something into a class that is no picture."""
    folder.mkdir(exist_ok=True)
    names = ["odd.png", "odd.jpg", "odd", "x\ny.png", "-.png", os.fsdecode(b"\xff.png")]
    odd = folder / draw.choice([name for name in names if not os.path.lexists(folder / name)])
    way = draw.randrange(12)
    if way == 0:
        odd.symlink_to(odd.name)
    elif way == 1:
        odd.symlink_to("..")
    elif way == 2:
        odd.symlink_to(draw.choice(["/dev/zero", "/dev/null", "/proc/self/mem", "/", "/nothing"]))
    elif way == 3:
        os.mkfifo(odd)
    elif way == 4:
        odd.mkdir()
    elif way == 5:
        place = folder
        for _ in range(draw.choice([50, 900])):
            place /= "d"
        os.makedirs(place)
        (place / "deep.png").write_bytes(b"")
    elif way == 6:
        before = os.getcwd()
        os.chdir(folder)
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(f"odd{draw.randrange(99)}.png")
        os.chdir(before)
    elif way == 7:
        odd.write_bytes(b"no picture")
        odd.chmod(0)
    elif way == 8:
        with open(odd, "wb") as stream:
            stream.truncate(5 << 30)
    elif way == 9:
        for number in range(1500):
            (folder.parent / f"c{number}").mkdir()
    elif way == 10:
        os.makedirs(folder / "a" / "b")
        os.symlink("../..", folder / "a" / "b" / "c")
    else:
        os.link(folder / "0.png", odd) if (folder / "0.png").exists() else odd.touch()
