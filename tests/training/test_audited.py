"""An audit as a person asks for it, on real TensorFlow and real images."""

import re

from support.fakes import submit_in
from support.isolation import alone

import cnnjobs
from cnnjobs.run.backends import open_worker

__all__ = ["alone"]

JOB = """
from cnnjobs import Adam, Augment, Job, Variant, mlp

small = mlp(dense=(8,), dropout=0.2)
base = Variant(model=small, optimizer=Adam(0.01), epochs=1, batch_size=32, augment=Augment(shift=0.05))
job = Job(name="small", dataset="digits", repeats=3, variants={"base": base})
"""


def test_an_audit_shows_one_sd_a_source_and_that_the_same_seeds_give_the_same_bits(tmp_path):
    words = (
        "--limit-train",
        "600",
        "--max-concurrent",
        "1",
        "--cpus-per-trial",
        "1",
        "--audit",
        "base",
        "--repeats",
        "2",
    )
    done = submit_in(tmp_path, *words, worker=open_worker, change=lambda _: JOB)
    assert done.exit_code == 0, done.output
    results = cnnjobs.load_results(tmp_path / "results" / "small-audit-base")
    counts = results.trials.groupby("variant").size()
    sources = ("split", "init", "order", "augment", "dropout")
    assert counts.to_dict() == {"all sources": 2, "same seeds twice": 2} | {f"{one} alone": 2 for one in sources}
    by_variant = results.trials.groupby("variant").test_loss
    assert by_variant.nunique().to_dict() == dict.fromkeys(counts.index, 2) | {"same seeds twice": 1}
    first = results.trials[results.trials.repeat == 0]
    assert first.test_loss.nunique() == 1, "the first repeat has the same seeds whatever varies after it"
    assert re.search(r"same seeds twice +2 +0\.00 +all repeats identical +0\.00", done.stdout)
    assert "note: These are not shares of a whole" in done.stdout
