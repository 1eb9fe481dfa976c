"""Hydra: a multirun over variants and repeats, with the joblib launcher on all cores."""

import os
import sys
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore

from benchmarks.peers.joblib_processes import trial
from benchmarks.peers.work import asked, load

ConfigStore.instance().store("trial", {"variant": "", "repeat": 0, "work": "", "folder": ""})


@hydra.main(version_base=None, config_name="trial")
def main(config: Any) -> None:
    """Train one trial in a process that may have trained others."""
    sys.argv[1:] = [config.work, config.folder]
    work, folder = asked()
    trial(work, load(work), folder, config.variant, config.repeat)


if __name__ == "__main__":
    work, folder = asked()
    words = [f"work={sys.argv[1]}", f"folder={folder}", f"variant={','.join(work.variants)}"]
    words += [f"repeat={','.join(map(str, range(work.repeats)))}", "hydra/launcher=joblib"]
    words += [f"hydra.launcher.n_jobs={len(os.sched_getaffinity(0))}", f"hydra.sweep.dir={folder.parent / 'hydra'}"]
    sys.argv[1:] = ["--multirun", *words]
    main()
