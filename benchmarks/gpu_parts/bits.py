"""The same trial in a fresh process, in a used one, and cut off and resumed: are the bits the same?"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.gpu_parts.settings import Settings, command_of, environment, networks, photos, tell, worker_on

AT_ONCE = 4
"""Fresh processes at the same time."""


def measure(settings: Settings) -> None:
    """Compare each case, the most telling first, with what a process of its own came to."""
    from support.training_runs import load, outcome

    names = list(_cases(settings))
    with tempfile.TemporaryDirectory() as folder:
        fresh = _Fresh(names, settings, Path(folder))
        workers: dict[bool, Any] = {}
        equal: dict[str, Any] = {}
        for name in names:
            case = _cases(settings)[name]
            worker = workers.get(case.on_photos) or case.worker(settings)
            workers[case.on_photos] = worker
            try:
                trial, other = case.trials()
                outcome(worker, other)
                used = outcome(worker, trial)
                resumed = _resumed(worker, trial, other, Path(folder) / "kept")
                expected = load(fresh.result(name))
                equal[name] = {"used": _apart(used, expected), "resumed": _apart(resumed, expected)}
            except Exception as error:
                equal[name] = {"error": f"{type(error).__name__}: {str(error)[:600]}"}
            tell(equal=equal)


class _Case:
    """A variant on its data."""

    def __init__(self, variant: Any, *, on_photos: bool) -> None:
        self.variant, self.on_photos = variant, on_photos

    def trials(self) -> Any:
        """Return two repeats."""
        from support.training_runs import trials_of

        return trials_of(self.variant, validation="test")

    def worker(self, settings: Settings) -> Any:
        """Return a worker on its data."""
        from support import promised

        return worker_on(photos(settings, 1024) if self.on_photos else promised.data(), settings)


def _cases(settings: Settings) -> dict[str, _Case]:
    from support.promised import CASES

    from cnnjobs import Augment

    cases = {name: _Case(variant, on_photos=False) for name, variant in CASES.items()}
    if settings.pretend:
        return {name: cases[name] for name in list(cases)[:1]}
    made = networks(pretend=False)
    shifted = Augment(flip="horizontal", shift=0.1)
    own = {
        "VGG-3 on photos, augmented": made["VGG-3"].but(augment=shifted),
        "ResNet-20 on photos, bfloat16": made["ResNet-20"].but(precision="bfloat16"),
        "ResNet-20 on photos, XLA": made["ResNet-20"].but(xla=True),
    }
    return {name: _Case(variant.but(epochs=2), on_photos=True) for name, variant in own.items()} | cases


class _Fresh:
    """Processes that run one case each, some at a time."""

    def __init__(self, names: list[str], settings: Settings, folder: Path) -> None:
        self._names, self._settings, self._folder = names, settings, folder
        self._running: dict[str, Any] = {}
        for name in names[:AT_ONCE]:
            self._start(name)

    def result(self, name: str) -> Path:
        """Wait for a case; return its file."""
        self._running[name].wait()
        waiting = [one for one in self._names if one not in self._running]
        for one in waiting[:1]:
            self._start(one)
        if self._running[name].returncode:
            said = self._path(name).with_suffix(".log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"its own process failed: {said[-500:]}")
        return self._path(name)

    def _path(self, name: str) -> Path:
        return self._folder / f"{self._names.index(name)}.npz"

    def _start(self, name: str) -> None:
        command = command_of("bits", self._settings.text, name, str(self._path(name)))
        with open(self._path(name).with_suffix(".log"), "wb") as log:
            self._running[name] = subprocess.Popen(command, env=environment(), stdout=log, stderr=log)


def _resumed(worker: Any, trial: Any, other: Any, folder: Path) -> Any:
    """Return the outcome of a trial that was cut off in its second epoch, after which another one began."""
    from support.training_runs import outcome

    from cnnjobs.store.checkpoints import Checkpoints
    from cnnjobs.store.files import Files

    worker.checkpoints = Checkpoints(Files(folder), every_s=0)
    try:
        running = worker.run(trial)
        next(message for message in running if getattr(message, "epoch", 0) == 1)
        next(running)
        running.close()
        next(worker.run(other))
        return outcome(worker, trial)
    finally:
        worker.checkpoints = None


def _apart(one: Any, other: Any) -> Any:
    """Return "equal", or how far apart the values that differ most are, relative to the largest of theirs."""
    import numpy as np

    worst = 0.0
    for name, value in one.items():
        if value.tobytes() != other[name].tobytes():
            apart = np.abs(value.astype(np.float64) - other[name].astype(np.float64)).max()
            worst = max(worst, float(apart / max(np.abs(value.astype(np.float64)).max(), 1e-12)), 1e-300)
    return worst or "equal"


def _be_fresh(settings: Settings, name: str, path: str) -> None:
    import numpy as np
    from support.training_runs import outcome

    case = _cases(settings)[name]
    trial, _ = case.trials()
    np.savez(path, **outcome(case.worker(settings), trial))


if __name__ == "__main__":
    _be_fresh(Settings.load(sys.argv[1]), *sys.argv[2:])
