r"""Tables as LaTeX for papers, with the lines of booktabs."""

import re

from cnnjobs.report.model import ReportTable

ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "\u00b1": r"$\pm$",
    "\u2212": r"$-$",
    "\u2013": "--",
    "\u2026": r"\ldots{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}
"""Letter -> what LaTeX needs to show it as it is."""

SIGNED = re.compile(r"(?<![\w-])([+-])(?=\d)")
"""A sign before a number, which is set in mathematical mode: a hyphen is no minus."""


def latex_table(report_table: ReportTable) -> str:
    r"""Return a `table` environment with the compact columns; `\usepackage{booktabs}` is all that it needs."""
    report_table = report_table.compact
    lines = [
        "% \\usepackage{booktabs}",
        r"\begin{table}",
        rf"  \caption{{{escaped(report_table.title)}}}",
        rf"  \label{{tab:{report_table.name}}}",
        r"  \centering",
        rf"  \begin{{tabular}}{{l{'r' * (len(report_table.header) - 1)}}}",
        r"    \toprule",
        f"    {_line(report_table.header)}",
        r"    \midrule",
        *(f"    {_line(cells)}" for cells in report_table.cells),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _line(cells: tuple[str, ...]) -> str:
    """Return a row; braces keep a `[` after the line's end from being taken for an option."""
    line = " & ".join(SIGNED.sub(r"$\1$", escaped(cell)) for cell in cells)
    return (f"{{}}{line}" if line.startswith("[") else line) + r" \\"


def escaped(text: str) -> str:
    """Return `text` so that LaTeX shows it as it is."""
    return "".join(ESCAPES.get(letter, letter) for letter in text)
