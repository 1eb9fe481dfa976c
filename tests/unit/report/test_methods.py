"""The methods paragraph says what was done, whatever the job is, and BibTeX has exactly what it cites."""

import re
from dataclasses import replace

import pytest
from support.decided import A, B, decided_store
from support.stores import VALUES, make_store

from cnnjobs.comparison.table import job_table
from cnnjobs.report.references import REFERENCES, bibtex, cited, latex, plain
from cnnjobs.report.sections.methods import methods_section
from cnnjobs.spec.half_width import HalfWidth
from cnnjobs.store.stored_job import AuditMark, StoredProtocol, StoredVariant

RUN = {
    "cnnjobs_version": "0.1.0",
    "tensorflow_version": "2.21.0",
    "ray_version": "2.60.0",
    "device": "EPYC",
    "cpus": 2,
    "gpus": 0.0,
    "parameters": 1234,
}
ADAM = {
    "kind": "Variant",
    "model": {"kind": "Model", "builder": "resnet", "options": {"dropout": 0.0}},
    "optimizer": {"kind": "Adam", "learning_rate": 0.001},
    "epochs": 12,
    "batch_size": 32,
}


def passages(table):
    section = methods_section(table)
    return {element.file: element.text for element in section.all_elements()}


def methods(table):
    return passages(table)["methods.txt"]


def changed(store, **changes):
    store.write_job(replace(store.kept_job(), **changes))
    return job_table(store)


def test_of_paired_repeats(tmp_path):
    store = make_store(tmp_path, VALUES, **RUN)
    job = store.kept_job()
    data = replace(job.dataset, source={"kind": "Named", "name": "cifar10"}, image_shape=(32, 32, 3), classes=10)
    variants = {
        name: StoredVariant(condition_id=one.condition_id, settings=ADAM | {"epochs": 12 if name == "alike" else 24})
        for name, one in job.variants.items()
    }
    text = methods(changed(store, dataset=data, variants=variants))
    for said in (
        "We used CIFAR-10 (Krizhevsky, 2009): images of 32 x 32 pixels, colour, in 10 classes, 100 for training",
        "20% were held out for validation",
        "drawn anew in each repeat.",
        "We compared 3 variants (baseline, better | *bold* <script>, alike); they differ in epochs.",
        "All are of the type ResNet (He et al., 2016) with 1,234 parameters.",
        "Training ran by Adam (Kingma and Ba, 2015) at a learning rate of 0.001, with a batch size of 32.",
        "Each was trained in 5 runs.",
        "a 95% t interval (Student, 1908) for new repeats on these same test images",
        "compared with baseline by a two-sided paired t test over 5 pairs.",
        "adjusted by Holm's method over 2 comparisons (Holm, 1979).",
        "cnnjobs 0.1.0 (cnnjobs contributors), TensorFlow 2.21.0 (Abadi et al., 2016) and Ray Tune 2.60.0 (Liaw",
        "Hardware: EPYC, 2 CPU cores per run.",
    ):
        assert said in text
    assert "looked at" not in text
    assert "estimates" not in text


def test_bibtex_has_exactly_what_is_cited(tmp_path):
    found = passages(job_table(make_store(tmp_path, VALUES, **RUN)))
    entries = re.findall(r"^@\w+\{(\w+),$", found["references.bib"], re.MULTILINE)
    cites = {key for keys in re.findall(r"\\citep\{([^}]+)\}", found["methods.tex"]) for key in keys.split(",")}
    assert len(entries) == len(set(entries))
    assert set(entries) == cites
    assert {"holm1979", "cnnjobs", "abadi2016"} <= cites
    assert "nadeau2003" not in cites, "these runs share no rows"
    assert "[@" not in "".join(found.values())


@pytest.mark.parametrize("key", REFERENCES)
def test_entries_are_whole(key):
    entry = REFERENCES[key].entry(key)
    assert entry.count("{") == entry.count("}")
    assert re.match(rf"@\w+\{{{key},\n  author = ", entry)
    assert "title = " in entry
    year = re.search(r"year = \{(\d{4})\}", entry)
    assert year is None or year[1] in REFERENCES[key].short
    assert year is not None or key == "cnnjobs"


