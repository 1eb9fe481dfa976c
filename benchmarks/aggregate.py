"""Seconds and memory that tables of a large store take, beside DuckDB over the same files and Ray Tune's own frame.

    python benchmarks/aggregate.py                                  # 10,000 trials x 100 epochs, a Tune run of 1,000
    python benchmarks/aggregate.py --trials 1000 --tune-trials 0    # a minute
    python benchmarks/aggregate.py --sizes 1000 10000               # with predictions of 1,000 examples a trial

The store is made up (twenty variants, noise around a mean each) but has the real schemas and is written by the
store's own code, without waiting for the disk after each file. Each contender is a fresh process that ends with the
same table, n, mean and SD of each variant and mean and SD of its paired difference to the first one:

    tables      this project's: it also computes intervals, tests and effect sizes of all of them
    duckdb      SQL over the same Parquet files; its numbers must equal ours to 1e-9
    tune        `ResultGrid.get_dataframe()` of a Tune run that reported equal numbers, then pandas
    aggregate   the command `cnnjobs aggregate`, figures and files included; without predictions where it has an option
                for that, and with them at each of `--sizes`: its memory must not grow with the number of trials

Seconds and peak resident memory are those of the whole process, start and imports included.
"""

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

VARIANTS = 20
Numbers = dict[str, list[float]]
"""variant -> n, mean, SD, mean and SD of the paired difference to the first variant."""


def name_of(variant: int) -> str:
    """Return a name that sorts by number."""
    return f"variant-{variant:02d}"


