"""Figures and reports where a person has set Matplotlib otherwise."""

from pathlib import Path

import matplotlib
import pytest
from support.commands import typed
from support.stores import make_store, write_report

from cnnjobs.run.show import Pictures, show_dataset

USERS = {
    "text.usetex": True,
    "font.family": "serif",
    "font.size": 23.0,
    "axes.prop_cycle": "cycler('color', ['k', 'y'])",
    "axes.grid": False,
    "axes.unicode_minus": False,
    "axes.formatter.use_locale": True,
    "axes.autolimit_mode": "round_numbers",
    "figure.dpi": 37.0,
    "figure.facecolor": "black",
    "figure.autolayout": True,
    "savefig.transparent": True,
    "savefig.bbox": "tight",
    "svg.fonttype": "path",
    "svg.hashsalt": "mine",
    "image.cmap": "gray",
    "lines.linewidth": 9.0,
    "pdf.fonttype": 42,
    "pdf.compression": 0,
    "boxplot.notch": True,
    "xtick.direction": "in",
}


def content(folder):
    """Every file of a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def report_of(store):
    """The folder that a store's report is in."""
    return Path(store.files.location, "report").absolute()


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A store and the report of it as it is drawn where nothing is set."""
    folder = tmp_path_factory.mktemp("plain")
    store = make_store(folder, {"a": [0.5, 0.6], "b": [0.7, 0.65]}, curves=True)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        write_report(store, ("png", "pdf"))
    return store, content(report_of(store))


def test_a_report_is_the_same_bytes_whatever_a_notebook_has_set(reported):
    """Somebody writes papers: LaTeX in all figures, serif letters, black background, other colours."""
    store, plain = reported
    with matplotlib.rc_context(USERS):
        set_by_user = dict(matplotlib.rcParams)
        write_report(store)
        assert dict(matplotlib.rcParams) == set_by_user, "theirs again"
    again = content(report_of(store))
    assert [name for name in plain if again[name] != plain[name]] == []
    assert any(name.endswith("box.pdf") for name in plain)


def test_pictures_of_a_data_set_too(tmp_path, monkeypatch):
    """`cnnjobs show digits` in the same notebook."""
    monkeypatch.chdir(tmp_path)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        show_dataset("digits", None, Pictures(4, "plain.svg", None, strict=False))
    with matplotlib.rc_context(USERS):
        show_dataset("digits", None, Pictures(4, "other.svg", None, strict=False))
    assert (tmp_path / "plain.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_a_file_of_settings_and_a_backend_that_is_none_are_no_matter_to_a_command(reported, tmp_path):
    """A `matplotlibrc` in the current folder asks for LaTeX, and MPLBACKEND names a backend of another program."""
    store, plain = reported
    lines = [f"{name}: {value}" for name, value in USERS.items() if name != "axes.prop_cycle"]
    (tmp_path / "matplotlibrc").write_text("\n".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "no_such_backend")
        done = typed("aggregate", str(report_of(store).parent), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    again = content(report_of(store))
    assert [name for name in plain if name.startswith("figures/") and again[name] != plain[name]] == []


def test_a_file_of_settings_that_is_no_text_is_one_sentence(tmp_path):
    """A `matplotlibrc` in UTF-16, as an editor may write it."""
    make_store(tmp_path / "results", {"a": [0.5, 0.6]})
    (tmp_path / "matplotlibrc").write_bytes("font.size: 12".encode("utf-16"))
    done = typed("aggregate", "results", cwd=tmp_path)
    assert done.returncode == 2
    assert "`matplotlibrc`" in done.stderr
    assert "Traceback" not in done.stderr
