"""How the package says it is installed: from where it came, as long as no index has it."""

from pathlib import Path
from types import SimpleNamespace

import pytest

import cnnjobs
from cnnjobs.files import installation
from cnnjobs.files.installation import install_command
from cnnjobs.versions import package_version


def test_from_a_checkout():
    root = Path(cnnjobs.__file__).resolve().parents[1]
    assert install_command("cluster") == f"pip install -e '{root}[cluster]'"
    assert install_command("", "--force-reinstall") == f"pip install --force-reinstall -e {root}"


@pytest.mark.parametrize(
    ("told", "command"),
    [
        ('{"url": "file:///home/me/my%20tools/cnnjobs"}', "pip install '/home/me/my tools/cnnjobs[gpu]'"),
        (
            '{"url": "https://example.org/cnnjobs.git", "vcs_info": {"vcs": "git"}}',
            "pip install 'cnnjobs[gpu] @ git+https://example.org/cnnjobs.git'",
        ),
        ('{"url": "https://example.org/cnnjobs.whl"}', "pip install 'cnnjobs[gpu] @ https://example.org/cnnjobs.whl'"),
        (None, "pip install 'cnnjobs[gpu]'"),
        ("half a", "pip install 'cnnjobs[gpu]'"),
    ],
)
def test_from_where_pip_had_it(told, command, tmp_path, monkeypatch):
    monkeypatch.setattr(installation, "cnnjobs", SimpleNamespace(__file__=str(tmp_path / "cnnjobs" / "__init__.py")))
    monkeypatch.setattr(installation, "distribution", lambda name: SimpleNamespace(read_text=lambda file: told))
    assert install_command("gpu") == command


def test_bundled_jobs_within_the_package_are_no_other_version_of_it(tmp_path, monkeypatch):
    """A wheel has them there, a checkout beside it: workers compare versions of both."""
    for name in ("one", "two"):
        (tmp_path / name / "examples").mkdir(parents=True)
        (tmp_path / name / "a.py").write_text("a = 1")
    (tmp_path / "two" / "examples" / "job.py").write_text("job = None")
    found = []
    for name in ("one", "two"):
        monkeypatch.setattr("cnnjobs.versions.files", lambda package, name=name: tmp_path / name)
        found.append(package_version.__wrapped__())
    assert found[0] == found[1]
