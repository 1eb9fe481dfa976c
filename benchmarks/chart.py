"""A chart of a part: one bar per contender for its median, with the smallest and the largest."""

from pathlib import Path

from benchmarks.part import Part
from benchmarks.record import Record

OURS, OTHERS, INK, FAINT = "#0072b2", "#b8b8b8", "#222222", "#666666"


def draw(part: Part, record: Record, path: Path) -> bool:
    """Draw it as SVG; return False if there is nothing to draw."""
    quantity = part.quantities[0]
    medians = {name: record.median(name, quantity.name) for name in part.contenders}
    bars = [(name, value) for name, value in medians.items() if value is not None]
    if not bars:
        return False
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": part.name, "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}):
        figure = Figure(figsize=(7.2, 0.6 + 0.34 * len(bars)), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        for place, (name, value) in enumerate(bars):
            values = record.values(name, quantity.name)
            ours = name.startswith("cnnjobs")
            axes.barh(place, value, color=OURS if ours else OTHERS, height=0.66)
            axes.plot([min(values), max(values)], [place, place], color=INK, linewidth=1)
            axes.text(max(values), place, f"  {quantity.form.format(value)}", va="center", color=INK)
        axes.set_yticks(range(len(bars)), [name for name, _ in bars])
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel(quantity.heading.partition(" (")[0] + ", median; lines from smallest to largest", color=FAINT)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        figure.savefig(path, format="svg", metadata={"Date": None})
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n", encoding="utf-8")
    return True
