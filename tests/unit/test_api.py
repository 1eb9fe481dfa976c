"""What scripts and notebooks use: `cnnjobs.compare`, and the pages that document it, whose examples run."""

import doctest
import inspect
import re
import runpy
from dataclasses import replace

import pytest
from support.documentation import DOCS, ROOT
from support.stores import make_store

import cnnjobs
from cnnjobs.comparison.table import job_table
from cnnjobs.errors import StoreError
from cnnjobs.spec.data import BUILTIN_DATASETS
from cnnjobs.spec.metrics import TRIAL_COLUMNS
from cnnjobs.store.schemas import TABLES, TRIALS

ORDER = re.findall(r"- (api/.*\.md)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
PAGE = "\n".join((DOCS / name).read_text(encoding="utf-8") for name in ORDER)
TABLES_OF_PAGES = runpy.run_path(str(DOCS / "_site" / "tables.py"))


def documented(name):
    """Return what a name of the pages stands for."""
    value = cnnjobs
    for part in name.split(".")[1:]:
        value = getattr(value, part)
    return value


def sections(value):
    """Return the sections of a docstring by title."""
    pieces = re.split(r"^(Args|Returns|Raises|Example):\n", inspect.getdoc(value) or "", flags=re.M)
    return dict(zip(pieces[1::2], map(inspect.cleandoc, pieces[2::2]), strict=True))


JOBS = {
    "digits": {"baseline": [0.90, 0.91, 0.92, 0.93, 0.94], "dropout": [0.92, 0.93, 0.93, 0.95, 0.96]},
    "mnist": {"baseline": [0.80, 0.81, 0.82, 0.83, 0.84], "dropout": [0.81, 0.84, 0.83, 0.85, 0.85]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the results of two jobs on two data sets, in `results/`."""
    top = tmp_path_factory.mktemp("api")
    for name, values in JOBS.items():
        store = make_store(top / name, values, curves=True, job=name)
        store.write_job(replace(store.job, name=name, dataset=replace(store.job.dataset, name=name)))
        (top / "results").mkdir(exist_ok=True)
        (top / name / "job").rename(top / "results" / name)
    return top


@pytest.fixture
def results(folder):
    return cnnjobs.load_results(folder / "results")


def test_every_page_is_in_the_navigation():
    assert {f"api/{file.name}" for file in (DOCS / "api").glob("*.md")} == set(ORDER)


def test_the_examples_of_the_pages_run(folder, monkeypatch):
    monkeypatch.chdir(folder)
    blocks = [
        block or sections(documented(name)).get("Example", "")
        for block, name in re.findall(
            r"^```python\n(.*?)^```|^::: (cnnjobs\.(?!run\.|report\.)[\w.]+)$", PAGE, re.M | re.S
        )
    ]
    test = doctest.DocTestParser().get_doctest("\n\n".join(blocks), {}, "docs/api", None, 0)
    assert len(test.examples) > 150
    said = []
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert outcome.failed == 0, "".join(said)


@pytest.mark.parametrize("name", cnnjobs.statistics.__all__)
def test_every_public_statistic_is_described_with_its_arguments(name):
    value = getattr(cnnjobs.statistics, name)
    assert f"::: cnnjobs.statistics.{name}\n" in f"{PAGE}\n", (
        f"docs/api/statistics.md has no line `::: cnnjobs.statistics.{name}`"
    )
    if callable(value):
        described = inspect.getdoc(value).partition("Args:\n")[2]
        assert described, f"{name} has no Args"
        for argument in inspect.signature(value).parameters:
            assert re.search(rf"^\s+{argument}: \S", described, re.M), f"{name} does not describe {argument}"
    if inspect.isfunction(value):
        assert "Example:\n" in inspect.getdoc(value), f"{name} has no example"


@pytest.mark.parametrize("name", sorted(set(cnnjobs.__all__) - {"statistics"}))
def test_every_public_name_is_described_with_its_arguments(name):
    assert f"::: cnnjobs.{name}\n" in PAGE, f"no page of docs/api has a line `::: cnnjobs.{name}`"
    value = getattr(cnnjobs, name)
    described = sections(value)
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    for argument in inspect.signature(value).parameters.values():
        shown = re.escape(f"{stars.get(argument.kind, '')}{argument.name}: ")
        assert re.search(rf"^{shown}\S", described["Args"], re.M), f"{name}: {argument.name}"
    assert described["Example"].startswith(">>> "), f"{name} has no example"


def test_every_built_in_data_set_is_described():
    for name in BUILTIN_DATASETS:
        assert f'| `"{name}"` | ' in PAGE


def test_every_stored_column_is_described_where_a_page_has_its_table():
    made = TABLES_OF_PAGES["tables"]()
    assert all(f"<!-- {name} -->" in PAGE for name in made)
    for name, schema in TABLES.items():
        for field in schema:
            assert f"| `{field.name}` | {field.type} | " in made[f"columns of {name}"]


def test_a_column_without_a_description_stops_the_page():
    with pytest.raises(StopIteration):
        TABLES_OF_PAGES["unit_of"]("a column that nobody described")


def test_metrics_are_columns_of_trials():
    assert set(TRIAL_COLUMNS) <= set(TRIALS.names)


def test_the_numbers_are_those_of_the_report(results):
    found = cnnjobs.compare(results)
    table = job_table(results.stores[0])
    row, own = found.summary.iloc[1], table.rows[1]
    assert (row["variant"], row["mean"], row["sd"]) == (own.name, own.summary.mean, own.summary.sd)
    assert (row["ci_low"], row["sd_ci_high"]) == (own.summary.low, own.summary.sd_high)
    difference = found.differences.iloc[0]
    assert (difference["mean"], difference["p"]) == (own.difference.mean, own.difference.t.p)
    assert difference["p_holm"] == own.comparison.holm
    assert len(found.runs) == 20
    assert found.runs.query("job == 'mnist' and variant == 'dropout' and repeat == 1")["value"].tolist() == [0.84]


def test_quartiles_are_given_from_five_runs_on(tmp_path):
    found = cnnjobs.compare(
        cnnjobs.load_results(make_store(tmp_path, {"a": [1, 2, 3, 4], "b": [1, 2, 3, 4, 5]}).files.location)
    )
    assert found.summary["lower_quartile"].isna().tolist() == [True, False]
    assert found.summary["upper_quartile"][1] == 4


def test_a_variant_without_runs_keeps_its_row(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.6], "b": []}, repeats=2)
    found = cnnjobs.compare(cnnjobs.load_results(store.files.location))
    assert found.summary["n"].tolist() == [2, 0]
    assert found.summary["mean"].isna().tolist() == [False, True]
    assert found.differences.loc[0, "why"] == "no pairs yet"


def test_another_reference_turns_the_difference(results):
    one, other = (cnnjobs.compare(results, reference=name).differences for name in ("baseline", "dropout"))
    assert one["mean"].tolist() == pytest.approx((-other["mean"]).tolist())


def test_jobs_on_two_data_sets_have_ranks_and_one_job_has_none(results, folder):
    ranks = cnnjobs.compare(results).ranks
    assert ranks.to_dict("list")["mean_rank"] == [1, 2]
    alone = cnnjobs.compare(cnnjobs.load_results(folder / "results" / "mnist"))
    assert alone.ranks.empty
    assert alone.across_datasets == "mnist: one data set; ranks need two data sets"


def test_alpha_sets_what_is_resolved(results):
    usual, strict = (cnnjobs.compare(results, alpha=alpha).differences for alpha in (0.05, 0.0001))
    assert usual["resolved"].tolist() == [True, True]
    assert strict["resolved"].tolist() == [False, False]


def test_alpha_sets_the_level_of_intervals(results):
    wide, narrow = (cnnjobs.compare(results, alpha=alpha).summary for alpha in (0.01, 0.2))
    assert (wide["ci_low"] < narrow["ci_low"]).all()


def test_a_folder_is_loaded_before_it_is_compared():
    with pytest.raises(TypeError, match=r"`results` must be what `load_results` returns. Received: results='results/'"):
        cnnjobs.compare("results/")


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"alpha": 5}, ValueError, "`alpha` must lie between 0 and 1. Received: alpha=5"),
        ({"margin": 0}, ValueError, "`margin` must be above 0. Received: margin=0"),
        (
            {"metric": "f1"},
            ValueError,
            r"`metric` must be one of loss, accuracy, .* Received: metric='f1'. Near it: macro_f1",
        ),
        ({"reference": "nobody"}, StoreError, "must be a variant of digits: baseline, dropout. Received: 'nobody'"),
    ],
)
def test_what_cannot_be_compared(results, wrong, error, words):
    with pytest.raises(error, match=words):
        cnnjobs.compare(results, **wrong)
