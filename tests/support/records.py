"""Writes pictures into files of many: Parquet as Hugging Face does, TFRecord as TensorFlow does."""

import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(seed, side=8, form="PNG"):
    """Return an encoded picture, another for each seed."""
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def pixels_of(encoded):
    """Return what a picture shows, by Pillow alone."""
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def features(**columns):
    """Return what Hugging Face says of columns in a file's metadata; a list names the classes of one."""
    kinds = {
        name: {"_type": "Image"} if names is None else {"names": names, "_type": "ClassLabel"}
        for name, names in columns.items()
    }
    return {b"huggingface": json.dumps({"info": {"features": kinds}}).encode()}


def write_parquet(path, seeds, labels, names=None, *, column="image", rows=1000, **columns):
    """Write pictures as Hugging Face does, a row each.

    Args:
        path: of the file.
        seeds: of the pictures; bytes are taken as they are, None is none.
        labels: of the pictures.
        names: of the classes, for the metadata.
        column: of the pictures.
        rows: of a group.
        columns: others, by name.
    """
    cells = [
        {"bytes": one if isinstance(one, bytes | None) else png(one), "path": f"{place}.png"}
        for place, one in enumerate(seeds)
    ]
    table = pa.table({column: pa.array(cells, IMAGE), "label": pa.array(labels), **columns})
    if names is not None:
        table = table.replace_schema_metadata(features(**{column: None, "label": names}))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=rows)
    return path


def example(**values):
    """Return a `tf.train.Example` of bytes, text, numbers, or lists of them; "__" in a name stands for a slash."""
    entries = [
        _field(1, _field(1, name.replace("__", "/").encode()) + _field(2, _feature(value)))
        for name, value in values.items()
    ]
    return _field(1, b"".join(entries))


def write_tfrecord(path, records, *, compress=False):
    """Write records with their checksums."""
    content = b"".join(record(one) for one in records)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if compress else content)
    return path


def record(content):
    """Return a record: length, checksum of it, content, checksum of that."""
    head = len(content).to_bytes(8, "little")
    return head + _masked(head) + content + _masked(content)


def _feature(value):
    values = value if isinstance(value, list) else [value]
    if all(isinstance(one, int) for one in values):
        return _field(3, _field(1, b"".join(_varint(one % (1 << 64)) for one in values)))
    if all(isinstance(one, float) for one in values):
        return _field(2, _field(1, np.array(values, "<f4").tobytes()))
    return _field(1, b"".join(_field(1, one.encode() if isinstance(one, str) else one) for one in values))


def _field(number, content):
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value):
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = _table()


def crc32c(content):
    """Return the CRC-32C of bytes, one after the other."""
    register = 0xFFFFFFFF
    for byte in content:
        register = register >> 8 ^ TABLE[(register ^ byte) & 0xFF]
    return register ^ 0xFFFFFFFF


def _masked(content):
    crc = crc32c(content)
    return (((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")
