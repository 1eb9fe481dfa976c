"""joblib: as many processes as cores, each with one thread, kept for all trials (loky)."""

import os
from pathlib import Path

from joblib import Parallel, delayed

from benchmarks.peers.work import Data, Work, asked, fit, load, one_thread, save


def trial(work: Work, data: Data, folder: Path, variant: str, repeat: int) -> None:
    """Train one trial in a process that may have trained others."""
    one_thread()
    save(folder, fit(work, data, variant, repeat))


if __name__ == "__main__":
    work, folder = asked()
    data = load(work)
    processes = Parallel(n_jobs=len(os.sched_getaffinity(0)), batch_size=1, pre_dispatch="all")
    processes(delayed(trial)(work, data, folder, variant, repeat) for variant, repeat in work.trials())
