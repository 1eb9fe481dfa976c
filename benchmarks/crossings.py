"""What TensorFlow sends from the host to the device of a replica: seen in a profile, counted in tensors and bytes.

Sends are operations of the graphs that TensorFlow has cut apart by devices, one for each tensor that another device
needs, and the profiler has an event for each time that one runs. A GPU is not needed: two logical CPU devices are cut
apart in the same way, though nothing is copied between them. The turn that ends a loop, and a branch that is not taken,
send too: a signal in the place of the tensor, which is counted as if it were one.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

HOST = "CPU:0"

SENDS = ("_Send", "_HostSend")

THROUGH = ("Identity", "Enter", "Switch", "Merge")
"""Operations that hand on what they are given."""


class Sent(NamedTuple):
    """A tensor that was sent.

    Args:
        operation: kind of what made it, "_Arg" for an argument of the graph, "control" for a mere signal.
        name: of that operation.
        output: which of its outputs.
        dtype: of the tensor, as NumPy names it.
    """

    operation: str
    name: str
    output: int
    dtype: str


class Graphs:
    """The graphs that TensorFlow has cut apart; made before what is to be watched is traced."""

    def __init__(self) -> None:
        from tensorflow.python.eager import context

        self._context = context.context()
        self._context.enable_graph_collection()
        self._nodes: dict[str, list[Any]] = {}

    def sent(self, work: Callable[[], Any]) -> Counter[Sent]:
        """Return what the host sends to other devices while some work runs, and how often.

        Args:
            work: runs graphs that have run before.
        """
        collected = self._context.export_run_metadata()
        for graph in collected.function_graphs if collected else ():
            for part in graph.partition_graphs:
                for node in part.node:
                    self._nodes.setdefault(node.name, []).append(node)
        return Counter(self._source(name) for name in _sends(work))

    def _source(self, send: str) -> Sent:
        """Return what a `_Send` sends."""
        import tensorflow as tf

        name, output, node = send, 0, None
        while (found := self._nodes.get(name)) is not None:
            node = max(found, key=lambda one: one.op in SENDS) if node is None else found[-1]
            if node.op not in (*SENDS, *THROUGH) or not node.input:
                break
            if node.input[0].startswith("^"):
                return Sent("control", name, 0, "none")
            name, _, number = node.input[0].partition(":")
            output = int(number or 0)
        if node is None:
            return Sent("unknown", send, 0, "float64")
        first = max(self._nodes[send], key=lambda one: one.op in SENDS) if send in self._nodes else node
        kind = first.attr["T"].type
        return Sent(node.op, node.name, output, tf.dtypes.as_dtype(kind).name if kind else "none")


def _sends(work: Callable[[], Any]) -> Iterator[str]:
    """Yield the name of each `_Send` of the host's that runs."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    profiler = tf.profiler.experimental
    with tempfile.TemporaryDirectory(prefix="crossings-") as folder:
        options = profiler.ProfilerOptions(host_tracer_level=2, python_tracer_level=0, device_tracer_level=0)
        profiler.start(folder, options)
        try:
            work()
        finally:
            profiler.stop()
        (path,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name, _, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
                if kind in ("_Send", "_HostSend") and _from_host(plane, event):
                    yield name


def _from_host(plane: Any, event: Any) -> bool:
    """Say whether a send is from the host to another device."""
    for stat in event.stats:
        if plane.stat_metadata[stat.metadata_id].name == "key":
            key = stat.str_value or plane.stat_metadata[stat.ref_value].name
            source, _, target, *_ = key.split(";")
            return str(source).endswith(HOST) and source != target
    return False


def bytes_sent(sent: Mapping[Sent, int], bytes_of: Callable[[Sent], float]) -> float:
    """Return the bytes of what was sent.

    Args:
        sent: how often each tensor was.
        bytes_of: how large one is.
    """
    return sum(count * bytes_of(one) for one, count in sent.items())
