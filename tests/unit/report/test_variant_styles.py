"""A variant has one colour and marker in all figures of a report, and no two variants look the same."""

import itertools
import re

import matplotlib.colors
from support.stores import make_store

from cnnjobs.comparison.table import job_table
from cnnjobs.report import overlay
from cnnjobs.report.figures.comparison import box_plot
from cnnjobs.report.variant_styles import COLORS, MARKERS, MOST_VARIANTS, variant_styles

ACCURACIES = [0.9, 0.91, 0.92, 0.93, 0.94]


def test_no_two_of_many_variants_look_the_same():
    styles = variant_styles(f"v{number}" for number in range(MOST_VARIANTS))
    assert len(set(styles.values())) == MOST_VARIANTS
    first = list(styles.values())[: len(COLORS)]
    assert len({style.color for style in first}) == len(COLORS)
    assert all(one.marker != other.marker for one, other in itertools.pairwise(first))
    assert all(re.fullmatch("#[0-9a-f]{6}", style.color) for style in first)
    assert {style.marker for style in first} == set(MARKERS)


def test_more_variants_than_that_have_a_style_too():
    names = [f"v{number}" for number in range(MOST_VARIANTS + 1)]
    assert list(variant_styles(names)) == names


def test_a_variant_looks_the_same_whichever_others_are_drawn(tmp_path):
    store = make_store(tmp_path, {"a": ACCURACIES, "b": [], "c": ACCURACIES}, curves=True)
    expected = variant_styles("abc")
    box = box_plot(job_table(store)).axes[0]
    dots = [line for line in box.lines if line.get_linestyle() == "None"]
    assert [line.get_marker() for line in dots] == [expected["a"].marker, expected["c"].marker]
    assert [matplotlib.colors.to_hex(line.get_color()) for line in dots] == [expected["a"].color, expected["c"].color]
    models, _ = overlay.read_histories(overlay.choose([store], ["c", "a"]))
    lines = overlay.overlay_chart(models, ["loss"]).draw().axes[0].lines
    assert [line.get_color() for line in lines[::2]] == [expected["c"].color, expected["a"].color]