def test_citations_in_words_and_in_latex():
    text = "A & B [@holm1979; @student1908] in 5% [@holm1979]."
    assert cited(text) == ["holm1979", "student1908"]
    assert plain(text) == "A & B (Holm, 1979; Student, 1908) in 5% (Holm, 1979)."
    assert latex(text) == r"A \& B \citep{holm1979,student1908} in 5\% \citep{holm1979}."
    assert bibtex("nothing") == ""


def test_of_folds(tmp_path):
    values = {"a": [0.9, 0.91, 0.92, 0.93, 0.94], "b": [0.91, 0.92, 0.94, 0.93, 0.95]}
    text = methods(job_table(make_store(tmp_path, values, folds=5, validation=None, repeats=1)))
    assert "5-fold cross-validation on the training images" in text
    assert "5 runs, 5 folds in each repeat" in text
    assert "corrected for training images that runs share" in text
    assert "(Nadeau and Bengio, 2003)" in text
    assert "b was compared with a" in text
    assert "Holm" not in text, "there is one comparison"


def test_of_fewer_than_five_pairs(tmp_path):
    text = methods(job_table(make_store(tmp_path, {"a": [0.5, 0.6], "b": [0.6, 0.8]})))
    assert "No variant has five pairs, so that all differences are estimates without a verdict." in text


def test_of_one_variant_nothing_is_compared(tmp_path):
    text = methods(job_table(make_store(tmp_path, {"a": [0.5, 0.6, 0.7]}, **RUN)))
    assert "One variant was trained, a. " in text
    assert "It was trained in 3 runs." in text
    assert "paired" not in text
    assert "every variant" not in text


def test_of_a_test_set_that_validates(tmp_path):
    text = methods(job_table(make_store(tmp_path, VALUES, validation="test")))
    assert "The test images also served as validation images." in text


def test_of_a_rule_nothing_is_said_of_usual_tests(tmp_path):
    text = methods(job_table(decided_store(tmp_path, {"a": A, "b": B}, margin=0.5)))
    assert "Repeats were added until each variant was decided against baseline, at most 20" in text
    assert "repeated confidence interval (Jennison and Turnbull, 2000)" in text
    assert "equal if it lies within 0.5 points of 0" in text
    assert "Holm's adjustment (Holm, 1979) over 2 comparisons was made at every look." in text
    assert "sign-flip" not in text


def test_of_a_half_width(tmp_path):
    store = make_store(tmp_path, VALUES)
    text = methods(changed(store, half_width=HalfWidth(half_width=0.002, pilot=5)))
    assert "a half width of 0.2 points of test accuracy by Stein's two-stage rule with a pilot of 5 repeats" in text
    assert "(Stein, 1945)" in text


def test_of_an_audit(tmp_path):
    store = make_store(tmp_path, {"all": [0.5, 0.6, 0.7], "init": [0.5, 0.55, 0.6]})
    text = methods(changed(store, audit=AuditMark(job="digits", variant="base", left_out={})))
    assert "The variant base of the job digits was trained with one source of chance varying" in text
    assert "(Bonett, 2006)" in text
    assert "compared with" not in text


def test_of_mixed_versions_stale_runs_and_groups(tmp_path):
    store = make_store(tmp_path, VALUES, **RUN)
    row = {"trial_id": "x", "condition_id": "c0", "job": "job", "variant": "baseline", "repeat": 5, "fold": 0}
    store.commit(row | RUN | {"cnnjobs_version": "0.2.0", "status": "completed", "test_accuracy": 0.9}, {}, None)
    old = {"trial_id": "y", "condition_id": "old", "job": "job", "variant": "baseline", "repeat": 0, "fold": 0}
    store.commit(old | RUN | {"status": "completed", "test_accuracy": 0.9}, {}, None)
    protocol = StoredProtocol(validation=0.2, folds=None, groups=True, replicas=1)
    text = methods(changed(store, protocol=protocol))
    assert "Runs of different cnnjobs are mixed" in text
    assert "cnnjobs 0.1.0 and 0.2.0" in text
    assert "Of earlier settings or data 1 stored run are left out." not in text
    assert "1 stored run of earlier settings or data is left out." in text
    assert "Images of one group were kept on one side of every split." in text


def test_without_a_run_there_are_no_methods(tmp_path):
    assert methods_section(job_table(make_store(tmp_path, {"a": [], "b": []}))) is None


def test_another_metric_is_a_secondary_comparison(tmp_path):
    text = methods(job_table(make_store(tmp_path, VALUES), "test_loss"))
    assert "The comparison is secondary (on test loss instead of test accuracy)" in text
