"""Results folders: files that are damaged, of other tools, empty, or no files at all."""

import contextlib
import json
import os
import random
from pathlib import Path

import numpy as np
import pandas as pd
from archives import JOB, mutated

from cnnjobs.files.digests import document_digest, with_digest

ODD = [
    None,
    0,
    -1,
    1.5,
    "",
    "x\x1b[2J",
    [],
    {},
    [None],
    True,
    10**30,
    "a" * 9999,
    ["\ud800"],
    {"a": {}},
    "../..",
    float("nan"),
]


def make(draw: random.Random, folder: Path) -> list[str]:
    """Write results with damage, and return the words of a command that reads them."""
    import support.stores as stores

    root = folder / "results"
    for number in range(draw.choice([1, 1, 2])):
        stores.made_up_store(root, job=f"job{number}", runs=2, class_names=("a", "b", "c"))
    for _ in range(draw.choice([1, 1, 1, 3])):
        with contextlib.suppress(OSError):  # what is damaged already may be no file any more
            _damage(
                draw, draw.choice([file for file in root.rglob("*") if file.is_file()] or [root / "job0" / "job.json"])
            )
    path = str(
        draw.choice([root, root, root / "job0", root / "job0" / "trials", folder / "none", root / "job0" / "job.json"])
    )
    (folder / "job.py").write_bytes(JOB.replace(b"'data.npz'", b"'digits'").replace(b"'tiny'", b"'job0'"))
    return draw.choice(
        [
            ["status", path],
            ["aggregate", path],
            ["verify", path],
            ["verify", path, "--repair"],
            ["plan", "job.py", "--no-sizes", "--results", path],
            ["submit", "job.py", "--results", path],
            ["aggregate", path, "--curves", draw.choice(["a", "job0/a", "nothing"])],
        ]
    )


def _damage(draw: random.Random, file: Path) -> None:
    way = draw.randrange(11)
    if way in (0, 1):
        content = mutated(draw, file.read_bytes())
        signed = draw.random() < 0.5 and file.suffix == ".parquet"  # as if it had been written so
        file.write_bytes(with_digest(content, file.name) if signed else content)
    elif way == 2 and file.suffix == ".json":
        _odd_job(draw, file)
    elif way == 3:
        file.write_bytes(
            draw.choice([b"", b"PAR1", b"PAR1PAR1", b"{}", b"[" * 10**5, b"null", b"\xff\xfe", bytes(5000)])
        )
    elif way == 4:
        file.unlink()
        file.mkdir()
    elif way == 5:
        file.unlink()
        os.mkfifo(file)
    elif way == 6:
        file.unlink()
        file.symlink_to(draw.choice(["/dev/zero", "/dev/null", file.name, "/etc/passwd", ".."]))
    elif way == 7:
        _of_other_tools(draw, file.parent / draw.choice([file.name, "other.parquet", "part-0.parquet"]))
    elif way == 8:
        file.parent.joinpath(
            draw.choice([".hidden", "x\ny", "a.part", os.fsdecode(b"\xff.parquet"), "notes.txt"])
        ).write_bytes(b"x")
    elif way == 9:
        file.unlink()
    else:
        place = file.parent
        for child in place.iterdir():
            if child.is_file() or child.is_symlink():
                child.unlink()


def _of_other_tools(draw: random.Random, file: Path) -> None:
    frame = draw.choice(
        [
            pd.DataFrame({"a": [1, 2]}),
            pd.DataFrame({"trial_id": [1, 2], "variant": ["a", None]}),
            pd.DataFrame(
                {
                    "trial_id": ["x"],
                    "condition_id": ["c"],
                    "variant": ["a\x1b[2J"],
                    "status": ["odd"],
                    "repeat": [-1],
                    "fold": [10**9],
                }
            ),
            pd.DataFrame({"trial_id": ["t0-0"], "test_accuracy": [np.nan], "status": ["completed"]}),
            pd.DataFrame(),
            pd.DataFrame({"trial_id": [b"x"], "probabilities": [[0.5, 0.5]]}),
        ]
    )
    frame.to_parquet(file)
    if draw.random() < 0.7:
        file.write_bytes(with_digest(file.read_bytes(), file.name))


def _odd_job(draw: random.Random, file: Path) -> None:
    """Change a value of the stored job, as if somebody had written it with its digest."""
    document = json.loads(file.read_bytes())
    place, key = document, draw.choice(list(document))
    while isinstance(place[key], dict) and place[key] and draw.random() < 0.7:
        place, key = place[key], draw.choice(list(place[key]))
    way = draw.random()
    if way < 0.2:
        del place[key]
    else:
        place[key] = draw.choice(ODD)
    document.pop("digest", None)
    with contextlib.suppress(ValueError, TypeError):
        document["digest"] = document_digest(document)
    file.write_text(json.dumps(document), encoding="utf-8")
