"""Jobs of two variants that are one network under two names: how often --decide calls chance an effect.

    python benchmarks/null_jobs.py                 # ten jobs: ten minutes, more on a busy machine
    python benchmarks/null_jobs.py --jobs 40

Repeats have the same seeds in every variant, so a second name alone gives the same bits, and differences of 0. The
second variant here leaves out the first draws of its initial weights: the same law, other weights. Scanned digits, a
small network, a seed of its own a job. At most 5% of jobs may be called better or worse; of ten, four are called so
with a probability of 0.001, if it is 5%.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from cnnjobs import Adam, Job, Variant, custom


def network(input_shape, classes, left_out):  # type: ignore[no-untyped-def]
    """Return a small network whose initial weights are drawn after so many others."""
    import keras

    for _ in range(left_out):
        keras.initializers.GlorotUniform()  # takes a seed from the same source as the layers
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def null_job(seed: int) -> Job:
    """Return a job that compares the network with itself."""
    one = Variant(model=custom(network, left_out=0), optimizer=Adam(0.005), epochs=8, batch_size=64)
    other = one.but(model=custom(network, left_out=100))
    return Job(name=f"null-{seed}", dataset="digits", seed=seed, variants={"one": one, "other": other})


def decided(job: Job, results: Path, margin: float | None) -> str:
    """Return a row of the table: what the rule says of one job."""
    import cnnjobs
    from cnnjobs.comparison.decisions import job_ruling
    from cnnjobs.run.prepare import store_at

    cnnjobs.submit(job, results, decide=True if margin is None else margin)
    store = store_at(str(results), job)
    ruling = store.job and job_ruling(store, store.job)
    if not ruling:
        raise RuntimeError(f"{results} has no job with a rule")
    found = ruling.decisions["other"]
    points = [f"{100 * value:+.2f}" for value in (found.mean or 0.0, found.sd or 0.0)]
    return f"| {job.seed} | {found.verdict.value} | {found.pairs} | {points[0]} | {points[1][1:]} | {found.q:.3f} |"


def main() -> None:
    """Run the jobs and print their decisions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10, help="number of jobs")
    parser.add_argument("--margin", type=float, help="percentage points that count as equal")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    rows, began = [], time.monotonic()
    for seed in range(options.jobs):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(decided(null_job(seed), Path(folder), options.margin))
    print("| seed | decision | pairs | mean, points | SD of pairs, points | sequential p |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
