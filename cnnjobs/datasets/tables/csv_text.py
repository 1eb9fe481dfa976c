"""Values separated by commas, semicolons, tabs or bars, in the encodings that programs write, as columns of text."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from cnnjobs.datasets.storage.data_file import DataFile
from cnnjobs.errors import DatasetError
from cnnjobs.wording.sentences import cause

SEPARATORS = (",", ";", "\t", "|")
"""What may stand between columns; the one that a header has most of."""

_HEAD = 1 << 20


def read_csv(file: DataFile, content: bytes) -> tuple[list[str], list[Any], list[str]]:
    """Return the names of the columns, each (n,) of text, and notes on how they were read.

    Args:
        file: for messages.
        content: of the file.

    Raises:
        DatasetError: empty, with rows of other columns than the first line has, or with a quote that is not closed.
    """
    encoded, notes = _utf8(file, content)
    told = re.match(rb"sep=(.)\r?\n", encoded)  # a line of Excel's
    if told:
        encoded = encoded[told.end() :]
    head = encoded[:_HEAD].decode("utf-8", "ignore")
    lines = [line for line in head.splitlines() if line.strip()]
    if not lines:
        raise DatasetError(f"{file} is empty. Expected a line that names the columns, and a row for each picture.")
    separator = told.group(1).decode() if told else _separator(*lines[:2])
    header, second = _first_rows(head, separator)
    width = len(header) + (len(second) == len(header) + 1)
    columns, wrong = _columns(encoded, width, separator)
    names = [name.strip().lstrip("\ufeff") for name in header]
    if width == len(header):
        columns = [column[1:] for column in columns]
    else:
        wrong = wrong[1:]  # the header
        last_is_empty = not pc.any(pc.not_equal(pc.utf8_trim_whitespace(columns[-1]), "")).as_py()
        names = [*names, ""] if last_is_empty else ["", *names]
    last = [column[-1].as_py() or "" for column in columns if len(column)]
    unclosed = next((text for text in (*wrong, *(last if encoded.count(b'"') % 2 else ())) if "\n" in text), None)
    if unclosed is not None:
        raise DatasetError(
            f"{file}: a quote is opened and not closed, so that the lines after it are one value: {unclosed[:100]!r}. "
            "Close it or remove it."
        )
    if wrong:
        raise DatasetError(
            f"{file}: every row must have {width} values, as the first line has. Received: {len(wrong):,} with more or "
            f"fewer, the first of them: {wrong[0][:100]!r}. A value with {separator!r} in it must stand in quotes."
        )
    return names, columns, [*notes, *_swallowed(file, columns, separator)]


def _swallowed(file: DataFile, columns: Sequence[Any], separator: str) -> list[str]:
    """Return a note on values with lines in them that look like rows: a quote may be open that far."""
    among: list[str] = []
    for column in columns if len(columns) > 1 else ():
        values = column.filter(pc.match_substring(column, "\n")).to_pylist()
        among += [
            value
            for value in values
            if any(line.count(separator) == len(columns) - 1 for line in value.splitlines()[1:])
        ]
    if not among:
        return []
    return [
        f"{file.name}: lines that look like rows stand between quotes, in {len(among):,} "
        f"{'value' if len(among) == 1 else 'values'}, and are not read as rows: {among[0][:60]!r}. Is a quote missing"
    ]


def _utf8(file: DataFile, content: bytes) -> tuple[bytes, list[str]]:
    """Return a text as UTF-8 without its mark, and a note where its encoding was guessed."""
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    start = content[:1000]
    encoding = ""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif start.count(0) * 3 > len(start):
        encoding = "utf-16-be" if start[:1] == b"\0" else "utf-16-le"
    try:
        text = content.decode(encoding or "utf-8")
        return (text.encode() if encoding else content), []
    except UnicodeDecodeError as error:
        if encoding:
            raise DatasetError(f"{file} begins as UTF-16 text but is none: {cause(error)}.") from error
    try:
        text, called = content.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, called = content.decode("latin-1"), "Latin-1"
    return text.encode(), [
        f"{file.name}: the file is no UTF-8 and is read as {called}: save it as UTF-8 if names are wrong"
    ]


def _separator(header: str, row: str = "") -> str:
    """Return what stands between columns: as often in the first line as in the second, if there is such."""
    header, row = (re.sub(r'"[^"]*"', "", line) for line in (header, row))
    return max(SEPARATORS, key=lambda one: (0 < header.count(one) == row.count(one), header.count(one)))


def _first_rows(head: str, separator: str) -> tuple[list[str], list[str]]:
    """Return the values of the first two lines that are not empty."""
    try:
        rows = (row for row in csv.reader(io.StringIO(head, newline=""), delimiter=separator) if row)
        return next(rows), next(rows, [])
    except csv.Error:
        return head.splitlines()[0].split(separator), []


def _columns(encoded: bytes, width: int, separator: str) -> tuple[list[Any], list[str]]:
    """Return (n,) text of each column, the header in it, and the lines that have another number of values."""
    wrong: list[str] = []

    def passed_over(row: Any) -> str:
        wrong.append(row.text)
        return "skip"

    names = [str(number) for number in range(width)]
    table = pyarrow.csv.read_csv(
        io.BytesIO(encoded),
        read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, invalid_row_handler=passed_over
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False
        ),
    )
    return table.columns, wrong
