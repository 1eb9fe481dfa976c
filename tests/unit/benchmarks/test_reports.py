"""The benchmark of reports at toy size."""

from benchmarks.part import Settings
from benchmarks.parts.reports import DUCKDB, SMALL, run


def test_a_report_and_the_tables_of_duckdb_are_timed(tmp_path):
    small, duckdb = run(Settings(tmp_path, toy=True, contenders=(SMALL, DUCKDB)))
    assert (small.contender, duckdb.contender) == (SMALL, DUCKDB)
    assert small.found["figures"] == 12
    assert small.found["seconds"] > duckdb.found["seconds"] > 0
