"""A broken job file is explained, with its line."""

import sys
import types

import pytest
from support.fakes import write_job

from cnnjobs.errors import JobFileError
from cnnjobs.planning.job_file import load_job


def broken(folder, text):
    path = folder / "broken.py"
    path.write_text(text)
    with pytest.raises(JobFileError) as caught:
        load_job(path)
    return str(caught.value)


def test_a_job_file_gives_its_job(tmp_path):
    loaded = load_job(write_job(tmp_path))
    assert loaded.job.name == "tiny"
    assert "job = Job(" in loaded.text


def test_a_missing_file_is_named_with_its_neighbours(tmp_path):
    write_job(tmp_path)
    with pytest.raises(JobFileError, match=r"There is no job file .*jib\.py\. .* has: job\.py"):
        load_job(tmp_path / "jib.py")


def test_a_folder_is_no_job_file(tmp_path):
    with pytest.raises(JobFileError, match="is a folder; a job is one Python file"):
        load_job(tmp_path)


def test_a_binary_file_is_no_job_file(tmp_path):
    (tmp_path / "x.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(JobFileError, match="cannot be read"):
        load_job(tmp_path / "x.py")


def test_a_syntax_error_has_its_line(tmp_path):
    message = broken(tmp_path, "a = 1\nb = (\n")
    assert "broken.py, line 2" in message


def test_an_error_has_its_line_and_type(tmp_path):
    assert "line 2, raised ZeroDivisionError: division by zero" in broken(tmp_path, "a = 1\nb = a / 0\n")


def test_an_exit_is_an_error_too(tmp_path):
    assert "line 1, raised SystemExit: 3" in broken(tmp_path, "raise SystemExit(3)\n")


def test_a_missing_library_is_named(tmp_path):
    assert "ModuleNotFoundError: No module named 'nothere'" in broken(tmp_path, "import nothere\n")


def test_a_spec_error_has_its_line_and_no_type(tmp_path):
    text = "from cnnjobs import Variant, vgg\n\nv = Variant(model=vgg(), epochs=0)\n"
    assert "line 3: `epochs` must be a whole number of at least 1. Received: epochs=0." in broken(tmp_path, text)


def test_no_job_is_explained(tmp_path):
    assert "defines no `job`. A job file ends with" in broken(tmp_path, "a = 1\n")


def test_a_job_of_another_name_is_pointed_out(tmp_path):
    text = write_job(tmp_path).read_text().replace("job = Job", "my_job = Job")
    assert "It has a Job named 'my_job': rename it to `job`." in broken(tmp_path, text)


def test_a_job_that_is_none_is_shown(tmp_path):
    assert "`job` must be a Job. Received: job=3." in broken(tmp_path, "job = 3\n")


def test_neighbours_can_be_imported_and_are_known(tmp_path):
    (tmp_path / "neighbour_of_job.py").write_text("repeats = 7\n")
    path = write_job(tmp_path)
    path.write_text(
        "import neighbour_of_job\n" + path.read_text() + "\njob = job.but(repeats=neighbour_of_job.repeats)"
    )
    loaded = load_job(path)
    assert loaded.job.repeats == 7
    assert [module.__name__ for module in loaded.neighbours] == ["neighbour_of_job"]


def test_dataclasses_of_a_job_file_can_have_late_annotations(tmp_path):
    path = write_job(tmp_path)
    late = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass C:\n    x: int = 1\n"
    )
    path.write_text(late + path.read_text())
    assert load_job(path).job.name == "tiny"


def test_a_job_file_is_no_module_afterwards(tmp_path):
    import sys

    load_job(write_job(tmp_path))
    assert not [name for name in sys.modules if name.startswith("job:")]


def test_a_linked_job_file_finds_the_neighbours_of_its_target(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "beside_target.py").write_text("x = 1\n")
    path = write_job(tmp_path / "real")
    path.write_text("import beside_target\n" + path.read_text())
    (tmp_path / "link.py").symlink_to(path)
    assert load_job(tmp_path / "link.py").job.name == "tiny"


def test_a_byte_order_mark_is_no_error(tmp_path):
    path = write_job(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_job(path).job.name == "tiny"


def test_odd_things_among_the_loaded_modules_do_no_harm(tmp_path, monkeypatch):
    """Libraries put there what answers to any name."""

    class Odd(types.ModuleType):
        def __getattr__(self, name):
            return 5

    monkeypatch.setitem(sys.modules, "odd_one", Odd("odd_one"))
    monkeypatch.setitem(sys.modules, "odd_other", object())
    assert load_job(write_job(tmp_path)).neighbours == ()
