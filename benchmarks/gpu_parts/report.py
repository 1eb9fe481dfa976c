"""The table of what `benchmarks/gpu.py` found, for people."""

from collections.abc import Iterator
from typing import Any

Found = dict[str, Any]


def table(found: Found) -> str:
    """Return all of it as Markdown."""
    about, sections = found["about"], found["sections"]
    name = about["card"].get("name", "no GPU")
    pretended = ", pretended: on cores, at toy size" if about["pretend"] else ""
    lines = [f"# GPU: {name}{pretended}", "", *_facts(about, sections.get("seen", {}))]
    for section, write in WRITERS.items():
        if section in sections and (section != "seen" or "error" in sections[section]):
            lines += ["", f"## {section}", "", *write(sections[section])]
            if "error" in sections[section]:
                lines += ["", "**Went wrong**:", "", "```text", str(sections[section]["error"]).strip(), "```"]
    return "\n".join(lines)


def _facts(about: Found, seen: Found) -> Iterator[str]:
    versions = ", ".join(f"{name} {number}" for name, number in seen.get("versions", {}).items())
    yield f"{versions}; {', '.join(f'{name} {value}' for name, value in about['card'].items())}; {about['photos']}; "
    yield f"{about.get('seconds', 0):.0f} s in all."
    for name in ("product", "convolution", "XLA"):
        if name in seen:
            yield f"- {name}: {seen[name]}"
    if "sum_by_product_error" in seen:
        yield f"- relative error of a sum by `matvec`: {seen['sum_by_product_error']:.1e}"
    yield f"- CUDA's libraries: {', '.join(path.rpartition('/')[2] for path in seen.get('libraries', [])) or 'none'}"
    yield f"- ptxas: {seen.get('ptxas')}"


def _doctor(found: Found) -> Iterator[str]:
    said = found.get("said", {})
    for one in said.get("checks", ()):
        yield f"- {'WRONG' if one['wrong'] else 'ok'} {one['name']}: {one['said']} {one['remedy'] or ''}".rstrip()
    if "text" in said:
        yield f"exit code {found['exit_code']}"


def _bits(found: Found) -> Iterator[str]:
    yield "| trial, against a fresh process | used process | cut off and resumed |"
    yield "| --- | --- | --- |"
    for name, one in found.get("equal", {}).items():
        yield f"| {name} | {_cell(one.get('used', one.get('error')))} | {_cell(one.get('resumed', ''))} |"


def _growth(found: Found) -> Iterator[str]:
    yield "| turn | variant | GPU now, MiB | GPU at most, MiB | process, MiB | replaced because |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for one in found.get("after", ()):
        cells = [one.get(name, "") for name in ("turn", "variant", "gpu_current_mib", "gpu_peak_mib", "process_mib")]
        yield f"| {' | '.join(map(str, cells))} | {one['retire'] or ''} |"


def _outgrown(found: Found) -> Iterator[str]:
    told = found.get("outgrown", {})
    yield told.get("error") or f"{told['completed']} of {told['expected']} others completed; said:"
    yield from (f"- {line.strip()}" for line in told.get("said", ()))


def _operations(found: Found) -> Iterator[str]:
    yield "| network, two steps twice | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {_cell(one)} |" for name, one in found.get("networks", {}).items())


def _steps(found: Found) -> Iterator[str]:
    yield "| setting | contender | ms a step | images a second | GPU busy, % | the trainer takes, times |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for setting, own in found.get("steps", {}).items():
        for kind, one in own.items():
            if "error" in one:
                yield f"| {setting} | {kind} | {_cell(one['error'])} | | | |"
                continue
            busy = "no NVML" if one["busy"] is None else one["busy"]
            cells = (one["ms_a_step"], f"{one['images_a_second']:,}", busy, one.get("trainer_takes", ""))
            yield f"| {setting} | {kind} | {' | '.join(map(str, cells))} |"


def _shares(found: Found) -> Iterator[str]:
    yield "| trials at once | trials | an hour | GPU busy, % | each process at most, MiB | share, MiB |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for count, one in found.get("at_once", {}).items():
        if "error" in one:
            yield f"| {count} | {_cell(one['error'])} | | | | |"
            continue
        memory = ", ".join(map(str, sorted(one["processes_mib"].values()))) or "no NVML"
        cells = (f"{one['trials']} of {one['expected']}", one["trials_an_hour"], one["card"].get("busy", "no NVML"))
        yield f"| {one['at_once']} | {' | '.join(map(str, cells))} | {memory} | {one['share_mib']} |"


def _data(found: Found) -> Iterator[str]:
    yield "| images | training, MB an epoch | seconds | validation, MB | seconds | test, MB | seconds |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for way, one in found.get("ways", {}).items():
        if "error" in one:
            yield f"| {way} | {_cell(one['error'])} | | | | | |"
            continue
        parts = ("training", "validation", "test")
        cells = [f"{one[f'{part}_bytes'] / 1e6:,.2f} | {one[f'{part}_seconds']:.3f}" for part in parts]
        yield f"| {way} | {' | '.join(cells)} |"


def _fused(found: Found) -> Iterator[str]:
    yield "| network | repeats | ms a step and repeat | times as fast as single | largest difference of weights |"
    yield "| --- | --- | --- | --- | --- |"
    for task, ways in found.get("tasks", {}).items():
        for way, one in ways.items():
            if "error" in one:
                yield f"| {task} | {way} | {_cell(one['error'])} | | |"
                continue
            took = ", ".join(f"{number:.2f}" for number in one["milliseconds"])
            times, apart = (f"{one[name]:.2g}" if name in one else "" for name in ("times_single", "difference"))
            yield f"| {task} | {way} | {took} | {times} | {apart} |"


def _cell(text: object) -> str:
    """Return text as it fits into a cell."""
    return " ".join(str(text).replace("|", "/").split())[:300]


WRITERS = {
    "seen": lambda found: (),
    "doctor": _doctor,
    "bits": _bits,
    "growth": _growth,
    "outgrown": _outgrown,
    "operations": _operations,
    "steps": _steps,
    "shares": _shares,
    "data": _data,
    "fused": _fused,
}
"""Section -> how it is written, in the order of the table."""
