"""The benchmark of ten thousand trials: its job, what it reads from outside, and what it writes."""

import io
import os

from benchmarks.parts import scale
from benchmarks.record import Record
from cnnjobs.planning.job_file import load_job
from cnnjobs.planning.trials import make_plan


def test_the_job_has_as_many_trials_as_asked_for(tmp_path):
    scale.make_job(tmp_path, 200)
    assert len(make_plan(load_job(tmp_path / "job.py").job, "data").trials) == 200


def test_ends_of_trials_are_counted_and_the_memory_is_looked_at_after_each_tenth():
    lines = [f"[{number}/20] rate 1, repeat {number}: test accuracy 50.00%\n" for number in range(1, 21)]
    lines.insert(5, "note: something else\n")
    ends, memory, others = scale._follow(io.StringIO("".join(lines)), os.getpid(), 20)
    assert len(ends) == 20
    assert sorted(memory) == [2 * tenth for tenth in range(1, 11)]
    assert all(10 < mib < 10_000 for mib in memory.values())
    assert others == "note: something else\n"


def test_tenths_are_a_table_and_a_run_that_failed_has_none():
    found = {"tenths": [30.4] * 9 + [41.0], "sizes": [256.0] * 10}
    text = scale.tenths_table(Record("scale", rounds=[{scale.SUBMIT: found}]))
    assert text.splitlines()[2:] == [
        "| ms per trial | 30 | 30 | 30 | 30 | 30 | 30 | 30 | 30 | 30 | 41 |",
        "| submitting process, MiB | 256 | 256 | 256 | 256 | 256 | 256 | 256 | 256 | 256 | 256 |",
    ]
    assert scale.tenths_table(Record("scale", rounds=[{scale.SUBMIT: {"error": "ended with 1"}}])) == ""
