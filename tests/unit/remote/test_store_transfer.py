"""A store travels as lines of text: whole, only what lacks, in an order that can be cut, never out of its folder."""

import base64
import hashlib
import json

import pytest
from support.stores import made_up_store

from cnnjobs.errors import StoreError
from cnnjobs.remote.transfer import MARK, Incoming, digests, finished, outgoing
from cnnjobs.store.compaction import compact
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store


@pytest.fixture
def store(tmp_path):
    """A store as a submit leaves it, with what does not travel beside it."""
    made = made_up_store(tmp_path / "there")
    made.files.below("logs").write("t0-0.log", "printed: ä\n".encode())
    made.files.below("models").write("a-0123.keras", bytes(range(256)))
    made.files.below("checkpoints").write("t0-1-0000001.npz", b"state")
    made.files.below("report").write("report.html", b"<html>")
    made.files.write("running-0a.json", b"{}")
    made.files.below("trials").write(".t9.parquet.1-ab.part", b"half")
    return made.files


@pytest.fixture
def home(tmp_path):
    return Files(tmp_path / "home" / "job")


def everything(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def names(lines):
    told = [json.loads(line.removeprefix(MARK)) for line in lines]
    return [one["name"] for one in told if "name" in one]


def line_of(name, content=b"x", **changes):
    data = {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "data": base64.b64encode(content).decode()}
    return MARK + json.dumps(data | changes)


END = MARK + json.dumps({"left": 0})


def test_a_store_arrives_file_by_file_as_it_was(store, home, tmp_path):
    incoming = Incoming(home)
    assert incoming.take(list(outgoing(store, digests(home)))) == 0
    arrived, sent = everything(tmp_path / "home" / "job"), everything(tmp_path / "there" / "job")
    stays = {"running-0a.json", "checkpoints/t0-1-0000001.npz", "report/report.html", "trials/.t9.parquet.1-ab.part"}
    assert arrived == {name: content for name, content in sent.items() if name not in stays}
    assert (incoming.files, incoming.nbytes) == (len(arrived), sum(map(len, arrived.values())))
    assert len(Store(home).read("trials").table) == 4


def test_other_lines_of_the_log_are_passed_over(store, home):
    lines = ["Running entrypoint for job", "", *outgoing(store, {}), "bye"]
    assert Incoming(home).take(lines) == 0
    assert digests(home) == digests(store)


def test_only_what_lacks_travels(store, home):
    Incoming(home).take(list(outgoing(store, {})))
    assert names(outgoing(store, digests(home))) == []
    store.below("logs").write("t0-1.log", b"new")
    store.write("job.json", store.read("job.json") + b" ")
    home.below("trials").remove("t1-0.parquet")
    assert names(outgoing(store, digests(home))) == ["logs/t0-1.log", "trials/t1-0.parquet", "job.json"]


def test_what_is_only_at_home_stays(store, home):
    home.below("trials").write("mine.parquet", b"mine")
    home.write("running-0a.json", b"here")
    Incoming(home).take(list(outgoing(store, digests(home))))
    assert home.below("trials").read("mine.parquet") == b"mine"
    assert home.read("running-0a.json") == b"here"


def test_a_run_that_is_finished_at_home_does_not_give_way_to_one_of_the_cluster(tmp_path):
    """Not to one that failed there, nor to one with other results; one that failed here does."""
    there = made_up_store(tmp_path / "there")
    here = made_up_store(tmp_path / "home" / "job")
    row = here.read("trials").table.to_pylist()[0]
    failed = {**row, "status": "failed", "error": "no memory", "test_accuracy": None}
    there.commit(failed, {}, None)
    before = everything(tmp_path / "home")
    lines = list(outgoing(there.files, digests(here.files), finished(here.files)))
    assert names(lines) == []
    assert Incoming(here.files).take(lines) == 0
    assert everything(tmp_path / "home") == before
    lines = list(outgoing(here.files, digests(there.files), finished(there.files)))
    assert f"trials/{row['trial_id']}.parquet" in names(lines)
    Incoming(there.files).take(lines)
    assert set(Store(there.files).read("trials").table["status"].to_pylist()) == {"completed"}


def test_a_store_that_was_compacted_at_home_takes_nothing_twice(tmp_path):
    there, here = made_up_store(tmp_path / "there"), made_up_store(tmp_path / "home" / "job")
    compact(here, least=1)
    assert names(outgoing(there.files, digests(here.files), finished(here.files))) == []


def test_of_no_store_nothing_is_finished(home):
    assert finished(home) == []


def test_a_large_store_travels_in_several_rounds(store, home):
    lefts, order = [], []
    incoming = Incoming(home)
    while not lefts or lefts[-1]:
        lines = list(outgoing(store, digests(home), most_bytes=3000))
        order += names(lines)
        lefts.append(incoming.take(lines))
    assert len(lefts) > 2
    assert lefts == sorted(lefts, reverse=True)
    assert digests(home) == digests(store)
    assert len(order) == len(set(order)) == incoming.files, "each once"


def test_a_file_larger_than_the_limit_travels_alone(store, home):
    for _ in range(100):
        lines = list(outgoing(store, digests(home), most_bytes=1))
        assert len(names(lines)) == 1
        if not Incoming(home).take(lines):
            break
    assert digests(home) == digests(store)


def test_rows_of_trials_come_after_what_they_name_and_the_job_last(store):
    folders = [name.rpartition("/")[0] for name in names(outgoing(store, {}))]
    order = ["predictions", "epochs", "logs", "models", "trials", ""]
    assert folders == sorted(folders, key=order.index)
    assert set(folders) == set(order)


@pytest.mark.parametrize("folder", ["trials", "epochs", "predictions"])
def test_a_file_that_was_damaged_at_home_is_fetched_again(store, home, folder):
    Incoming(home).take(list(outgoing(store, {})))
    whole = home.below(folder).read("t1-0.parquet")
    assert list(outgoing(store, digests(home), finished(home)))[:-1] == []
    home.below(folder).write("t1-0.parquet", whole[:-1] + b"x")
    Incoming(home).take(list(outgoing(store, digests(home), finished(home))))
    assert home.below(folder).read("t1-0.parquet") == whole


def test_a_trial_that_is_stored_meanwhile_travels_whole_or_not_at_all(store, home, tmp_path):
    lines = outgoing(store, {})
    first = next(lines)
    made_up_store(tmp_path / "there", runs=4)
    Incoming(home).take([first, *lines])
    rows = {name.partition("/")[2] for name in digests(home) if name.startswith("trials/")}
    for folder in ("predictions", "epochs"):
        assert rows <= set(home.below(folder).names())


@pytest.mark.parametrize("changed", [{"sha256": "0" * 64}, {"data": base64.b64encode(b"other").decode()}])
def test_a_file_that_is_not_what_was_sent_is_refused(changed, home, tmp_path):
    with pytest.raises(
        StoreError, match=r"^trials/a\.parquet did not arrive whole\. Fetch again: the files that are here stay\.$"
    ):
        Incoming(home).take([line_of("trials/a.parquet", **changed), END])
    assert everything(tmp_path) == {}


@pytest.mark.parametrize(
    "line",
    [
        MARK,
        MARK + "{",
        MARK + "5",
        MARK + "[]",
        MARK + "null",
        MARK + "{}",
        MARK + '{"left": null}',
        MARK + '{"left": "many"}',
        line_of("trials/a.parquet", data="?" * 8),
        line_of("trials/a.parquet", data=7),
        line_of("trials/a.parquet")[:-20],
    ],
    ids=lambda line: line[:30],
)
def test_a_damaged_line_is_refused(line, home, tmp_path):
    with pytest.raises(
        StoreError, match=r"^The files that arrived are damaged\. Fetch again: the files that are here stay\.$"
    ):
        Incoming(home).take([line, END])
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("lines", [[], ["hello"], [line_of("trials/a.parquet")]])
def test_a_stream_that_is_cut_off_is_told(lines, home):
    with pytest.raises(StoreError, match=r"^Not all files arrived\. Fetch again"):
        Incoming(home).take(lines)


def test_after_a_cut_only_the_rest_travels(store, home):
    lines = list(outgoing(store, {}))
    with pytest.raises(StoreError, match="Not all files arrived"):
        Incoming(home).take(lines[:5])
    rest = list(outgoing(store, digests(home)))
    assert names(rest) == names(lines)[5:]


BAD = [
    "../x",
    "..",
    ".",
    "",
    "/",
    "/x",
    "/trials/x",
    "/etc/cron.d/x",
    "//job.json",
    "/job.json",
    "trials/../../x",
    "trials/..",
    "trials/.",
    "trials/",
    "trials//x",
    "trials/a/b",
    "./trials/x",
    "trials\\..\\..\\x",
    "trials/..\\x",
    "trials/C:\\x",
    ".hidden",
    "trials/.hidden",
    "trials/a\0b",
    "trials/a\nb",
    "trials/\x1b[2J",
    "checkpoints/x.npz",
    "report/report.html",
    "states/x.npz",
    "~/x",
    "x.py",
    "authorized_keys",
    "running-0a.json",
]


@pytest.mark.parametrize("name", BAD, ids=repr)
def test_names_that_no_store_has_are_refused_and_nothing_is_written(name, home, tmp_path):
    with pytest.raises(StoreError, match=r"^A store has no file .*\.$") as caught:
        Incoming(home).take([line_of(name), END])
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_name_that_is_no_text_is_refused(home, tmp_path):
    with pytest.raises(StoreError, match="A store has no file"):
        Incoming(home).take([line_of("trials/x").replace('"trials/x"', '["trials/x"]'), END])
    assert everything(tmp_path) == {}


def test_lines_survive_a_log_that_holds_ascii_only(store):
    assert all(line.isascii() and "\n" not in line for line in outgoing(store, {}))
