"""Measures the house: rooms, floors, arrows, imports that run back up, and the largest room.

python benchmarks/structure.py                # of this checkout
python benchmarks/structure.py OTHER/cnnjobs  # of another
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path


def imports_of(path: Path) -> Iterator[str]:
    """Yield the modules of the package that a file imports, at its top or in functions; not those for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    types = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    left_out = {id(part) for node in types for part in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("cnnjobs."))
        elif isinstance(node, ast.ImportFrom) and node.module == "cnnjobs":
            yield from (f"cnnjobs.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cnnjobs."):
            yield node.module


def measure(package: Path) -> None:
    """Print the figures of a package; a room is what lies directly in it."""
    lines: Counter[str] = Counter()
    arrows: dict[str, set[str]] = {}
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        lines[room] += path.read_text(encoding="utf-8").count("\n")
        arrows.setdefault(room, set()).update(module.split(".")[1] for module in imports_of(path))
    arrows = {room: {other for other in others if other in lines} - {room} for room, others in arrows.items()}
    count = sum(map(len, arrows.values()))
    (largest, most), total = lines.most_common(1)[0], sum(lines.values())
    try:
        order = list(TopologicalSorter(arrows).static_order())
        floors: dict[str, int] = {}
        for room in order:
            floors[room] = 1 + max((floors[other] for other in arrows[room]), default=0)
        shape = f"{max(floors.values())} floors, no circles"
    except CycleError as error:
        shape = f"a circle: {' -> '.join(error.args[1])}"
    print(f"{len(lines)} rooms, {shape}, {count} arrows; largest room {largest}, {most / total:.0%} of {total:,} lines")


if __name__ == "__main__":
    measure(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "cnnjobs")
