"""A report takes nothing that is not its own, is whole or not there, and goes where it is asked to."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.stores import document_of, made_up_store, make_store, quiet

import cnnjobs
from cnnjobs.cli import main
from cnnjobs.errors import SpecError, StoreError
from cnnjobs.report import write
from cnnjobs.report.cells import p_cell
from cnnjobs.report.write import MANIFEST, write_document
from cnnjobs.spec import Job, Variant, mlp
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store


def aggregate(*words):
    return CliRunner().invoke(main, ["aggregate", *(str(word) for word in words), "--no-predictions"])


def test_files_of_others_stay(tmp_path):
    store = make_store(tmp_path / "results", {"a": [0.5, 0.6]})
    for name in ("figures/photo.jpg", "tables/mine.tex", "notes.txt"):
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text("mine")
    for _ in range(2):
        done = aggregate(store.files.location, "--output", tmp_path / "out")
        assert done.exit_code == 0, done.output
    for name in ("figures/photo.jpg", "tables/mine.tex", "notes.txt"):
        assert (tmp_path / "out" / name).read_text() == "mine"
    assert (tmp_path / "out" / "index.html").exists()


@pytest.mark.parametrize("name", ["index.html", "report.md", "job.json"])
def test_a_folder_that_holds_pages_of_something_else_is_refused(tmp_path, name):
    store = make_store(tmp_path / "results", {"a": [0.5, 0.6]})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine")
    done = aggregate(store.files.location, "--output", tmp_path / "out")
    assert done.exit_code == 2
    assert f"`--output` must be a folder of its own for the report. Received: {tmp_path}/out, which holds {name}" in (
        done.output
    )
    assert (tmp_path / "out" / name).read_text() == "mine"


def test_of_several_jobs_no_folder_is_written_over(tmp_path):
    """Pages of one's own below --output; the jobs' own folders."""
    for name in ("one", "two"):
        made_up_store(tmp_path / "results", name, runs=2)
    mine = tmp_path / "site" / "two" / "index.html"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    for output in ("site", "results"):
        done = aggregate(tmp_path / "results", "--output", tmp_path / output)
        assert done.exit_code == 2, done.output
        assert "must be a folder of its own for the report" in done.output
    assert mine.read_text() == "mine"
    assert not list((tmp_path / "results").rglob("index.html"))


def test_an_output_that_cannot_be_written_is_noticed_before_anything_is_computed(tmp_path):
    store = make_store(tmp_path / "results", {"a": [0.5, 0.6]})
    (tmp_path / "out").write_text("a file")
    done = aggregate(store.files.location, "--output", tmp_path / "out")
    assert done.exit_code == 2
    assert "test accuracy" not in done.output


def test_a_report_that_is_cut_off_shows_no_old_numbers(tmp_path, monkeypatch):
    store, folder = make_store(tmp_path, {"a": [0.5, 0.6], "b": [0.7, 0.9]}), Files(tmp_path / "report")
    write_document(folder, document_of(store, with_predictions=False), quiet)
    whole = Files.write

    def full(self, name, content):
        if name.endswith("/differences.csv"):
            raise StoreError("Cannot write: the disk is full.")
        whole(self, name, content)

    monkeypatch.setattr(Files, "write", full)
    with pytest.raises(StoreError, match="disk is full"):
        write_document(folder, document_of(store, with_predictions=False), quiet)
    assert not set(folder.names()) & set(write.PAGES)
    monkeypatch.undo()
    write_document(folder, document_of(store, with_predictions=False), quiet)
    assert set(write.PAGES) < set(folder.names())


def test_a_manifest_that_points_elsewhere_removes_nothing(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    report = tmp_path / "report"
    report.mkdir()
    (report / MANIFEST).write_text(json.dumps({"files": ["../mine.txt", "a/../../mine.txt", 3, "mine.txt"]}))
    store = make_store(tmp_path / "results", {"a": [0.5, 0.6]})
    write_document(Files(report), document_of(store, with_predictions=False), quiet)
    assert (tmp_path / "mine.txt").exists()


def test_reports_of_several_jobs_lie_in_folders_of_the_jobs_folders(tmp_path):
    """Not of the names in `job.json`, which a stranger may have chosen."""
    first, second = (made_up_store(tmp_path / "results", name, ("a",)) for name in ("one", "two"))
    second.write_job(replace(second.job, name="../../escaped"))
    done = aggregate(tmp_path / "results", "--output", tmp_path / "deep" / "out")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "deep" / "out").iterdir()) == ["one", "two"]
    assert first.files.name == "one"


@pytest.mark.parametrize("options", [("--margin", "nan"), ("--margin", "inf"), ("--alpha", "nan"), ("--alpha", "0")])
def test_numbers_that_are_none_are_refused(tmp_path, options):
    done = aggregate(make_store(tmp_path, {"a": [0.5]}).files.location, *options)
    assert done.exit_code == 2
    assert options[0] in done.output


def test_an_empty_reference_is_refused(tmp_path):
    done = aggregate(make_store(tmp_path, {"a": [0.5]}).files.location, "--reference", "")
    assert done.exit_code == 2
    assert "must not be empty" in done.output


def test_a_p_that_is_no_number_is_not_small():
    assert p_cell(float("nan")) == "-"
    assert [p_cell(p) for p in (0.04996, 0.0004, 0.5, 0.05)] == ["0.04996", "< 0.001", "0.500", "0.05"]


@pytest.mark.parametrize(
    "change",
    [{"audit": "x"}, {"audit": {"job": "a", "variant": "b"}}, {"vary": ["weather"]}],
)
def test_a_broken_job_document_is_named(tmp_path, change):
    store = make_store(tmp_path, {"a": [0.5]})
    store.files.write("job.json", json.dumps(store.job.to_json() | change).encode())
    with pytest.raises(StoreError, match=r"job\.json is not a job of cnnjobs"):
        Store(store.files)


@pytest.mark.parametrize("name", ["report", "overlay"])
def test_jobs_are_not_named_as_folders_beside_them(name):
    with pytest.raises(SpecError, match="must not be one of report, overlay"):
        Job(name=name, dataset="digits", variants={"a": Variant(model=mlp(), epochs=1)})


def test_an_overlay_goes_where_reports_go(tmp_path):
    made_up_store(tmp_path / "results", "one", ("a", "b"))
    done = aggregate(
        tmp_path / "results", "--overlay", "one:a", "--overlay", "one:b", "--output", tmp_path / "out"
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "overlay" / "overlay-a-vs-b.png").exists()
    assert not (tmp_path / "results" / "overlay").exists()


def kinds(folder):
    """Kinds of file of a figure that the terminal does not name, and of the box plot."""
    names = [path.name.split(".") for path in (folder / "figures").iterdir()]
    return {end for name, end in names if name == "differences"}, {end for name, end in names if name == "box"}


def test_figures_are_svg_and_the_box_plot_png_until_others_are_asked_for_and_then_stay(tmp_path):
    """`--formats pdf` for a paper: the next report has PDFs of the new numbers, not none and not old ones."""
    place, report = make_store(tmp_path / "results", {"a": [0.5, 0.6], "b": [0.7, 0.9]}), tmp_path / "out"
    for options, expected in (
        ((), {"svg", "csv"}),
        (("--formats", "PDF"), {"svg", "csv", "pdf"}),
        ((), {"svg", "csv", "pdf"}),
        (("--formats", ".png, pdf"), {"svg", "csv", "png", "pdf"}),
        (("--formats", "svg"), {"svg", "csv"}),
        ((), {"svg", "csv"}),
    ):
        done = aggregate(place.files.location, "--output", report, *options)
        assert done.exit_code == 0, done.output
        assert f"box plot: {report}/figures/box.png" in done.output
        assert kinds(report) == (expected, expected | {"png"})
        assert 'href="figures/' not in (report / "index.html").read_text(), "the page holds all that it offers"


@pytest.mark.parametrize("formats", ["eps", "png,", "", "png pdf"])
def test_formats_that_are_none_are_refused(tmp_path, formats):
    done = aggregate(make_store(tmp_path, {"a": [0.5]}).files.location, "--formats", formats)
    assert done.exit_code == 2
    assert "'--formats': must name kinds of file of figures: svg, png, pdf. Received: '" in done.output


def test_formats_in_python(tmp_path):
    make_store(tmp_path / "results", {"a": [0.5, 0.6], "b": [0.7, 0.9]})
    compared = cnnjobs.compare(cnnjobs.load_results(str(tmp_path / "results")))
    (page,) = compared.report(predictions=False, formats=("png", "pdf"))
    assert kinds(Path(page).parent)[0] == {"svg", "png", "pdf", "csv"}
    with pytest.raises(SpecError, match=r"`formats` must name kinds of file of figures.*Received: 'jpg'"):
        compared.report(formats="jpg")


def test_a_manifest_of_anything_is_no_obstacle(tmp_path):
    store = make_store(tmp_path / "results", {"a": [0.5, 0.6]})
    for content in ("[]", '{"files": 3, "formats": "png"}', '{"formats": ["exe", 3]}', "no JSON"):
        (tmp_path / MANIFEST).write_text(content)
        write_document(Files(tmp_path), document_of(store, with_predictions=False), quiet)
        assert {path.suffix for path in (tmp_path / "figures").glob("curves*")} <= {".svg", ".csv"}