def value_of(trial: int, trials: int, variants: int = VARIANTS) -> float:
    """Return the test accuracy of a trial; a pure function, so that a Tune run can report the same."""
    variant, repeat = divmod(trial, trials // variants)
    return float(0.9 + variant / 1000 + 0.003 * np.random.default_rng([variant, repeat]).normal())


def job_document(trials: int, examples: int, classes: int, variants: int = VARIANTS) -> dict[str, Any]:
    """Return the store's `job.json`."""
    conditions = {name_of(i): {"condition_id": f"c{i:015x}", "settings": {}} for i in range(variants)}
    dataset = {"name": "made-up", "train_rows": 50_000, "test_rows": examples, "classes": classes}
    return {
        "schema": 1,
        "name": "benchmark",
        "repeats": trials // variants,
        "vary": ["split", "init", "order", "augment", "dropout"],
        "reference": name_of(0),
        "protocol": {"validation": 0.2, "folds": None, "limit_train": None, "replicas": 1},
        "protocol_text": "20% of the training rows held out for validation",
        "dataset": dataset | {"class_names": [f"class {i}" for i in range(classes)]},
        "variants": conditions,
    }


def make_store(folder: Path, trials: int, epochs: int, examples: int, classes: int, variants: int = VARIANTS) -> None:
    """Write a store of single files; no predictions if `examples` is 0."""
    from cnnjobs.messages import Predictions
    from cnnjobs.store import files
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store
    from cnnjobs.store.stored_job import StoredJob

    store = Store(Files(folder))
    store.write_job(StoredJob.from_json(job_document(trials, max(examples, 1), classes, variants)))
    labels = np.random.default_rng(0).integers(0, classes, examples).astype(np.int32)
    with mock.patch.object(files.os, "fsync"):  # nothing is waited for
        for trial in range(trials):
            random = np.random.default_rng(trial)
            row = trial_row(trial, trials, epochs, variants)
            predictions = None
            if examples:
                logits = random.normal(size=(examples, classes)) + 3 * np.eye(classes)[labels]
                odds = np.exp(logits)
                predictions = Predictions(labels, (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32))
            store.commit(row, made_up_epochs(random, epochs), predictions)


def trial_row(trial: int, trials: int, epochs: int, variants: int = VARIANTS) -> dict[str, Any]:
    """Return a row of `trials` with everything that a real one has."""
    variant, repeat = divmod(trial, trials // variants)
    metrics = ("loss", "accuracy", "mse", "top5_accuracy")
    versions = {f"{name}_version": "1.2.3" for name in ("cnnjobs", "python", "tensorflow", "keras", "ray", "numpy")}
    return {
        "trial_id": f"{trial * 2_654_435_761 % 2**32:016x}",  # in no order, as digests are
        "condition_id": f"c{variant:015x}",
        "job": "benchmark",
        "variant": name_of(variant),
        "repeat": repeat,
        "fold": 0,
        "status": "completed",
        "settings": json.dumps({"model": "vgg", "variant": variant, "filler": list(range(100))}),
        **{f"{part}_{metric}": 0.5 for part in ("test", "val", "train") for metric in metrics},
        **versions,
        "test_accuracy": value_of(trial, trials, variants),
        "epochs_done": epochs,
        "finished_at": trial,
        "seconds": 100.0 + repeat,
        "gpu_seconds": 0.0,
        "cpus": 1,
        "gpus": 0.0,
        "replicas": 1,
        "device": "CPU",
    }


def made_up_epochs(random: np.random.Generator, epochs: int) -> dict[str, list[Any]]:
    """Return falling losses and rising accuracies with noise."""
    fall = 2 * 0.97 ** np.arange(epochs)
    columns: dict[str, list[Any]] = {"epoch": list(range(1, epochs + 1)), "learning_rate": [0.1] * epochs}
    for part in ("", "val_"):
        noise = random.normal(scale=0.02, size=(4, epochs))
        columns[f"{part}loss"], columns[f"{part}mse"] = list(fall + noise[0]), list(fall / 20 + noise[1])
        columns[f"{part}accuracy"] = list(1 - fall / 2.2 + noise[2])
        columns[f"{part}top5_accuracy"] = list(1 - fall / 4 + noise[3])
    return columns


def make_tune_run(folder: Path, trials: int, epochs: int) -> None:
    """Run a trainable that does nothing but report, with workers that are used again and Tune's own loggers."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AIR_NEW_OUTPUT": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    import ray
    from ray import tune

    reporter = reporter_class(trials)
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    tune.Tuner(
        tune.with_resources(reporter, {"cpu": 1}),
        param_space={"trial": tune.grid_search(list(range(trials)))},
        tune_config=tune.TuneConfig(reuse_actors=True),
        run_config=tune.RunConfig(name="run", storage_path=str(folder), verbose=0, stop={"training_iteration": epochs}),
    ).fit()
    ray.shutdown()


def reporter_class(trials: int) -> Any:
    """Return the trainable; at the last epoch it reports what the store has as test accuracy."""
    from ray import tune

    class Reporter(tune.Trainable):  # type: ignore[misc]
        """Reports."""

        def setup(self, config: dict[str, Any]) -> None:
            """Take a trial up."""
            self._trial = int(config["trial"])

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            """Take another trial up."""
            self._trial = int(new_config["trial"])
            return True

        def step(self) -> dict[str, float]:
            """Return an epoch's metrics."""
            return {"test_accuracy": value_of(self._trial, trials), "loss": 1.0, "val_loss": 1.0, "val_accuracy": 0.5}

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            """Keep nothing."""

        def load_checkpoint(self, checkpoint: Any) -> None:
            """Nothing is kept."""

    return Reporter


def by_tables(folder: Path, trials: int) -> Numbers:
    """Return this project's numbers."""
    from cnnjobs.comparison.table import job_table
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store

    found = {}
    for row in job_table(Store(Files(folder))).rows:
        one, other = row.summary, row.difference
        rest = [0.0, 0.0] if other is None else [other.mean, other.sd]
        found[row.name] = [one.n, one.mean, one.sd, *rest]  # type: ignore[union-attr]
    return found


QUERY = """
with own as (select distinct on (trial_id) variant, repeat, fold, test_accuracy as value
             from '{folder}/trials/*.parquet' where status = 'completed' and isfinite(test_accuracy)),
     base as (select repeat, fold, value from own where variant = '{reference}')
select variant, count(*), avg(own.value), stddev_samp(own.value),
       avg(own.value - base.value), stddev_samp(own.value - base.value)
from own left join base using (repeat, fold) group by variant order by variant
"""


def by_duckdb(folder: Path, trials: int) -> Numbers:
    """Return DuckDB's numbers over the same files."""
    import duckdb

    duckdb.sql("set threads = 2")
    rows = duckdb.sql(QUERY.format(folder=folder, reference=name_of(0))).fetchall()
    return {row[0]: list(row[1:]) for row in rows}


def by_tune(folder: Path, trials: int) -> Numbers:
    """Return the numbers from the data frame of Tune's own results."""
    from ray import tune

    grid = tune.Tuner.restore(str(folder / "run"), trainable=reporter_class(trials)).get_results()
    frame = grid.get_dataframe()
    repeats = trials // VARIANTS
    frame["variant"] = [name_of(int(trial) // repeats) for trial in frame["config/trial"]]
    frame["repeat"] = frame["config/trial"] % repeats
    wide = frame.pivot_table(index="repeat", columns="variant", values="test_accuracy")
    differences = wide.sub(wide[name_of(0)], axis=0)
    parts = [wide.count(), wide.mean(), wide.std(), differences.mean(), differences.std()]
    return {name: [float(part[name]) for part in parts] for name in wide.columns}


CONTENDERS = {"tables": by_tables, "duckdb": by_duckdb, "tune": by_tune}


@dataclass(frozen=True)
class Measured:
    """What a process took.

    Args:
        seconds: from its start to its end.
        cpu_s: of its threads together, which other work on the machine disturbs less.
        mib: peak resident memory.
        text: what it printed.
    """

    seconds: float
    cpu_s: float
    mib: float
    text: str


def measure(command: list[str]) -> Measured:
    """Run a process and return what it took."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{text}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def contend(name: str, folder: Path, trials: int) -> tuple[Measured, Numbers]:
    """Measure a contender; return its numbers as well."""
    own = [sys.executable, __file__, "--contender", name, "--folder", str(folder), "--trials", str(trials)]
    measured = measure(own)
    return measured, json.loads(measured.text.splitlines()[-1])


def check_equal(ours: Numbers, theirs: Numbers) -> None:
    """Stop if two contenders disagree."""
    for variant, numbers in ours.items():
        for one, other in zip(numbers, theirs[variant], strict=True):
            if not math.isclose(one, other, rel_tol=0, abs_tol=1e-9):
                raise AssertionError(f"{variant}: {numbers} and {theirs[variant]}")


def without_predictions() -> list[str]:
    """Return the option of `cnnjobs aggregate` that leaves predictions out, if it has one."""
    text = subprocess.run(
        [sys.executable, "-m", "cnnjobs", "aggregate", "--help"], capture_output=True, text=True, check=True
    ).stdout
    return [name for name in ("--no-predictions", "--without-predictions") if name in text][:1]


def show(what: str, trials: int, files: str, measured: Measured) -> None:
    """Print a row of the table."""
    print(
        f"| {what} | {trials:,} | {files} | {measured.seconds:.1f} | {measured.cpu_s:.1f} | {measured.mib:,.0f} |",
        flush=True,
    )


def compacted(folder: Path) -> float:
    """Compact a store in this process; return the seconds it took."""
    from cnnjobs.store.compaction import compact
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store

    began = time.perf_counter()
    compact(Store(Files(folder)), least=1)
    return time.perf_counter() - began


def tables_of(folder: Path, trials: int, files: str) -> Numbers:
    """Measure this project and DuckDB on a store, and compare their numbers."""
    measured, ours = contend("tables", folder, trials)
    show("tables", trials, files, measured)
    measured, theirs = contend("duckdb", folder, trials)
    show("duckdb", trials, files, measured)
    check_equal(ours, theirs)
    return ours


def report_of(folder: Path, trials: int, options: list[str]) -> None:
    """Measure the whole command."""
    measured = measure([sys.executable, "-m", "cnnjobs", "aggregate", str(folder), *options])
    show(" ".join(["aggregate", *options]), trials, "compacted", measured)


def main() -> None:
    """Read the command line, make stores, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000, help="a multiple of 20")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--tune-trials", type=int, default=1000, help="a multiple of 20; 0 for no Tune run")
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="trials of stores with predictions")
    parser.add_argument("--folder", type=Path, help="where stores are made and kept; else removed in the end")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contender:
        print(json.dumps(CONTENDERS[asked.contender](asked.folder, asked.trials)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        run(asked, asked.folder or Path(temporary))


def run(asked: argparse.Namespace, root: Path) -> None:
    """Measure everything that was asked for."""
    import duckdb
    import pyarrow

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.platform()}, Python {platform.python_version()}, ", end=""
    )
    print(f"pyarrow {pyarrow.__version__}, DuckDB {duckdb.__version__}\n")
    print("| what | trials | files | seconds | CPU seconds | MiB at most |\n| --- | --- | --- | --- | --- | --- |")
    notes = []
    for trials in dict.fromkeys([asked.trials, *([asked.tune_trials] if asked.tune_trials else [])]):
        folder = root / f"store-{trials}"
        began = time.perf_counter()
        make_store(folder, trials, asked.epochs, 0, asked.classes)
        notes.append(f"{trials:,} trials: made in {time.perf_counter() - began:.0f} s")
        tables_of(folder, trials, "one per trial")
        notes[-1] += f", compacted in {compacted(folder):.0f} s"
        ours = tables_of(folder, trials, "compacted")
        report_of(folder, trials, without_predictions())
        if trials == asked.tune_trials:
            began = time.perf_counter()
            make_tune_run(root / "tune", trials, asked.epochs)
            took = time.perf_counter() - began
            notes.append(
                f"Tune: {trials:,} trials x {asked.epochs} reports in {took:.0f} s, {trials / took:.1f} trials/s"
            )
            measured, theirs = contend("tune", root / "tune", trials)
            show("tune", trials, "Tune's own", measured)
            check_equal(ours, theirs)
    for trials in asked.sizes:
        folder = root / f"predictions-{trials}"
        make_store(folder, trials, asked.epochs, asked.examples, asked.classes)
        compacted(folder)
        report_of(folder, trials, [])
    print("\n" + "\n".join(notes))
    print(f"This process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB at most")


if __name__ == "__main__":
    main()
