"""Standard streams that are closed, full, or read by nobody: what goes there is dropped, and work goes on."""

import contextlib
import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from typing import TextIO

DESCRIPTORS = {"stdout": 1, "stderr": 2}


class _Steady(io.FileIO):
    """A file descriptor that takes everything: once it cannot be written any more, it leads nowhere."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.failure: OSError | None = None

    def write(self, data: object, /) -> int:
        """Write it, or drop it."""
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        while self.failure is None:
            try:
                written = super().write(view)
            except OSError as error:
                self.failure = error
                _lead_nowhere(self.fileno())
                break
            if written is not None:
                return written
            select.select([], [self.fileno()], [])  # a terminal that does not block: until it takes more
        return len(view)


class SteadyStreams:
    """The standard streams of this process while they are replaced.

    Args:
        files: name -> what takes the place of its file.
    """

    def __init__(self, files: dict[str, _Steady]) -> None:
        self._files = files

    @property
    def lost_output(self) -> OSError | None:
        """Why standard output is not complete; None if it is, or if its reader has gone, who wanted no more."""
        with contextlib.suppress(AttributeError, ValueError):
            sys.stdout.flush()
        failure = self._files["stdout"].failure if "stdout" in self._files else None
        return None if failure is None or failure.errno == errno.EPIPE else failure

    @contextlib.contextmanager
    def data_apart(self) -> Iterator[TextIO]:
        """Yield standard output for data alone: whatever else is printed there goes to standard error.

        That is what Python prints, in this process and in those that it starts, and C++ libraries. Where the process
        ends afterwards, what is printed while it ends goes there too.
        """
        out, err = sys.stdout, sys.stderr
        for stream in (out, err):
            stream.flush()
        sys.stdout = err
        if "stdout" not in self._files:  # somebody has put another stream in its place
            try:
                yield out
            finally:
                sys.stdout = out
            return
        plain = self._files["stdout"]
        self._files["stdout"] = apart = _Steady(os.dup(DESCRIPTORS["stdout"]))
        os.dup2(DESCRIPTORS["stderr"], DESCRIPTORS["stdout"])
        try:
            yield io.TextIOWrapper(io.BufferedWriter(apart), encoding="utf-8", newline="\n")
        except SystemExit:
            raise
        except BaseException:
            self._together(plain, apart, out)
            raise
        else:
            self._together(plain, apart, out)

    def _together(self, plain: _Steady, apart: _Steady, out: TextIO) -> None:
        """Have standard output as it was."""
        os.dup2(apart.fileno(), DESCRIPTORS["stdout"])
        os.close(apart.fileno())
        self._files["stdout"], sys.stdout = plain, out


@contextlib.contextmanager
def steady_streams() -> Iterator[SteadyStreams]:
    """Replace this process's own standard output and error by streams that never fail.

    Streams that somebody has put in their place, a notebook or a test, are left alone. Descriptors that are closed are
    opened, on nothing: the next file would get their numbers, and what libraries print.
    """
    _open_descriptors()
    before, files = {name: getattr(sys, name) for name in DESCRIPTORS}, dict[str, _Steady]()
    for name, descriptor in DESCRIPTORS.items():
        stream = before[name]
        if stream is None or _is_plain(stream, name, descriptor):
            files[name] = _Steady(descriptor)
            setattr(sys, name, _like(stream, files[name]))
    try:
        yield SteadyStreams(files)
    finally:
        for name in files:
            with contextlib.suppress(OSError, ValueError):
                getattr(sys, name).flush()
            setattr(sys, name, before[name])


def _open_descriptors() -> None:
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            _lead_nowhere(descriptor)


def _lead_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def _is_plain(stream: object, name: str, descriptor: int) -> bool:
    """Say whether a stream is the one that Python has opened on a descriptor."""
    if not isinstance(stream, io.TextIOWrapper) or stream is not getattr(sys, f"__{name}__"):
        return False
    try:
        stream.flush()
        return stream.fileno() == descriptor
    except ValueError:  # closed
        return False
    except OSError:  # full already
        return True


def _like(stream: io.TextIOWrapper | None, file: _Steady) -> io.TextIOWrapper:
    """Return a stream that writes to a file as another does to its own."""
    buffer = io.BufferedWriter(file)
    if stream is None:
        return io.TextIOWrapper(buffer, encoding="utf-8", errors="backslashreplace", line_buffering=True)
    return io.TextIOWrapper(
        buffer,
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
