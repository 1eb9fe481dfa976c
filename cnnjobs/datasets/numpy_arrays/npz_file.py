"""The arrays of an `.npz` file that are asked for: their sizes are checked before they are unpacked, no code is run."""

import contextlib
import math
import zipfile
from collections.abc import Iterable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.storage.data_file import DataFile
from cnnjobs.errors import DatasetError, MissingDataError
from cnnjobs.files.zip_sizes import why_suspect
from cnnjobs.process.machine import free_bytes
from cnnjobs.wording.sentences import cause
from cnnjobs.wording.sizes import data_size

Array = NDArray[np.generic]


def read_arrays(file: DataFile, keys: Iterable[str]) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Return those of the arrays that are there, and the names of all.

    Args:
        file: which one.
        keys: names of arrays; other members are not unpacked.

    Raises:
        DatasetError: no such file, no archive, damaged, pickled objects, or arrays that do not fit the memory.
    """
    if file.path.is_dir():
        raise DatasetError(f"{file} is a folder, not an .npz file; a folder of pictures needs another name.")
    if not file.path.is_file():
        raise MissingDataError(str(file), is_folder=False)
    try:
        with zipfile.ZipFile(file.path) as archive:
            names = tuple(dict.fromkeys(name.removesuffix(".npy") for name in archive.namelist()))
            members = {key: _member(archive, key) for key in keys if key in names}
            _check_sizes(file, members)
            return {key: _array(archive, member, f"{file}: {key}") for key, member in members.items()}, names
    except DatasetError:
        raise
    except zipfile.BadZipFile as error:
        raise DatasetError(_explain(file, error)) from error
    except Exception as error:  # damaged archives make zipfile, its codecs and NumPy raise many kinds
        raise DatasetError(f"{file} is no readable .npz archive: {cause(error)}.") from error


def _member(archive: zipfile.ZipFile, key: str) -> zipfile.ZipInfo:
    name = f"{key}.npy" if f"{key}.npy" in archive.namelist() else key
    return archive.getinfo(name)


def _check_sizes(file: DataFile, members: dict[str, zipfile.ZipInfo]) -> None:
    """Refuse arrays that would not fit the memory, and those that are packed so well that they are no data."""
    for key, member in members.items():
        if ratio := why_suspect(member):
            raise DatasetError(
                f"{file}: {key} {ratio}, as no pictures do. Save the file anew if it is yours: "
                "np.savez(path, x_train=images, y_train=labels)."
            )
    size, free = sum(member.file_size for member in members.values()), free_bytes()
    if size > free:
        raise DatasetError(
            f"{file}: {', '.join(members)} unpack to {data_size(size)}; {data_size(free)} of memory are free. Use "
            "fewer or smaller pictures, uint8 instead of float, or a larger machine."
        )


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, what: str) -> Array:
    """Return the array of a member whose header promises what the member holds."""
    with archive.open(member) as stream:
        shape, fortran_order, dtype = _header(stream, what)
        count = math.prod(shape)
        promised, held = count * dtype.itemsize, member.file_size - stream.tell()
        if promised != held or min(shape, default=0) < 0:
            raise DatasetError(
                f"{what} is damaged: its header speaks of {shape} {_named(dtype)}, {promised:,} bytes, "
                f"and {held:,} follow."
            )
        content = bytearray(held)
        view, done = memoryview(content), 0
        while piece := stream.read(1 << 24):
            view[done : done + len(piece)] = piece
            done += len(piece)
    array = np.frombuffer(content, dtype=dtype, count=count)
    return array.reshape(shape, order="F" if fortran_order else "C")


def _header(stream: IO[bytes], what: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether columns come first, and type."""
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise DatasetError(f"{what} is an array with named fields, or of a newer NumPy. Save plain arrays.")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read(stream)
    if dtype.hasobject:
        raise DatasetError(
            f"{what} holds pickled Python objects, which are never loaded because they can run code. "
            f"{_of_objects(what.rpartition(' ')[2])}"
        )
    if dtype.names is not None or dtype.subdtype is not None or not dtype.itemsize:
        raise DatasetError(f"{what} must be an array of numbers. Received: {_named(dtype)}.")
    return shape, bool(fortran_order), dtype


def _of_objects(key: str) -> str:
    """Return what makes a plain array of an array of objects."""
    if not key.startswith("x_") and not key.endswith("_images"):
        return f"Make text of them before np.savez: {key} = {key}.astype(str)."
    return (
        f"Make one array of the pictures before np.savez: {key} = np.stack(list({key})). Or save pictures of different "
        "sizes as files, in a folder for each class."
    )


def _named(dtype: np.dtype[Any]) -> str:
    """Return the name of a type, in short where it has many parts."""
    return "named fields" if dtype.names is not None else str(dtype)[:100]


def _explain(file: DataFile, error: zipfile.BadZipFile) -> str:
    """Say what a file is that is no zip file."""
    begins = b""
    with contextlib.suppress(OSError), open(file.path, "rb") as stream:
        begins = stream.read(6)
    if begins == b"\x93NUMPY":
        return f"{file} is a single array; expected an .npz archive with x_train and y_train."
    if begins[:1] == b"\x80":
        return (
            f"{file} holds pickled Python objects, which are never loaded because they can run code. "
            "Save plain arrays: np.savez(path, x_train=images, y_train=labels)."
        )
    return f"{file} is no readable .npz archive: {cause(error)}."
