"""The engine on clusters of several nodes, each with processes of its own: real Ray, workers without TensorFlow."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import cluster_workers, fakes, s3_server
from support.commands import StartedProcess
from support.datasets import load, stored

from cnnjobs import SGD, ImageFolder, Job, Variant, vgg
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.engine.environment import prepared_environment
from cnnjobs.engine.places import Joined
from cnnjobs.engine.resources import ResourceRequest, allocate
from cnnjobs.errors import ClusterError, NodeWithoutRoom, ResourceError
from cnnjobs.messages import Failure, Note, Result, Started
from cnnjobs.planning.trials import make_plan
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.files import Files
from cnnjobs.wording.sizes import data_size

QUICK = {"health_check_period_ms": 1000, "health_check_failure_threshold": 3, "health_check_initial_delay_ms": 1000}


def trials_of(count, epochs=3):
    variants = {"slow": Variant(model=vgg(), optimizer=SGD(0.1), epochs=epochs)}
    return make_plan(Job(name="a", dataset="digits", repeats=count, variants=variants), "data").trials


def work_on(trials, at_once=4, checkpoints=None, dataset=None, meeting=None):
    """Work whose first trials, so many as run at once, wait for each other in the folder `meeting`."""
    make = cluster_workers.telling_worker
    return Work(
        trials=trials,
        dataset=dataset or fakes.tiny_dataset(),
        make_worker=make if meeting is None else partial(make, meeting=meeting, parties=at_once),
        resources=TrialResources(cpus=1, gpus=0, replicas=1),
        at_once=at_once,
        checkpoints=checkpoints,
        modules=(cluster_workers,),
    )


def told_by(session, work, on_message=None):
    """Run work; return the last message of each trial, and its log where it completed."""
    from cnnjobs.engine.ray.engine import RayEngine

    messages = {}

    def note(trial, message):
        messages.setdefault(trial.repeat, []).append(message)
        if on_message is not None:
            on_message(trial, message)

    RayEngine(session).run(work, note)
    logs = {repeat: json.loads(told[-1].log) for repeat, told in messages.items() if isinstance(told[-1], Result)}
    return messages, logs


@pytest.fixture(scope="module")
def cluster():
    """A head without cores, and two nodes with two cores and a cache each, on the loopback; asks for a token."""
    folder = tempfile.mkdtemp(prefix="cj-", dir="/tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        patch.delenv("RAY_ADDRESS", raising=False)
        with prepared_environment():
            from ray.cluster_utils import Cluster

            from cnnjobs.engine.ray.authentication import noticed
            from cnnjobs.engine.ray.session import loopback_only
        from cnnjobs.engine.token import own_token

        with prepared_environment(), noticed(own_token()), loopback_only():
            made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": QUICK})
            made.caches = [Path(folder, name) for name in ("first", "second")]
            made.first, made.second = (
                made.add_node(num_cpus=2, env_vars={"CNNJOBS_CACHE": str(cache), "TF_CPP_MIN_LOG_LEVEL": "0"})
                for cache in made.caches
            )
            yield made
            made.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def session(cluster):
    from cnnjobs.engine.ray.session import JoinedRay

    joined = JoinedRay(Joined(cluster.gcs_address))
    yield joined
    joined.close()


def test_capacity_counts_the_nodes_and_a_head_without_cores_runs_nothing(session):
    capacity = session.capacity()
    assert sorted(node.cpus for node in capacity.nodes) == [0, 2, 2]
    assert allocate(capacity, ResourceRequest(), trials=9, replicas=1, data_bytes=0) == (TrialResources(1, 0, 1), 4)
    with pytest.raises(ResourceError, match="must be at most 0, the GPUs of the largest node of the cluster"):
        allocate(capacity, ResourceRequest(gpus_per_trial=1), trials=9, replicas=1, data_bytes=0)


def test_trials_run_on_all_nodes_and_the_head_runs_none(cluster, session, tmp_path):
    _, logs = told_by(session, work_on(trials_of(8, epochs=1), meeting=tmp_path))
    assert len(logs) == 8
    assert {log["node"] for log in logs.values()} == {cluster.first.node_id, cluster.second.node_id}
    assert logs[0]["environment"]["TF_CPP_MIN_LOG_LEVEL"] == "3", "what workers need travels to every node"
    assert logs[0]["environment"]["CUDA_VISIBLE_DEVICES"] == "", "a worker without GPUs sees none"


def test_the_data_set_travels_once_a_node_and_workers_share_it(cluster, session, tmp_path):
    from ray._private.internal_api import node_stats

    data = fakes.tiny_dataset(per_class=20_000, size=16)
    peak = {}
    stats = [(node.node_id, node.node_ip_address, node.node_manager_port) for node in (cluster.first, cluster.second)]

    def look(trial, message):
        if isinstance(message, Result):
            for identity, address, port in stats:
                used = node_stats(address, port).store_stats.object_store_bytes_used
                peak[identity] = max(peak.get(identity, 0), used)

    _, logs = told_by(session, work_on(trials_of(8, epochs=2), dataset=data, meeting=tmp_path), look)
    assert all(log["shared"] for log in logs.values())
    assert {log["sum"] for log in logs.values()} == {int(data.x_train.astype("int64").sum())}
    assert len({log["pid"] for log in logs.values()}) == 4, "four workers on two nodes"
    for used in peak.values():
        assert data.nbytes <= used < 1.5 * data.nbytes


@pytest.fixture
def far(monkeypatch, tmp_path):
    """Let no other node have the submitting machine's disk; return the handles of what sends its files."""
    import ray

    from cnnjobs.engine.ray import tune

    senders, original = [], tune.node_copies

    def hidden(dataset):
        copies = original(dataset)
        senders.append(copies.sender)
        for which in {*copies.places.values()}:
            sent = ray.get(copies.sender.about.remote(which))
            Path(sent.file.path).unlink()  # which it has open
            if sent.pictures is not None:
                shutil.rmtree(tmp_path / "photos")
        return copies

    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tune, "node_copies", hidden)
    return senders


