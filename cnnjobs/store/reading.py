"""Reads one table of a store: from files of one trial each, and from compacted files of many."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cnnjobs.errors import StoreError
from cnnjobs.files.digests import DamagedContent
from cnnjobs.parallel import each
from cnnjobs.store.duplicates import merged
from cnnjobs.store.files import Files
from cnnjobs.store.layout import refuse_newer
from cnnjobs.store.parquet import check_parquet, digest_carried
from cnnjobs.store.rows import ordered, rows_of
from cnnjobs.store.schemas import TABLES, table_of, version_of

OnProgress = Callable[[str, int, int], None]
"""Takes (what is going on, done, total)."""

COMPACT = "compact-"
"""How names of compacted files begin; other files are named after the one trial that they hold."""

COMPACTED = ("epochs", "trials")
"""Tables that are compacted, in this order: a row in `trials` says that the trial's epochs are there. Predictions stay
one file per trial: they are large, and read one trial after the other."""

IDENTIFIES = ("trial_id", "condition_id", "job", "variant", "repeat", "fold", "status")
"""Columns without which a row says nothing; never null."""

FOOTER = 1 << 14
"""So many bytes at the end of a file of one trial hold its digest."""

TRIES = 5
"""How often reading starts over because files were compacted meanwhile."""


@dataclass(frozen=True)
class Stored:
    """A table as it was read.

    Args:
        table: the rows.
        damaged: files that could not be read, with the reason.
    """

    table: pa.Table
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class _Piece:
    """What one file holds."""

    file: str
    table: pa.Table


class VanishedError(Exception):
    """A file that was listed is gone: it was compacted meanwhile."""


class TableFiles:
    """The files of one table of a store.

    Args:
        folder: where they lie.
        name: which table.
    """

    def __init__(self, folder: Files, name: str) -> None:
        self.folder, self.name = folder, name
        self._schema = TABLES[name]
        self._contents: dict[str, tuple[frozenset[str], ...]] = {}
        self._whole: set[str] = set()

    def read(
        self,
        trials: Collection[str] | None = None,
        columns: Sequence[str] | None = None,
        on_progress: OnProgress | None = None,
    ) -> Stored:
        """Return the rows of some trials, ordered by trial; each trial once, wherever it lies.

        Args:
            trials: identities; None for all.
            columns: which, in that order; None for all.
            on_progress: is told of files.

        Raises:
            StoreError: if a file is of a newer version, or two files hold differing runs of a trial.
        """
        wanted = None if trials is None else frozenset(trials)
        for _ in range(TRIES):
            try:
                return self._read_once(wanted, list(columns or self._schema.names), on_progress)
            except VanishedError:
                continue
        raise StoreError(f"{self.folder.location} changes faster than it can be read. Try again.")

    def loose(self) -> list[str]:
        """Return the names of the files that are not compacted."""
        return [name for name in self.folder.names(".parquet") if not name.startswith(COMPACT)]

    def compacted(self) -> dict[str, str]:
        """Return trial -> the compacted file that holds it, of the files that can be read."""
        return {trial: name for name, trials in self.trials_of_compacted().items() for trial in trials}

    def trials_of_compacted(self) -> dict[str, frozenset[str]]:
        """Return compacted file -> the trials in it, of the files that can be read."""
        found: dict[str, frozenset[str]] = {}
        for name in (name for name in self.folder.names(".parquet") if name.startswith(COMPACT)):
            try:
                found[name] = frozenset().union(*self._groups(name, self._open(name)))
            except (DamagedContent, pa.ArrowException, OSError) as error:
                self.folder.refuse_outage(error)
        return found

    def digest_in(self, name: str) -> str | None:
        """Return the digest that a file carries, of whose content only the end is read; None if there is none."""
        file = self.folder.open(name)
        if file is None:
            return None
        with file:
            try:
                file.seek(max(0, file.size() - FOOTER))
                return digest_carried(file.read())
            except (pa.ArrowException, OSError) as error:
                self.folder.refuse_outage(error)
                return None

    def damaged(self) -> dict[str, str]:
        """Return file -> why it is damaged, of all that are."""
        names = self.folder.names(".parquet")
        read = each(lambda name: self.rows_or_damage(name, None, ["trial_id"]), names, self.folder.at_once)
        return {name: rows for name, rows in zip(names, read, strict=True) if isinstance(rows, str)}

    def _read_once(self, wanted: frozenset[str] | None, columns: list[str], on_progress: OnProgress | None) -> Stored:
        unknown = set(columns) - set(self._schema.names)
        if unknown:
            raise ValueError(f"`{self.name}` has no columns {sorted(unknown)}.")
        pieces, damaged = self._pieces(self._names(wanted), wanted, self._with_keys(columns), on_progress)
        table = self._joined(pieces, wanted)
        return Stored(table.select(columns), damaged)

    def _names(self, wanted: frozenset[str] | None) -> list[str]:
        """Return the files that may hold rows of those trials: compacted ones, and those named after them."""
        if wanted is not None and self.name not in COMPACTED:
            return [f"{trial}.parquet" for trial in sorted(wanted)]  # without listing ten thousand to read one
        names = self.folder.names(".parquet")
        if wanted is None:
            return names
        return [name for name in names if name.startswith(COMPACT) or _trial(name) in wanted]

    def _with_keys(self, columns: Sequence[str]) -> list[str]:
        """Return the columns, and those needed to tell rows apart, in the order of the schema."""
        needed = {*columns, *(IDENTIFIES if self.name == "trials" else ["trial_id"])}
        return [name for name in self._schema.names if name in needed]

    def _pieces(
        self,
        names: Sequence[str],
        wanted: frozenset[str] | None,
        columns: list[str],
        on_progress: OnProgress | None = None,
    ) -> tuple[list[_Piece], tuple[str, ...]]:
        pieces, damaged = [], []
        read = each(lambda name: self.rows_or_damage(name, wanted, columns), names, self.folder.at_once)
        for number, (name, piece) in enumerate(zip(names, read, strict=True), start=1):
            if isinstance(piece, str):
                damaged.append(f"{self.folder.location}/{name} ({piece})")
            elif piece.num_rows:
                pieces.append(_Piece(name, piece))
            if on_progress is not None:
                on_progress(f"reading {self.folder.location}", number, len(names))
        return pieces, tuple(damaged)

    def rows_or_damage(self, name: str, wanted: frozenset[str] | None, columns: list[str]) -> pa.Table | str:
        """Return the rows of the trials in a file, or why it is damaged.

        Args:
            name: of the file.
            wanted: the trials; None for all.
            columns: which, in the order of the schema; trial_id among them.
        """
        try:
            return self._piece(name, wanted, columns)
        except VanishedError:
            if self.name in COMPACTED:
                raise
            return self._empty(columns)
        except (DamagedContent, pa.ArrowException, OSError) as error:
            self.folder.refuse_outage(error)
            return str(error).splitlines()[0]

    def _piece(self, name: str, wanted: frozenset[str] | None, columns: list[str]) -> pa.Table:
        """Return the rows of the trials in a file, with the columns as in the schema.

        Raises:
            DamagedContent: if it is not what was written.
            pa.ArrowException: if it is foreign.
        """
        file = self._open(name)
        if name.startswith(COMPACT):
            return self._compacted_piece(name, file, wanted, columns)
        table = self._conformed(file.read(columns, use_threads=False), columns)
        if pc.any(pc.not_equal(table["trial_id"], _trial(name))).as_py():
            raise pa.ArrowInvalid(f"holds trial {table['trial_id'][0]}, another than its name says: a copy?")
        return table

    def _compacted_piece(
        self, name: str, file: pq.ParquetFile, wanted: frozenset[str] | None, columns: list[str]
    ) -> pa.Table:
        groups = self._groups(name, file)
        chosen = [i for i, group in enumerate(groups) if wanted is None or not wanted.isdisjoint(group)]
        if not chosen:
            return self._empty(columns)
        table = self._conformed(file.read_row_groups(chosen, columns), columns)
        if wanted is None or all(groups[i] <= wanted for i in chosen):
            return table
        return rows_of(table, wanted)

    def _open(self, name: str) -> pq.ParquetFile:
        """Open a file, of which the whole content is compared with its digest once, and look at its version.

        Raises:
            VanishedError: if it is gone.
            DamagedContent: if it is not what was written.
            pa.ArrowException: if it is foreign.
            StoreError: if it is of a newer version.
        """
        known = name in self._whole
        source: pa.NativeFile | bytes | None = self.folder.open(name) if known else self.folder.read(name)
        if source is None:
            raise VanishedError
        if isinstance(source, bytes):
            check_parquet(source)
            if name.startswith(COMPACT):  # of those parts are read again; a file of that name never changes
                self._whole.add(name)
            source = pa.py_buffer(source)
        file = pq.ParquetFile(source, pre_buffer=known and not self.folder.is_local)
        version = version_of(file.metadata.metadata)
        if version is None:
            raise pa.ArrowInvalid("not written by cnnjobs")
        refuse_newer(version, f"{self.folder.location}/{name}")
        if table_of(file.metadata.metadata) != self.name:
            raise pa.ArrowInvalid(f"holds rows of {table_of(file.metadata.metadata)}, not of {self.name}")
        return file

    def _groups(self, name: str, file: pq.ParquetFile) -> tuple[frozenset[str], ...]:
        """Return the trials of each row group; the file of that name never changes, so it is looked at once."""
        if name not in self._contents:
            groups = (file.read_row_group(i, ["trial_id"])["trial_id"] for i in range(file.num_row_groups))
            self._contents[name] = tuple(frozenset(group.unique().to_pylist()) for group in groups)
        return self._contents[name]

    def _conformed(self, table: pa.Table, columns: Sequence[str]) -> pa.Table:
        """Return these columns with the types of the schema; ones that an older file lacks are null.

        Raises:
            pa.ArrowInvalid: if a column is of another type, or one that identifies a row is missing or null.
        """
        if table.column_names != list(columns):
            for name in set(columns) - set(table.column_names):
                field = self._schema.field(name)
                table = table.append_column(field, pa.nulls(table.num_rows, field.type))
            table = table.select(columns)
        for index, name in enumerate(columns):
            column, field = table.column(index), self._schema.field(name)
            if column.type != field.type:
                table = table.set_column(index, field, _cast(column, field))
            if name in IDENTIFIES and column.null_count:
                raise pa.ArrowInvalid(f"lacks {name}")
        return table

    def _joined(self, pieces: Sequence[_Piece], wanted: frozenset[str] | None) -> pa.Table:
        """Return the rows of all files, each once, ordered by trial."""
        if not pieces:
            return self._empty(self._schema.names)
        table = pa.concat_tables([piece.table for piece in pieces])
        compacted = any(piece.file.startswith(COMPACT) for piece in pieces)
        if self.name != "trials" and not (compacted and len(pieces) > 1):
            return ordered(table) if compacted else table  # files named after their trials hold none twice
        twice = self._twice(table, pieces)
        if twice:
            table = pa.concat_tables(
                [rows_of(table, twice, invert=True), self._once(twice, pieces, table.column_names)]
            )
        return ordered(table if wanted is None else rows_of(table, wanted))

    def _twice(self, table: pa.Table, pieces: Sequence[_Piece]) -> frozenset[str]:
        """Return the trials that more than one file holds, or that have more than one row in `trials`."""
        ids = table.select(["trial_id"])
        if self.name != "trials":
            origin = [pa.repeat(pa.scalar(i, pa.int32()), piece.table.num_rows) for i, piece in enumerate(pieces)]
            ids = ids.append_column("origin", pa.chunked_array(origin))
            ids = ids.group_by(["trial_id", "origin"]).aggregate([])
        counts = ids.group_by("trial_id").aggregate([([], "count_all")])
        return frozenset(counts.filter(pc.greater(counts["count_all"], 1))["trial_id"].to_pylist())

    def _once(self, trials: frozenset[str], pieces: Sequence[_Piece], columns: list[str]) -> pa.Table:
        """Return the rows of trials that several files hold, merged.

        Raises:
            StoreError: if they differ.
        """
        names = [piece.file for piece in pieces if not trials.isdisjoint(piece.table["trial_id"].unique().to_pylist())]
        whole, _ = self._pieces(names, trials, self._schema.names)
        tables = {f"{self.folder.location}/{piece.file}": rows_of(piece.table, trials) for piece in whole}
        return merged(self.name, tables).select(columns)

    def _empty(self, columns: Sequence[str]) -> pa.Table:
        return pa.Table.from_batches([], self._schema).select(list(columns))


def _trial(name: str) -> str:
    return name.removesuffix(".parquet")


def _cast(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    try:
        return column.cast(field.type)
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise pa.ArrowInvalid(f"column {field.name} is {column.type}, expected {field.type}: {reason}") from error
