"""Tables of pictures: values that are odd, rows cut and repeated, other encodings, damaged bytes, Parquet."""

import io
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from archives import mutated
from PIL import Image

NAMES = [f"{number:03}" for number in range(16)]

VALUES = [
    *("", " ", '"', '"x', "a|cat", "[1, 2]", "NA", "1.0", "nan", "-1", "1e999", "9" * 400, "=1+1", "'", "\0", "x\ny"),
    *(
        "../000",
        "/etc/passwd",
        "C:\\x\\000.png",
        "\\\\host\\000",
        "http://x/000.png?y",
        "*",
        "sub/000",
        "x" * 5000,
        "~",
    ),
    *("café", "cafe\u0301", "\u202e000", "\ufeff", "\N{CAT FACE}", "Cat ", "train", "valid", "PublicTest", "fold_1"),
]

JOB = """
from cnnjobs import Job, PictureTable, Variant, small_cnn
job = Job(name="fuzz", dataset=PictureTable({options}), variants={{"a": Variant(model=small_cnn(), epochs=1)}})
"""


def make(draw: random.Random, folder: Path) -> list[str]:
    """Write a table beside a folder of pictures, and return the words of a command that reads it."""
    for number, name in enumerate(NAMES):
        place = folder / "p" / draw.choice(["", "", "sub"])
        place.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), number * 9).save(place / f"{name}{draw.choice(['.png', '.PNG', '.bmp'])}")
    columns = {
        "id": [draw.choice(["{}", "{}", "{}.png", "p/{}.png"]).format(name) for name in NAMES],
        "label": [draw.choice(["cat", "dog"]) for _ in NAMES],
        "split": ["test" if number % 4 == 0 else "train" for number in range(16)],
        "patient": [f"p{number // 3}" for number in range(16)],
    }
    for _ in range(draw.choice([0, 1, 2, 8])):
        columns[draw.choice([*columns])][draw.randrange(16)] = draw.choice(VALUES)
    name = draw.choice(["labels.csv", "labels.csv", "labels.tsv", "labels.parquet"])
    content = _parquet(columns) if name.endswith("parquet") else _text(draw, columns)
    (folder / name).write_bytes(mutated(draw, content) if draw.random() < 0.3 else content)
    if draw.random() < 0.3:
        return ["show", name, *draw.choice([[], ["--strict"]])]
    chosen = draw.choice(['image="id", label="label"'] * 3 + ['image="label", label="id"', 'label=("label", "split")'])
    more = draw.sample(
        ['split="split"', 'group="patient"', 'folder="p"', 'suffix=".png"', "strict=True"], draw.randrange(4)
    )
    (folder / "job.py").write_text(JOB.format(options=", ".join([repr(name), chosen, *more])))
    return ["plan", "job.py", "--no-sizes"]


def _parquet(columns: dict[str, list[str]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def _text(draw: random.Random, columns: dict[str, list[str]]) -> bytes:
    separator, end = draw.choice(",,,;\t|"), draw.choice(["\n", "\n", "\r\n", "\r"])
    lines = [[*columns], *map(list, zip(*columns.values(), strict=True))]
    for _ in range(draw.choice([0, 0, 0, 1])):
        draw.choice(lines).append(draw.choice(VALUES))
    quoted = draw.random() < 0.5
    text = end.join(separator.join(f'"{value}"' if quoted else value for value in line) for line in lines) + end
    return text.encode(draw.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"]), "replace")