def total(images):
    """Return the sum of all values."""
    return int(np.asarray(images).astype(np.int64).sum())


def encoded(folder, count):
    """Return pictures that lie in a folder and are decoded as needed, and how many bytes they have there."""
    for number in range(count):
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (16, 16), np.uint8)).save(path)
    images = load(ImageFolder(str(folder), decode="as needed")).x_train
    return images, sum(path.stat().st_size for path in folder.rglob("*.png"))


def test_images_travel_once_a_node_decoded_or_encoded_and_not_again_in_the_next_submit(cluster, session, tmp_path, far):
    import ray

    plain = fakes.tiny_dataset(per_class=20_000, size=16)
    decoded_bytes = plain.x_train.nbytes + plain.x_test.nbytes
    on_disk, (pictures, encoded_bytes) = stored(plain, tmp_path / "images"), encoded(tmp_path / "photos", 40)
    seen = total(plain.x_train), total(pictures)
    second = replace(on_disk, x_test=pictures, y_test=on_disk.y_test[: len(pictures)])
    for meeting, data, sent in (("one", on_disk, decoded_bytes), ("two", second, encoded_bytes)):
        (tmp_path / meeting).mkdir()
        work = work_on(trials_of(3, epochs=1), 3, dataset=data, meeting=tmp_path / meeting)
        messages, logs = told_by(session, work)
        assert len({log["pid"] for log in logs.values()}) == 3, "three workers on two nodes"
        assert {log["sum"] for log in logs.values()} == {seen[0]}
        assert {Path(log["path"]).parents[1] for log in logs.values()} == {*cluster.caches}
        assert ray.get(far.pop().sent.remote()) == 2 * sent
        said = {told.text for trial in messages.values() for told in trial if isinstance(told, Note)}
        assert any(f"gets its copy of the pictures, {data_size(sent)}" in text for text in said)
        stored(plain, tmp_path / "images")
    assert {log["test_sum"] for log in logs.values()} == {seen[1]}


def test_a_node_that_cannot_keep_the_images_ends_the_run_with_a_sentence(cluster, session, tmp_path, far):
    copies = cluster.caches[0] / "copies"
    shutil.rmtree(copies, ignore_errors=True)
    copies.parent.mkdir(exist_ok=True)
    copies.write_text("no folder")
    images, meeting = stored(fakes.tiny_dataset(), tmp_path / "images"), tmp_path / "meeting"
    meeting.mkdir()
    work = work_on(trials_of(3), 3, dataset=images, meeting=meeting)  # at the same time, which takes both nodes
    try:
        with pytest.raises(NodeWithoutRoom, match=rf" cannot keep its copy of the pictures .* in {copies}: "):
            told_by(session, work)
    finally:
        copies.unlink()


def test_no_worker_writes_under_the_store_and_no_trial_reads_a_path_of_the_submitter(session, tmp_path):
    checkpoints = Checkpoints(Files(tmp_path / "store" / "checkpoints"), 0)
    trials = trials_of(4)
    _, logs = told_by(session, work_on(trials, checkpoints=checkpoints))
    for log in logs.values():
        assert not [path for path in log["opened"] if str(tmp_path) in path]
    kept = [one for trial in trials for one in checkpoints.newest_first(trial.trial_id, pytest.fail)]
    assert len(kept) == 8, "checkpoints travel to the submitting side: the two newest of four trials"
    assert {content for _, content in kept} == {b"state"}


