"""Archives of arrays: members that lie, that are huge, that would run code, and zip files with damage."""

import io
import os
import pickle
import random
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
from bounded import CANARY
from support.zips import deflated, header_of, write_zip, zeros

PLAIN = b"from cnnjobs import *\nbase = Variant(model=vgg(blocks=1, filters=2, dense=4), optimizer=SGD(0.01), epochs=1, batch_size=4)\n"
JOB = PLAIN + b"job = Job(name='tiny', dataset='data.npz', repeats=1, variants={'one': base})\n"

GROUPED = (
    PLAIN + b"job = Job(name='tiny', dataset=Npz('data.npz', group='patient'), repeats=1, variants={'one': base})\n"
)
"""A job whose pictures have groups, which are in an array of that name."""

SIX_GB = 6 << 30


class Runs:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Say what unpickling does."""
        return os.mkdir, (CANARY,)


def make(draw: random.Random, folder: Path) -> list[str]:
    """Write an archive and return the words of a command that reads it."""
    path = folder / draw.choice(["data.npz"] * 8 + ["DATA.NPZ", "dätä.npz", "a\x1b[2J.npz", "a\nb.npz"])
    draw.choices([_members, _damaged, _huge, _file, _zip], [8, 6, 2, 1, 3])[0](draw, path)
    if draw.random() < 0.5:
        return ["show", str(path)]
    (folder / "job.py").write_bytes(draw.choice([JOB, JOB, GROUPED]))
    return [*draw.choice([["plan", "job.py", "--no-sizes"], ["submit", "job.py"]]), "--dataset", str(path)]


def plain(draw: random.Random) -> dict[str, np.ndarray]:
    """Return arrays that are a data set."""
    count, classes = draw.choice([12, 30, 60]), draw.choice([2, 3, 5])
    random_ = np.random.RandomState(draw.randrange(1000))
    shape = draw.choice([(count, 8, 8), (count, 8, 8, 1), (count, 8, 8, 3)])
    images = random_.randint(0, 256, shape).astype(np.uint8)
    labels = np.arange(count) % classes
    arrays = {"x_train": images, "y_train": labels}
    if draw.random() < 0.5:
        arrays |= {"x_test": images[:6], "y_test": labels[:6]}
    if draw.random() < 0.3:
        arrays |= {"x_val": images[6:], "y_val": labels[6:]}
    if draw.random() < 0.4:
        patients = random_.randint(0, draw.choice([1, 2, 4, 12, count]), count)
        arrays |= {"patient": draw.choice([patients, patients.astype(str), patients * 1.0, patients[:, np.newaxis]])}
        for name in draw.sample(["val", "test"], draw.choice([0, 1, 2])):
            arrays[f"patient_{name}"] = patients[: len(arrays.get(f"y_{name}", ()))]
    return arrays


def _odd(draw: random.Random, array: np.ndarray) -> np.ndarray:
    """Return another array in its place."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        ways = [
            lambda: array.astype(
                draw.choice(
                    ["f2", "f4", "f8", "i1", "i8", "u8", "c8", "?", ">f4", ">i8", "S3", "U3", "f16", "M8[s]", "m8[D]"]
                )
            ),
            lambda: np.asfortranarray(array),
            lambda: array[: draw.choice([0, 1, 2, 5])],
            lambda: np.concatenate([array, array[:1]]),
            lambda: array.reshape(-1),
            lambda: array[None],
            lambda: array[..., None, None],
            lambda: np.array(3),
            lambda: np.zeros((0, 8, 8), np.uint8),
            lambda: np.zeros((12, 0, 8), np.uint8),
            lambda: np.full(array.shape, draw.choice([np.nan, np.inf, -1.0, 1e30, 2.0, 0.5]), np.float32),
            lambda: np.zeros(array.shape[0], dtype=[("a", "i4"), ("b", "f8", (3,))]),
            lambda: np.array([Runs()] * len(array), dtype=object),
            lambda: np.array(["a", "b"] * (len(array) // 2)),
            lambda: np.full(array.shape, draw.choice([-1, 2**62, -(2**62), 10**6]), np.int64),
            lambda: np.eye(3, dtype=np.float32)[np.arange(len(array)) % 3],
            lambda: array[:, None] if array.ndim == 1 else array[:, :1],
            lambda: np.zeros((len(array), 1, 1), np.uint8),
            lambda: np.zeros((len(array), 1, 70_000, 3), np.uint8),
            lambda: np.full(array.shape, 2**63, np.uint64),
            lambda: np.arange(len(array)),
            lambda: np.ma.masked_array(array, mask=True).filled(0),
        ]
        try:
            return draw.choice(ways)()
        except (ValueError, TypeError, IndexError):
            return np.zeros(3)


def _members(draw: random.Random, path: Path) -> None:
    arrays = plain(draw)
    for key in draw.sample(list(arrays), draw.choice([1, 1, 2])):
        way = draw.random()
        if way < 0.75:
            arrays[key] = _odd(draw, arrays[key])
        elif way < 0.9:
            del arrays[key]
        else:
            arrays[
                draw.choice(["", "X_train", "x_train.npy", "../x", "x_train ", "\x1b[2J", "file", "allow_pickle"])
            ] = arrays.pop(key)
    if draw.random() < 0.2:
        arrays["other"] = np.array([Runs()], dtype=object)
    with zipfile.ZipFile(
        path, "w", draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    ) as archive:
        for key, array in arrays.items():
            archive.writestr(f"{key}.npy", _npy(array))


def _npy(array: np.ndarray) -> bytes:
    sink = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.save(sink, array, allow_pickle=True)
    return sink.getvalue()


def _damaged(draw: random.Random, path: Path) -> None:
    """Flip, cut or repeat bytes of the archive or of one member's header."""
    arrays = plain(draw)
    if draw.random() < 0.5:
        key = draw.choice(list(arrays))
        content = bytearray(_npy(arrays[key]))
        header = draw.choice(
            [
                b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 8, 8), }",
                b"{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 8, 8), }",
                b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 8), }",
                b"{'descr': '|u1', 'fortran_order': True, 'shape': (12, 8), }",
                b"{'descr': '|O', 'fortran_order': False, 'shape': (12,), }",
                b"{'descr': '|V4000000000', 'fortran_order': False, 'shape': (3,), }",
                b"{'descr': [('a', '<i4'), ('a', '<i4')], 'fortran_order': False, 'shape': (3,), }",
                b"{'descr': '<U500000000', 'fortran_order': False, 'shape': (12,), }",
                b"{'descr': 'x', 'fortran_order': False, 'shape': (12,), }",
                b"{'descr': '|u1', 'shape': (12,)}",
                b"(" * 500,
                b"{'descr': '|u1', 'fortran_order': 3, 'shape': 12}",
                b"__import__('os').mkdir('" + CANARY.encode() + b"')",
                b"\x00" * 20,
                b"{" + b"'a': 1, " * 2000 + b"}",
                b"{'descr': '|u1', 'fortran_order': False, 'shape': (12, 8, 8, 1, " + b"1, " * 60 + b")}",
                b"{'descr': '|u1', 'fortran_order': False, 'shape': (True, 8, 8)}",
                b"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 99999999999, 8)}",
            ]
        )
        made = b"\x93NUMPY" + bytes([draw.choice([1, 1, 1, 2, 3, 9]), 0]) + struct.pack("<H", len(header)) + header
        content = (
            bytearray(made + bytes(content[128:])) if draw.random() < 0.8 else content[: draw.randrange(len(content))]
        )
        with zipfile.ZipFile(path, "w") as archive:
            for name, array in arrays.items():
                archive.writestr(f"{name}.npy", bytes(content) if name == key else _npy(array))
        return
    sink = io.BytesIO()
    (np.savez_compressed if draw.random() < 0.5 else np.savez)(sink, **arrays)
    path.write_bytes(mutated(draw, sink.getvalue()))


