"""The report's section on provenance: versions, devices and commits of the runs."""

from cnnjobs.comparison.table import JobTable
from cnnjobs.report.model import DisplayColumn, ReportTable, Section, Text

TITLE = "Software and hardware"


HOW_TO_READ = (
    "There should be one value per line. Two values of a version or a device mean that runs of different software or "
    "machines are compared."
)


def provenance_section(table: JobTable) -> Section | None:
    """Return versions, hardware, commit and seeds; None where nothing is known."""
    rows = [{"what": name, "value": ", ".join(values)} for name, values in table.provenance.items()]
    rows += [] if table.job.seed is None else [{"what": "seed of the job", "value": str(table.job.seed)}]
    if not rows:
        return None
    shown = (DisplayColumn("item", lambda row: str(row["what"])), DisplayColumn("value", lambda row: str(row["value"])))
    report_table = ReportTable("provenance", "What the runs were made with", ("what", "value"), rows, shown)
    seeds = "Seeds of each run, one per source of chance, and its settings: the columns seed_* and settings of trials."
    runs = (
        "The runs themselves: `cnnjobs.load_results`. The files of `trials/` beside this folder also hold stale ones."
    )
    figures = "Figures as PNG or PDF: `cnnjobs aggregate --formats png,pdf`, with the folder of these results."
    return Section(TITLE, (report_table, Text(f"{seeds} {runs} {figures}")), how_to_read=HOW_TO_READ)
