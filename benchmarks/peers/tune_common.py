"""Ray Tune: as many trials at a time as cores, without loggers and progress tables that nobody asked for."""

import os
from pathlib import Path
from typing import Any

from benchmarks.peers.work import Data, Work

os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")


def run(trainable: Any, work: Work, data: Data, folder: Path, *, reuse: bool) -> None:
    """Run all trials, a core each.

    Args:
        trainable: a class or a function, which also takes `work`, `data` and `folder`.
        work: what to train.
        data: goes into Ray's object store once.
        folder: for the files of the trials; Tune's own are beside it.
        reuse: whether a worker serves trial after trial.
    """
    import ray
    from ray import tune

    cores = len(os.sched_getaffinity(0))
    ray.init("local", num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(trainable, work=work, data=data, folder=folder), {"cpu": 1}),
        param_space={
            "variant": tune.grid_search(list(work.variants)),
            "repeat": tune.grid_search(list(range(work.repeats))),
        },
        tune_config=tune.TuneConfig(reuse_actors=reuse),
        run_config=tune.RunConfig(storage_path=str(folder.parent / "tune"), verbose=0),
    )
    results = tuner.fit()
    if results.errors:
        raise RuntimeError(results.errors[0])