@pytest.mark.parametrize("how", ["keys", "profile"])
def test_checkpoints_in_a_bucket_are_written_by_the_submitting_side_which_has_the_keys(
    session, monkeypatch, tmp_path, how
):
    """The nodes of a cluster on AWS have none: only the head has the role."""
    storage = s3_server.Storage()
    profile = "[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n"
    (tmp_path / "credentials").write_text(
        profile.format("default", "AKIAOTHER", "secret") + profile.format("work", s3_server.KEY, "secret")
    )
    try:
        if how == "keys":
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.KEY)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.SECRET)
        else:
            monkeypatch.setenv("AWS_PROFILE", "work")
            monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_ENDPOINT_URL", storage.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        place = Files(f"s3://{storage.new_bucket()}/job")
        checkpoints = Checkpoints(place.below("checkpoints"), 0, finals=place.below("states"), keeps_final=True)
        messages, logs = told_by(session, work_on(trials_of(4), checkpoints=checkpoints))
        assert len(logs) == 4, messages
        assert len(place.below("checkpoints").names()) == 8
        assert len(place.below("states").names()) == 4
        assert storage.keys == {s3_server.KEY}
        assert {log["environment"]["AWS_SECRET_ACCESS_KEY"] for log in logs.values()} == {None}
    finally:
        storage.close()


def test_a_trial_whose_node_is_lost_goes_on_elsewhere_and_that_does_not_count_against_it(
    cluster, session, tmp_path, capfd
):
    """Twice: once more than a lost process is forgiven."""
    checkpoints = Checkpoints(Files(tmp_path / "checkpoints"), 0)
    lost, started = [], []

    def take_away(trial, message):
        if isinstance(message, Started):
            started.append(time.monotonic())
        due = len(lost) < min(len(started), 2) and message_epoch(message) >= 4 * (len(lost) + 1)
        if not due:
            return
        node = next(one for one in cluster.worker_nodes if one not in (cluster.first, cluster.second))
        lost.append(node)
        cluster.remove_node(node, allow_graceful=False)
        if len(lost) == 1:
            cluster.add_node(num_cpus=1, resources={"spot": 1})

    cluster.add_node(num_cpus=1, resources={"spot": 1})
    messages, logs = told_on_spot(session, work_on(trials_of(1, epochs=14), 1, checkpoints), take_away, cluster)
    assert len(lost) == 2
    assert isinstance(messages[0][-1], Result), messages[0][-1]
    assert sum(isinstance(message, Started) for message in messages[0]) == 3
    assert logs[0]["resumed"] >= 7, "from its checkpoint, not from the beginning"
    notes = [message.text for message in messages[0] if isinstance(message, Note)]
    assert notes[-1] == f"its machine is gone; it goes on from epoch {logs[0]['resumed']}, its last checkpoint"
    assert len(notes) == 2
    time.sleep(3)  # Ray would say in some fifty lines, each time, what its C++ was doing
    out, err = capfd.readouterr()
    assert "raylet" not in out + err


def message_epoch(message):
    return getattr(message, "epoch", 0)


def told_on_spot(session, work, on_message, cluster):
    """Run work on nodes with a resource named "spot"; when the last is gone, on any."""
    from ray import tune

    bundle = tune.PlacementGroupFactory
    spot = {"left": True}

    def factory(bundles, *arguments, **options):
        return bundle([bundles[0] | ({"spot": 0.1} if spot["left"] else {})], *arguments, **options)

    def watch(trial, message):
        on_message(trial, message)
        if not any("spot" in (node._ray_params.resources or {}) for node in cluster.worker_nodes):
            cluster.add_node(num_cpus=1, resources={"spot": 1})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tune, "PlacementGroupFactory", factory)
        return told_by(session, work, watch)


def test_a_node_that_comes_later_takes_trials(cluster, session, tmp_path):
    """Six trials wait for each other, and there are four cores until the first has started."""
    added = []

    def add(trial, message):
        if isinstance(message, Started) and not added:
            added.append(cluster.add_node(num_cpus=2))

    for node in set(cluster.worker_nodes) - {cluster.first, cluster.second}:
        cluster.remove_node(node)
    _, logs = told_by(session, work_on(trials_of(8, epochs=2), at_once=6, meeting=tmp_path), add)
    assert len(logs) == 8
    assert added[0].node_id in {log["node"] for log in logs.values()}
    cluster.remove_node(added[0])


