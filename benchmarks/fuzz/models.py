"""Model files: damaged, huge, with code in them, or of something else."""

import functools
import io
import json
import os
import pickle
import random
import zipfile
from pathlib import Path

import numpy as np
from archives import SIX_GB, Runs, mutated
from bounded import CANARY
from PIL import Image
from support.zips import deflated, write_zip, zeros

MEMBER = "cnnjobs.json"
ABOUT = {
    "format": 1,
    "class_names": ["cat", "dog"],
    "image_shape": [8, 8, 1],
    "dataset": {"kind": "Named", "name": "digits"},
    "variant": "one",
}
ODD = [
    None,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    {},
    [None],
    [1, 2],
    ["a", "a"],
    {"a": 1},
    True,
    10**30,
    "\x1b[2J",
    [["a"]],
    "NA",
    ["\ud800", "b"],
    2**31,
    [10**9, 10**9, 3],
    [0, 0, 0],
    [8, 8, 3],
    [-8, 8, 1],
    "digits",
    99,
]
CONFIG = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": []}, "registered_name": None}


def make(draw: random.Random, folder: Path) -> list[str]:
    """Write a model file, and return the words of a command that reads it."""
    path = folder / draw.choice(["model.keras"] * 6 + ["model.h5", "model", "a\x1b[2J.keras", "ä.keras"])
    draw.choices([_about, _damaged, _huge, _file, _code], [8, 5, 1, 1, 3])[0](draw, path)
    Image.new("L", (8, 8)).save(folder / "a.png")
    if draw.random() < 0.6:
        return [
            "predict",
            str(path),
            *draw.choice([["a.png"], ["."], ["no.png"], ["a.png", "a.png"]]),
            *draw.choice([[], ["--format", "csv"], ["--format", "json"], ["--top-k", "9"]]),
        ]
    return ["evaluate", str(path), *draw.choice([[], ["--dataset", "digits"], ["--dataset", "."], ["--format", "csv"]])]


def archive(about: object, config: object = CONFIG, **members: bytes) -> bytes:
    """Return a model file of these members."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as made:
        made.writestr("metadata.json", json.dumps({"keras_version": "3.15.0", "date_saved": "2026-01-01"}))
        made.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
        made.writestr("model.weights.h5", b"")
        made.writestr(MEMBER, about if isinstance(about, bytes) else json.dumps(about))
        for name, content in members.items():
            made.writestr(name, content)
    return sink.getvalue()


def _about(draw: random.Random, path: Path) -> None:
    """Let the file say odd things of itself."""
    about: object = json.loads(json.dumps(ABOUT))
    for _ in range(draw.choice([1, 1, 2])):
        way = draw.random()
        key = draw.choice(list(ABOUT))
        if way < 0.6:
            about[key] = draw.choice(ODD)
        elif way < 0.8:
            about.pop(key, None)
        else:
            about["dataset"] = draw.choice(
                [
                    {
                        "kind": draw.choice([*map(str, ODD), "Npz", "ImageFolder"]),
                        draw.choice(["path", "name", "size", "x"]): draw.choice(ODD),
                    },
                    {"kind": "Npz", "path": "/dev/zero"},
                    {"kind": "ImageFolder", "path": draw.choice(["/", ".", "a.png"])},
                ]
            )
    content = json.dumps(about).encode()
    if draw.random() < 0.2:
        content = draw.choice(
            [
                b"",
                b"null",
                b"[]",
                b"[" * 10**5,
                b"\xff",
                b'{"format": NaN}',
                b'{"format": 1e999}',
                b'{"a":' * 10**4,
                content[:-3],
                b"9" * 10**4,
            ]
        )
    path.write_bytes(archive(content))


def _damaged(draw: random.Random, path: Path) -> None:
    path.write_bytes(mutated(draw, archive(ABOUT)))


def _huge(draw: random.Random, path: Path) -> None:
    """Write 6 GB of zeros or blanks in place of a member."""
    stream = zeros(b"{", SIX_GB)
    huge = draw.choice([MEMBER, "config.json", "model.weights.h5", "metadata.json", "other"])
    members = {
        "metadata.json": deflated(b"{}"),
        "config.json": deflated(json.dumps(CONFIG).encode()),
        "model.weights.h5": deflated(b""),
        MEMBER: deflated(json.dumps(ABOUT).encode()),
    }
    write_zip(path, members | {huge: (stream, draw.choice([(6 << 30) + 1, (6 << 30) + 1, 50]), 0)})


def _file(draw: random.Random, path: Path) -> None:
    way = draw.randrange(6)
    if way == 0:
        path.mkdir()
    elif way == 1:
        os.mkfifo(path)
    elif way == 2:
        path.symlink_to(draw.choice(["/dev/zero", "/dev/null", path.name, "/proc/self/mem"]))
    elif way == 3:
        path.write_bytes(pickle.dumps(Runs()))
    elif way == 4:
        np.savez(path.open("wb"), a=np.zeros(3))
    else:
        path.write_bytes(draw.choice([b"", b"\x89HDF\r\n\x1a\n", b"PK\5\6" + bytes(18), draw.randbytes(99)]))


@functools.cache
def _lambda_layer() -> dict[str, object]:
    """Return a network with a layer of code, as Keras writes it: marshalled, in base 64."""
    import base64
    import marshal

    code = compile(f"import os; os.mkdir({CANARY!r})", "x", "exec")
    function = {
        "class_name": "__lambda__",
        "config": {"code": base64.b64encode(marshal.dumps(code)).decode(), "defaults": None, "closure": None},
    }
    layer = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "l", "function": function, "arguments": {}},
        "registered_name": None,
    }
    return CONFIG | {"config": {"name": "s", "layers": [layer]}}


def _code(draw: random.Random, path: Path) -> None:
    """Put code where Keras might look for it, and members that would be written elsewhere."""
    config = draw.choice(
        [
            _lambda_layer(),
            CONFIG | {"module": "os", "class_name": "mkdir", "config": CANARY},
            CONFIG
            | {"module": "builtins", "class_name": "eval", "config": {"source": f"__import__('os').mkdir({CANARY!r})"}},
            CONFIG | {"module": "subprocess", "class_name": "Popen", "config": {"args": ["mkdir", CANARY]}},
            CONFIG | {"registered_name": "x>y", "class_name": "Nothing"},
            {},
        ]
    )
    members = draw.choice([{}, {f"../{CANARY}": b"x"}, {"assets/x.pkl": pickle.dumps(Runs())}, {"x.py": b"1/0"}])
    path.write_bytes(archive(ABOUT, config, **members))
