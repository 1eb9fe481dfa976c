"""What a job file imports that takes seconds is said once, and only of the file itself."""

import sys

import pytest

from cnnjobs.planning.job_file import load_job

JOB = """
from cnnjobs import Job, Variant, mlp
{}
job = Job(name="x", dataset="digits", variants={{"a": Variant(model=mlp())}})
"""


@pytest.fixture
def slow(tmp_path, monkeypatch):
    """A module called keras that can be imported, and is not yet."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "keras.py").write_text("layers = 1")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    yield tmp_path
    sys.modules.pop("keras", None)


@pytest.mark.parametrize("line", ["import keras", "from keras import layers", "import nets"])
def test_keras_at_the_top_of_a_job_file_is_said(slow, line):
    (slow / "nets.py").write_text("import keras")
    (slow / "job.py").write_text(JOB.format(line))
    assert load_job(slow / "job.py").notes == (
        "job.py imports Keras when it is read, which costs every command some seconds: import it inside the functions "
        "that use it",
    )


@pytest.mark.parametrize("line", ["", "def net(input_shape, classes):\n    import keras"])
def test_keras_inside_a_function_is_not(slow, line):
    (slow / "job.py").write_text(JOB.format(line))
    assert load_job(slow / "job.py").notes == ()
