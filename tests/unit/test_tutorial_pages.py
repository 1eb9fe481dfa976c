"""The pages of tutorials say what was measured: their tables are those of the reports that are kept beside them."""

import runpy
from pathlib import Path

import pytest

from cnnjobs.planning.job_file import load_job

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "docs/make_tutorials.py"))
TUTORIALS = {tutorial.job: tutorial for tutorial in SCRIPT["TUTORIALS"]}


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_page_has_the_kept_tables(name):
    tutorial = TUTORIALS[name]
    assert (ROOT / f"docs/tutorials/{tutorial.page}.md").read_text() == SCRIPT["page"](tutorial)


@pytest.mark.parametrize("name", TUTORIALS)
def test_what_was_published_and_measured_is_of_the_variants_of_the_bundled_job(name):
    jobs = (load_job(path).job for path in sorted((ROOT / "jobs").glob("*.py")))
    job = next(job for job in jobs if job.name == name)
    assert set(TUTORIALS[name].published) <= set(job.variants)
    summary = ROOT / f"docs/tutorials/measured/{name}/summary.csv"
    if summary.exists():
        assert [row["variant"] for row in SCRIPT["_rows"](summary)] == list(job.variants)


def test_kept_tables_and_figures_are_those_of_a_page():
    kept = {path.name for path in (ROOT / "docs/tutorials/measured").glob("*")}
    assert kept <= set(TUTORIALS)
    figures = {path.name for path in (ROOT / "docs/images/tutorials").glob("*")}
    assert figures <= {f"{job}-{name}.svg" for job in kept for name in SCRIPT["FIGURES"]}
    assert figures >= {f"{job}-box.svg" for job in kept}