def test_a_process_that_dies_on_another_node_leaves_its_last_words(session):
    work = work_on(
        make_plan(
            Job(name="a", dataset="digits", repeats=1, variants={"dies": Variant(model=vgg(), optimizer=SGD(0.1))}), "d"
        ).trials
    )
    messages, _ = told_by(session, replace(work, make_worker=fakes.fake_worker, modules=(fakes,)))
    failure = messages[0][-1]
    assert isinstance(failure, Failure)
    assert "last words" in failure.log
    assert "os._exit(7) was called in run (fakes.py, line " in failure.error


def in_process(code, **environment):
    """Run code in a new interpreter; return what it did."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


JOIN = """
import sys
from cnnjobs.run.backends import open_cluster
from cnnjobs.engine.places import Joined
from cnnjobs.errors import ClusterError
{before}
try:
    open_cluster(Joined({address!r}), insecure=False, verbose=False)
    print("joined")
except ClusterError as error:
    print("refused:", error)
"""


def test_a_wrong_token_is_refused_in_a_sentence(cluster, tmp_path):
    (tmp_path / "token").write_text("of somebody else")
    began = time.monotonic()
    done = in_process(JOIN.format(address=cluster.gcs_address, before=""), RAY_AUTH_TOKEN_PATH=str(tmp_path / "token"))
    assert "refused: The cluster at" in done.stdout, done.stderr
    assert "refuses the token of this machine" in done.stdout
    assert "of somebody else" not in done.stdout + done.stderr
    assert time.monotonic() - began < 40


AFTER_A_LOCAL_ONE = """
import os
os.environ["RAY_AUTH_MODE"] = ""  # said by nobody
from cnnjobs.run.backends import open_local_ray
local = open_local_ray(cpus=1, gpus=0)
with local.opened(0):
    pass
local.close()
"""


def test_a_process_that_has_run_on_this_machine_alone_has_the_token_of_the_cluster_again(cluster):
    """As in a notebook: a first try here, then the same job on the cluster. Its own Ray had a token of its own."""
    done = in_process(JOIN.format(address=cluster.gcs_address, before=AFTER_A_LOCAL_ONE))
    assert done.stdout.strip() == "joined", done.stderr


def test_another_version_of_ray_is_named(cluster):
    before = "import ray; ray.__version__ = '2.1.0'"
    done = in_process(JOIN.format(address=cluster.gcs_address, before=before))
    assert "must have the same versions of Ray and Python" in done.stdout, done.stdout + done.stderr
    assert "2.1.0" in done.stdout


def test_a_cluster_that_asks_for_a_token_is_known_as_such(cluster):
    from cnnjobs.engine.ray.authentication import asks_for_token

    assert asks_for_token(cluster.gcs_address)


def test_whether_a_cluster_asks_for_a_token_is_not_guessed(cluster, tmp_path, monkeypatch):
    """Not from an import that failed, say of a file of the current folder."""
    from cnnjobs.engine.ray.authentication import asks_for_token

    (tmp_path / "ray.py").write_text("raise ImportError('of this folder')")
    monkeypatch.chdir(tmp_path)
    assert asks_for_token(cluster.gcs_address)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ClusterError, match="cannot be found out: no reason given"):
        asks_for_token(cluster.gcs_address)


def test_a_head_that_is_gone_ends_the_run_with_a_sentence(cluster, tmp_path):
    """Last of this cluster's tests: it takes the head away."""
    script = tmp_path / "run.py"
    script.write_text(
        f"import sys; sys.path[:0] = {[str(Path(__file__).parents[1]), str(Path(__file__).parent)]!r}\n"
        "import _thread\n"
        "from test_cluster import *\n"
        "from cnnjobs.errors import ClusterLost\n"
        "from cnnjobs.run.backends import open_cluster\n"
        f"session = open_cluster(Joined({cluster.gcs_address!r}), insecure=False, verbose=False)\n"
        "def stuck(lost):\n"
        "    print('lost:', lost, flush=True); os._exit(1)\n"
        "session.on_stuck = stuck\n"
        "try:\n"
        "    told_by(session, work_on(trials_of(4, epochs=500)), lambda *_: print('under way', flush=True))\n"
        "except ClusterLost as lost:\n"
        "    print('lost:', lost, flush=True)\n"
        "os._exit(1)\n"
    )
    with StartedProcess([sys.executable, str(script)]) as process:
        for line in process.stdout:
            if "under way" in line:
                break
        began, address = time.monotonic(), cluster.gcs_address
        cluster.head_node.kill_gcs_server(check_alive=False)
        out = process.ended(120)
    assert f"lost: The cluster at {address} no longer answers." in out, out
    assert time.monotonic() - began < 60
