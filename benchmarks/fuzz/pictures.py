"""Pictures: cut short, flipped, of odd modes and sizes, bombs by their dimensions, and files that are none."""

import io
import os
import random
import struct
import zlib
from pathlib import Path

from archives import JOB, mutated
from bounded import CANARY
from PIL import Image, PngImagePlugin

MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16", "RGBa"]
FORMATS = [
    "PNG",
    "JPEG",
    "GIF",
    "BMP",
    "WEBP",
    "TIFF",
    "PPM",
    "ICO",
    "TGA",
    "PCX",
    "SGI",
    "JPEG2000",
    "ICNS",
    "DDS",
    "PDF",
    "EPS",
    "MPO",
    "AVIF",
]
SUFFIXES = [".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".avif", ".tga", "", ".PNG", ".JPG"]


def make(draw: random.Random, folder: Path) -> list[str]:
    """Write a folder of pictures, some of them odd, and return the words of a command that reads it."""
    root = folder / "pets"
    for name in ["cat", "dog", "emu"][: draw.choice([2, 2, 3])]:
        (root / name).mkdir(parents=True)
        for number in range(draw.choice([4, 6])):
            Image.new("RGB", (8, 8), (number * 20, 50, 90)).save(root / name / f"{number}.png")
    for number in range(draw.choice([1, 1, 2])):
        (root / "cat" / f"odd{number}{draw.choice(SUFFIXES)}").write_bytes(odd(draw))
    if draw.random() < 0.5:
        return ["show", str(root), *draw.choice([[], ["--strict"], ["--image-size", "5"]])]
    (folder / "job.py").write_bytes(JOB)
    return [
        "plan",
        "job.py",
        "--no-sizes",
        "--dataset",
        str(root),
        *draw.choice([[], ["--strict"], ["--image-size", "9"]]),
    ]


def odd(draw: random.Random) -> bytes:
    """Return a file that is no ordinary picture."""
    way = draw.randrange(9)
    if way in (0, 1, 2):
        content = _saved(
            draw, draw.choice(FORMATS), draw.choice(MODES), draw.choice([(8, 8), (1, 1), (40, 3), (1, 3000)])
        )
        return content if way == 0 or not content else mutated(draw, content)
    if way == 3:
        return _png(
            *draw.choice(
                [(60_000, 60_000), (2**31 - 1, 1), (1, 2**31 - 1), (0, 5), (2**32 - 1, 2**32 - 1), (9_000, 9_900)]
            ),
            draw,
        )
    if way == 4:
        frames = [Image.new("P", (8, 8), number) for number in range(draw.choice([2, 300]))]
        sink = io.BytesIO()
        frames[0].save(sink, draw.choice(["GIF", "PNG", "WEBP"]), save_all=True, append_images=frames[1:])
        return sink.getvalue()
    if way == 5:
        return draw.choice(
            [
                b"",
                b"\x89PNG\r\n\x1a\n",
                b"GIF89a",
                b"\xff\xd8\xff",
                b"BM",
                b"RIFF\0\0\0\0WEBP",
                draw.randbytes(300),
                b"<svg/>",
                b"\0" * 9999,
            ]
        )
    if way == 6:
        return f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({CANARY}) (w) file closefile\n(%pipe%mkdir {CANARY}) (w) file\nshowpage\n%%EOF\n".encode()
    if way == 7:
        return _bmp(draw)
    info = PngImagePlugin.PngInfo()
    info.add_text("a", "x" * draw.choice([10, 2 << 20]), zip=True)
    sink = io.BytesIO()
    image = Image.new("RGB", (8, 8))
    exif = draw.choice(
        [b"", b"Exif\0\0garbage", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x63\0\0\0\0\0\0"]
    )
    image.save(sink, "PNG", pnginfo=info, exif=exif, icc_profile=draw.choice([b"", b"nonsense"]))
    return sink.getvalue()


def _saved(draw: random.Random, kind: str, mode: str, size: tuple[int, int]) -> bytes:
    sink = io.BytesIO()
    try:
        Image.new(mode, size).save(sink, kind)
    except (OSError, ValueError, KeyError, TypeError, SystemError):
        return draw.randbytes(50)
    return sink.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


def _png(width: int, height: int, draw: random.Random) -> bytes:
    """Return a PNG that says it is large; its pixels may be there, deflated, or not."""
    head = _chunk(
        b"IHDR",
        struct.pack(
            ">LLBBBBB", width, height, draw.choice([1, 8, 16]), draw.choice([0, 2, 3, 6]), 0, 0, draw.choice([0, 1])
        ),
    )
    pixels = zlib.compress(bytes(draw.choice([0, 10, 50 << 20])))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _bmp(draw: random.Random) -> bytes:
    width, height = draw.choice([(9_000, 9_900), (-5, 5), (5, -5), (2**31 - 1, 2), (8, 8)])
    depth = draw.choice([1, 4, 8, 16, 24, 32, 7])
    head = struct.pack(
        "<LllHHLLllLL", 40, width, height, 1, depth, draw.choice([0, 1, 2, 3, 9]), 0, 0, 0, draw.choice([0, 2**31]), 0
    )
    return b"BM" + struct.pack("<LHHL", 54 + 200, 0, 0, 54) + head + os.urandom(0) + draw.randbytes(200)
