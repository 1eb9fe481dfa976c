"""Watches whether an autoscaler that does not say what it may add finds no kind of node for what trials ask for."""

import threading
from types import TracebackType

import ray
from ray.core.generated import autoscaler_pb2

from cnnjobs.engine.lifeline import interrupt_main_thread
from cnnjobs.engine.protocol import Slot

EVERY_S = 5.0
"""Seconds between two looks."""

LOOKS = 5
"""After so many looks in a row that find a demand without a node, it is taken for one that can never be met."""


class Demand:
    """While open, looks at what the autoscaler reports; interrupts the main thread when a demand can never be met.

    Args:
        address: host:port of the head.
        slot: what each trial asks for; demands of others are theirs.
        every_s: seconds between two looks.
    """

    def __init__(self, address: str, slot: Slot, *, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        asked = {"CPU": float(slot.cpus), "GPU": float(slot.gpus)}
        self._asked = {name: count for name, count in asked.items() if count}
        self._client = ray._raylet.GcsClient(address=address)
        self._over = threading.Event()
        self.can_never_be_met = False

    def __enter__(self) -> "Demand":
        """Begin to look."""
        threading.Thread(target=self._look, name="demand", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop looking."""
        self._over.set()

    def _look(self) -> None:
        looks = 0
        while not self._over.wait(self._every_s):
            looks = looks + 1 if self._unmet() else 0
            if looks == LOOKS and not self._over.is_set():  # it may have ended while this looked
                self.can_never_be_met = True
                interrupt_main_thread()
                return

    def _unmet(self) -> bool:
        try:
            reply = autoscaler_pb2.GetClusterStatusReply.FromString(self._client.get_cluster_status(timeout_s=5))
        except Exception:  # a head that is gone is another watcher's business
            return False
        state = reply.autoscaling_state
        gangs = [one for gang in state.infeasible_gang_resource_requests for one in gang.requests]
        return any(dict(one.resources_bundle) == self._asked for one in (*gangs, *state.infeasible_resource_requests))
