"""A job travels with the files beside it that it imports: not with data, packages, or what lies elsewhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.fakes import JOB, VARIANTS

LOOK = """
import json, sys
from pathlib import Path
from cnnjobs.errors import JobFileError
from cnnjobs.planning.job_file import load_job
from cnnjobs.remote.upload import upload_of

most, target = {most!r}, {target!r}
try:
    upload = upload_of(load_job({path!r}), **({{}} if most is None else {{"most_bytes": most}}))
    if target:
        upload.copy_to(Path(target))
    told = {{"folder": str(upload.folder), "files": list(map(str, upload.files)), "nbytes": upload.nbytes}}
    told["described"] = upload.describe()
except JobFileError as error:
    told = {{"refused": str(error)}}
print(json.dumps(told))
"""


def look(path, *, target="", most=None, change=str):
    """Load a job in a process of its own, as a command does; return what is told of its upload."""
    code = change(LOOK.format(path=str(path), target=str(target), most=most))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def files_of(path, **options):
    return look(path, **options)["files"]


def write(folder, below=None, /, **texts):
    """Write modules."""
    for name, text in {**texts, **(below or {})}.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def job_of(folder, head="", tail=""):
    """Write a job file with lines before and after what it is."""
    folder.mkdir(exist_ok=True)
    path = folder / "job.py"
    path.write_text(f"{head}\n{JOB.format(dataset='digits', repeats=1, epochs=1, variants=VARIANTS)}\n{tail}\n")
    return path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "mine"


def test_a_job_travels_alone(folder):
    path = job_of(folder)
    told = look(path)
    assert told["files"] == ["job.py"]
    assert told["folder"] == str(folder)
    assert told["nbytes"] == path.stat().st_size
    assert told["described"] == "1 file, 273 bytes"


def test_modules_beside_it_travel_with_what_they_import(folder):
    path = job_of(folder, "import own")
    write(folder, own="import other", other="", never="")
    assert files_of(path) == ["job.py", "other.py", "own.py"]


def test_packages_travel_with_what_makes_them_packages(folder):
    path = job_of(folder, "from nets.deep.blocks import block\nfrom nets import heads")
    nets = ("nets/__init__", "nets/deep/__init__", "nets/deep/norm", "nets/sizes", "nets/heads")
    needed = {"nets/deep/blocks": "from . import norm\nfrom .. import sizes\nblock = 1", **dict.fromkeys(nets, "")}
    write(folder, {**needed, "nets/unused": ""})
    assert files_of(path) == ["job.py", *sorted(f"{name}.py" for name in needed)]


def test_packages_without_an_init_travel_as_well(folder):
    path = job_of(folder, "import parts.own")
    write(folder, {"parts/own": ""})
    assert files_of(path) == ["job.py", "parts/own.py"]


def test_modules_that_are_imported_inside_functions_travel(folder):
    path = job_of(folder, "import own\ndef net():\n    import late\n    from parts import deep")
    write(folder, own="def more():\n    import later", late="", later="")
    write(folder, {"parts/__init__": "", "parts/deep": ""})
    expected = ["late.py", "later.py", "own.py", "parts/__init__.py", "parts/deep.py"]
    assert files_of(path) == ["job.py", *expected]


def test_a_module_from_outside_the_folder_is_refused_by_name_and_path(folder, tmp_path):
    write(tmp_path / "elsewhere", stranger_42="")
    path = job_of(folder, f"import sys\nsys.path.insert(1, {str(tmp_path / 'elsewhere')!r})\nimport stranger_42")
    message = look(path)["refused"]
    assert message.startswith(
        f"job.py imports stranger_42 from {tmp_path}/elsewhere/stranger_42.py, outside the folder"
    )
    assert "Put it beside the job file, or install it here and on the cluster as a package." in message


def test_a_link_that_leads_out_of_the_folder_is_refused(folder, tmp_path):
    write(tmp_path / "elsewhere", linked="")
    path = job_of(folder, "import linked")
    (folder / "linked.py").symlink_to(tmp_path / "elsewhere" / "linked.py")
    assert "job.py imports linked from" in look(path)["refused"]


def test_the_standard_library_and_installed_packages_do_not_travel(folder):
    path = job_of(folder, "import csv, sqlite3, xml.dom.minidom\nimport numpy, yaml, markupsafe\nimport scipy.stats")
    assert files_of(path) == ["job.py"]


def test_data_beside_the_job_does_not_travel(folder):
    path = job_of(folder, "import own\nfrom pathlib import Path\nPath(__file__).with_name('rows.npz').read_bytes()")
    write(folder, own="", notes="")
    for name in ("rows.npz", ".env", "own.csv"):
        (folder / name).write_bytes(b"data")
    (folder / "photos" / "cat").mkdir(parents=True)
    (folder / "photos" / "cat" / "1.png").write_bytes(b"picture")
    assert files_of(path) == ["job.py", "own.py"]


def test_too_much_is_refused_and_the_biggest_files_are_named(folder):
    path = job_of(folder, "".join(f"import big{size}\n" for size in range(7)))
    write(folder, **{f"big{size}": "#" * (size * 100_000) for size in range(7)})
    message = look(path, most=2_000_000)["refused"]
    assert message.startswith(f"What job.py imports from {folder} is too much to upload: 2.1 MB, at most 2.0 MB.")
    named = "big6.py (600 kB), big5.py (500 kB), big4.py (400 kB), big3.py (300 kB), big2.py (200 kB)"
    assert f"The biggest files: {named}. Put data on the cluster" in message


@pytest.mark.parametrize("put", [os.symlink, shutil.copytree])
def test_this_package_does_not_travel_though_it_lies_beside_the_job(folder, put):
    import cnnjobs

    path = job_of(folder)
    put(Path(cnnjobs.__file__).parent, folder / "cnnjobs")
    assert files_of(path, change=lambda code: f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}") == ["job.py"]


def test_a_job_that_is_reached_by_a_link_travels_with_its_real_neighbours(folder, tmp_path):
    path = job_of(folder, "import own")
    write(folder, own="")
    (tmp_path / "link.py").symlink_to(path)
    told = look(tmp_path / "link.py")
    assert (told["folder"], told["files"]) == (str(folder), ["job.py", "own.py"])


def test_copies_keep_folders_and_run_where_they_land(folder, tmp_path):
    path = job_of(folder, "from parts.own import one")
    write(folder, {"parts/own": "import helper\none = 1"}, helper="")
    target = tmp_path / "upload" / "job"
    told = look(path, target=target)
    copied = sorted(str(one.relative_to(target)) for one in target.rglob("*") if one.is_file())
    assert copied == sorted(told["files"])
    assert look(target / "job.py")["files"] == told["files"]


def test_what_travels_is_told_in_words(folder):
    path = job_of(folder, "import own")
    write(folder, own="#" * 1_234_567)
    assert look(path)["described"] == "2 files, 1.2 MB"


def test_rights_of_files_do_not_travel(folder, tmp_path):
    path = job_of(folder, "import own")
    write(folder, own="")
    (folder / "own.py").chmod(0o400)
    look(path, target=tmp_path / "copy")
    assert os.access(tmp_path / "copy" / "own.py", os.W_OK)


def test_a_module_from_outside_the_folder_that_a_function_imports_is_refused_as_well(folder, tmp_path):
    """The head would have none of that name, or another."""
    write(tmp_path / "elsewhere", stranger_43="")
    path = job_of(
        folder, f"import sys\nsys.path.insert(1, {str(tmp_path / 'elsewhere')!r})\ndef net():\n    import stranger_43"
    )
    assert look(path)["refused"].startswith(
        f"job.py imports stranger_43 from {tmp_path}/elsewhere/stranger_43.py, outside the folder"
    )
