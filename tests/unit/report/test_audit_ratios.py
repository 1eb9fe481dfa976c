"""The report of an audit says how sure the ratio of one source's SD to that of all of them is."""

import numpy as np
import pytest
from support.stores import make_store, stored_job

from cnnjobs.comparison.table import job_table
from cnnjobs.planning.audit_names import ALL
from cnnjobs.report.model import Document, Text
from cnnjobs.report.sections.seed_audit import sources_section
from cnnjobs.store.stored_job import AuditMark


@pytest.mark.parametrize("runs", [4, 10])
def test_ratios_have_intervals_from_five_repeats(tmp_path, runs):
    spread = np.random.default_rng(0).normal(0, 0.01, (2, 10))
    values = {ALL: (0.9 + spread[0][:runs]).tolist(), "init alone": (0.9 + spread[1][:runs]).tolist()}
    store = make_store(tmp_path, values, repeats=runs)
    conditions = {name: f"c{place}" for place, name in enumerate(values)}
    mark = AuditMark(job="job", variant="a", left_out={})
    store.write_job(stored_job("job", conditions, repeats=runs, audit=mark))
    document = Document("", [sources_section(store, job_table(store))])
    (table,) = document.tables
    row, cells = table.rows[1], table.cells[1]
    assert table.cells[0][4] == "1.00", "to itself"
    if runs < 5:
        assert (row["ratio_low"], row["ratio_why"]) == (None, "fewer than 5 repeats: no interval of the ratio")
        assert cells[4] == f"{row['ratio']:.2f}"
    else:
        assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
        assert cells[4] == f"{row['ratio']:.2f} [{row['ratio_low']:.2f}, {row['ratio_high']:.2f}]"
    assert any("Bonett" in one.text for one in document.elements if isinstance(one, Text))
