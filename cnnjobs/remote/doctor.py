"""What a cluster's head says of itself and its nodes."""

from cnnjobs.files.uris import refuse_keys
from cnnjobs.planning.job_file import load_job
from cnnjobs.remote.follow import taken_apart
from cnnjobs.remote.head_command import UPLOADED
from cnnjobs.remote.remote_submit import ask_head, reach
from cnnjobs.remote.upload import upload_of
from cnnjobs.run.documents.doctor import doctor_document
from cnnjobs.run.health_checks import Check
from cnnjobs.schema.output import Output
from cnnjobs.wording.terminal import echo, unstyled


def ask_doctor(url: str, job: str | None, results: str, *, insecure: bool, output: Output | None = None) -> int:
    """Have the head of a cluster look at itself and its nodes, and show what it says; return its exit code.

    Args:
        url: of its dashboard.
        job: a job file whose data set should be there; None for none.
        results: where trials would be stored, there.
        insecure: whether it may be a cluster that asks for no token.
        output: where it is told to a program, and no person; None for nowhere.
    """
    refuse_keys(results)
    upload = None if job is None else upload_of(load_job(job))
    api = reach(url, insecure=insecure)
    token = "shown and accepted" if api.cluster.asks_for_token else "none is asked for"
    found = Check("dashboard", f"{url}, Ray {api.cluster.ray_version}; token: {token}")
    if output is None:
        echo(found.line(), styled=True)
    words = ["doctor", *([] if upload is None else [f"{UPLOADED}{upload.files[0]}"]), "--results", results]
    files = {} if upload is None else {str(file): (upload.folder / file).read_bytes() for file in upload.files}
    words += [*(["--insecure"] if insecure else []), *([] if output is None else ["--format", "json"])]
    code, printed = ask_head(api, words, files, within_s=300)
    text, told = taken_apart(printed)
    echo(unstyled(text.rstrip("\n")), err=output is not None)
    if output is not None:
        output.end_with(lambda: doctor_document([found], told))
    return code