def mutated(draw: random.Random, content: bytes) -> bytes:
    """Return bytes with damage."""
    way = draw.randrange(6)
    if way == 0:
        return content[: draw.randrange(len(content))]
    if way == 1:
        return draw.randbytes(draw.choice([1, 100])) + content
    if way == 2:
        return content + draw.randbytes(draw.choice([1, 100, 70_000]))
    changed = bytearray(content)
    places = range(len(changed)) if way in (3, 4) else range(max(0, len(changed) - 400), len(changed))
    for _ in range(draw.choice([1, 3, 30])):
        changed[draw.choice(places)] = draw.choice([0, 255, draw.randrange(256)])
    return bytes(changed)


def _huge(draw: random.Random, path: Path) -> None:
    """Write 6 GB of zeros into six megabytes: as images, as labels, as something that nobody asked for."""
    key = draw.choice(["x_train", "y_train", "x_test", "other", "other", "notes.txt"])
    shape = draw.choice([(SIX_GB // 64, 8, 8), (60, 10_000, 10_737), (SIX_GB,)]) if draw.random() < 0.8 else (12, 8, 8)
    header = header_of(shape)
    stream = zeros(header, SIX_GB)
    arrays = plain(draw) | {}
    members = {f"{name}.npy": deflated(_npy(array)) for name, array in arrays.items() if name != key}
    size = SIX_GB + len(header) if draw.random() < 0.8 else draw.choice([100, 0, 1 << 40])
    write_zip(path, members | {key if "." in key else f"{key}.npy": (stream, size, 0)})


def _file(draw: random.Random, path: Path) -> None:
    way = draw.randrange(8)
    if way == 0:
        path.mkdir()
    elif way == 1:
        os.mkfifo(path)
    elif way == 2:
        path.symlink_to(
            draw.choice(["/dev/zero", "/dev/random", "/dev/null", path.name, "/proc/self/mem", "/dev/stdin"])
        )
    elif way == 3:
        path.write_bytes(pickle.dumps(Runs()))
    elif way == 4:
        path.write_bytes(_npy(np.array([Runs()], dtype=object)))
    elif way == 5:
        path.write_bytes(_npy(np.zeros(3)))
    elif way == 6:
        with open(path, "wb") as stream:
            stream.truncate(7 << 30)
    else:
        path.write_bytes(
            draw.choice(
                [
                    b"",
                    b"PK",
                    b"PK\5\6" + bytes(18),
                    draw.randbytes(500),
                    b"\x93NUMPY\1\0\xff\xff{",
                    b"x_train,y_train\n1,2\n",
                ]
            )
        )


def _zip(draw: random.Random, path: Path) -> None:
    """Write a zip file with entries that are odd as such."""
    arrays = plain(draw)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        for name, array in arrays.items():
            info = zipfile.ZipInfo(
                draw.choice(
                    [f"{name}.npy"] * 6
                    + [name, f"../{name}.npy", f"/{name}.npy", f"{name}.npy/", f"{name}.NPY", f"d/{name}.npy"]
                )
            )
            info.external_attr = draw.choice([0, 0, 0o120777 << 16, 0o40755 << 16])
            archive.writestr(info, _npy(array))
            if draw.random() < 0.2:
                archive.writestr(f"{name}.npy", draw.choice([b"", _npy(array), b"/etc/passwd"]))
        for _ in range(draw.choice([0, 0, 0, 3000])):
            archive.writestr("x" * draw.randrange(1, 9), b"")
    content = path.read_bytes()
    if draw.random() < 0.5:
        for mark, offset in (
            (b"PK\1\2", draw.choice([8, 10, 20, 24, 28, 42])),
            (b"PK\3\4", draw.choice([6, 8, 18, 22, 26])),
        ):
            places = [place for place in range(len(content) - 50) if content[place : place + 4] == mark][:20]
            place = draw.choice(places) + offset
            content = (
                content[:place]
                + draw.choice([b"\1", b"\x63", b"\xff\xff", b"\xff\xff\xff\xff", b"\0\0"])
                + content[place + draw.choice([1, 2, 4]) :]
            )
        path.write_bytes(content)
