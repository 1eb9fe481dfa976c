"""Reports of the gallery, made of stored results by today's code while the site is built."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

import cnnjobs

RESULTS = Path(__file__).parents[1] / "gallery" / "results"


@cache
def reports() -> dict[str, str]:
    """Return the page of each job's report, by the name of the job."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"  # a copy: that a comparison was shown is kept beside the results
        shutil.copytree(RESULTS, results)
        pages = {}
        for job in sorted(file.parent for file in results.glob("*/job.json")):
            cnnjobs.compare(cnnjobs.load_results(job)).report()
            pages[job.name] = (job / "report" / "index.html").read_text(encoding="utf-8")
    return pages
