"""Job files with networks of their own, written into folders, and the identities of what they ask for."""

import sys

from cnnjobs.planning.identity import digest
from cnnjobs.planning.job_file import load_job
from cnnjobs.planning.trials import make_plan


def ids(job):
    """The trials of a job."""
    return [trial.trial_id for trial in make_plan(job, "data").trials]


def ids_of_files(folder, files, file=None, old="", new=""):
    """The trials of the job in `job.py`, when the files lie in a folder, one of them perhaps changed.

    Args:
        folder: is made if need be.
        files: name -> text; modules among them are forgotten first.
        file: which one is changed.
        old: text in it.
        new: what comes in its place.
    """
    for name in files:
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for loaded in (module, module.partition(".")[0]):
            sys.modules.pop(loaded, None)
    for name, text in files.items():
        changed = text.replace(old, new) if name == file else text
        assert name != file or changed != text
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(changed)
    return ids(load_job(folder / "job.py").job)


def ids_of_networks(folder, text, **modules):
    """The identities of the variants of a job whose text is this, beside modules of one file each."""
    folder.mkdir(exist_ok=True, parents=True)
    for name, content in modules.items():
        sys.modules.pop(name, None)
        (folder / f"{name}.py").write_text(content)
    (folder / "job.py").write_text(f"from cnnjobs import *\nimport dataclasses, enum, functools\n{text}")
    job = load_job(folder / "job.py").job
    return {variant: digest(spec) for variant, spec in job.variants.items()}
