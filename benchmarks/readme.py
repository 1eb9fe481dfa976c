"""Sections of the README, made of records between two markers each; what people write stays as it is."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.part import Goal, Part, Quantity
from benchmarks.record import Judged, Record, judge

NOT_MEASURED = "not measured"

END = re.compile(r"<!-- end: \S+ -->")


def replaced(text: str, name: str, section: str) -> str:
    """Return a README with a section between the markers of its name; without these it follows the last section."""
    begin, end = f"<!-- measured: {name} -->", f"<!-- end: {name} -->"
    whole = f"{begin}\n\n{section.strip()}\n\n{end}"
    if begin not in text:
        last = max((match.end() for match in END.finditer(text)), default=len(text))
        return f"{text[:last].rstrip()}\n\n{whole}\n\n{text[last:].lstrip()}".rstrip() + "\n"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"The README has {begin} without {end}. Write the second after the section.")
    return before + whole + after


def section(part: Part, record: Record, chart: str | None) -> str:
    """Return the section of a part as Markdown.

    Args:
        part: what it is.
        record: what was measured.
        chart: name of the picture beside the README, if there is one.
    """
    parts = [f"## {part.title}", part.about]
    if chart:
        parts.append(f'<img src="{chart}" width="640" alt="{_plain(part.title)}: {_alt(part, record)}">')
    parts += [_table(part, record), _goals(part, record), part.section(record) if part.section else ""]
    parts += [f"{name} failed: `{_in_short(text)}`" for name, text in record.errors().items()]
    parts += [f"Ended early: `{_in_short(record.failure)}`"] if record.failure else []
    parts.append(machine_line(record))
    return "\n\n".join(one for one in parts if one)


def machine_line(record: Record) -> str:
    """Return a sentence about what was measured how often, and where."""
    on, rounds = record.machine, len(record.rounds)
    packages = ", ".join(f"{name} {version}" for name, version in on.get("packages", {}).items())
    toy = "At toy size: these figures mean nothing. " if record.toy else ""
    return (
        f"{toy}{rounds} round{'s' * (rounds != 1)}, with contenders alternating; the figures "
        f"are medians, and ratios are computed within a round. "
        f"{on.get('cores')} cores ({on.get('processor') or 'unknown'}), {on.get('memory_gib')} GiB; "
        f"{on.get('gpu') or 'no GPU'}; Python {on.get('python')}, {packages}; load {on.get('load_before')} before and "
        f"{on.get('load_after', 'unknown')} after; {str(on.get('began'))[:10]}."
    )


def _table(part: Part, record: Record) -> str:
    shown = [one for one in part.quantities if any(record.values(name, one.name) for name in record.contenders())]
    first = shown[0] if shown else None
    ratios = part.reference in record.contenders() and first is not None
    heads = ["contender", *(one.heading for one in shown)]
    heads += [f"{part.reference} / this"] if ratios else []
    rows = []
    unlisted = {name: "" for name in record.contenders() if name not in part.contenders}
    for name, what in {**part.contenders, **unlisted}.items():
        if name in record.absent:
            rows.append([_called(name, what), record.absent[name]])
        elif name in record.contenders():
            row = [_called(name, what), *(_cell(record, name, one) for one in shown)]
            if ratios and first and part.reference:
                ratio = record.ratio(part.reference, name, first.name)
                row.append("" if name == part.reference or ratio is None else f"{ratio:.2f}")
            rows.append(row)
    lines = [heads, ["---"] * len(heads), *(row + [""] * (len(heads) - len(row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _called(name: str, what: str) -> str:
    return f"**{name}**: {what}" if what else f"**{name}**"


def _cell(record: Record, name: str, quantity: Quantity) -> str:
    values, median = record.values(name, quantity.name), record.median(name, quantity.name)
    if median is None:
        return "failed" if name in record.errors() else ""
    form: Callable[[Any], str] = quantity.form.format
    spread = f" ({form(min(values))} to {form(max(values))})" if quantity.spread and len(values) > 1 else ""
    return form(median) + spread


def _goals(part: Part, record: Record) -> str:
    judged = [judge(goal, record) for goal in part.goals]
    return "\n".join(f"- {_goal(one)}" for one in judged)


def _goal(judged: Judged) -> str:
    goal = judged.goal
    names = judged.against or " or ".join(goal.against)
    what = f"{goal.contender} / {names}" if names else goal.contender
    what += f", {goal.quantity}" if goal.quantity != "seconds" or not names else ""
    bound = f"goal: at {'least' if goal.at_least else 'most'} {goal.bound:g}"
    if judged.found is None:
        return f"{what}: {NOT_MEASURED} ({bound})"
    return f"{what}: **{judged.found:.3g}** ({bound}; {'reached' if judged.reached else 'not reached'})"


def goals_line(goal: Goal, record: Record) -> str:
    """Return a goal and what was found as a line of text."""
    return _goal(judge(goal, record)).replace("**", "")


def _alt(part: Part, record: Record) -> str:
    first = part.quantities[0]
    medians = [(name, record.median(name, first.name)) for name in part.contenders]
    return ", ".join(f"{name} {first.form.format(value)}" for name, value in medians if value is not None)


def _plain(text: str) -> str:
    return text.replace("`", "").replace('"', "")


def _in_short(error: str) -> str:
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return " ... ".join(dict.fromkeys((lines[0].rstrip(":"), lines[-1][:300]))) if lines else ""


def read(path: Path, title: str) -> str:
    """Return the README as it is, or a new one."""
    return path.read_text(encoding="utf-8") if path.exists() else f"# {title}\n"
