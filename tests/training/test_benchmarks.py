"""The benchmarks at toy size: peers do the work of this project, and each part measures something."""

import io
import json
import sys

import numpy as np
import pytest

from benchmarks import photos
from benchmarks.parts import large, overhead, pipelines, small, step
from benchmarks.peers import loop, work


@pytest.mark.parametrize("part, shape", [(small, (8, 8, 1)), (large, (32, 32, 3))])
def test_peers_train_the_networks_of_the_job_file(part, shape):
    from cnnjobs import vgg
    from cnnjobs.models.networks import build_model

    for options in part.VARIANTS.values():
        theirs, ours = work.network(shape, **options), build_model(vgg(**options), shape, 10)
        assert [type(layer) for layer in theirs.layers] == [type(layer) for layer in ours.layers]
        assert [w.shape for w in theirs.weights] == [w.shape for w in ours.weights]
        assert [described(layer) for layer in theirs.layers] == [described(layer) for layer in ours.layers]


def described(layer):
    config = layer.get_config()
    return {
        key: config.get(key) for key in ("activation", "kernel_initializer", "kernel_regularizer", "rate", "padding")
    }


def test_peers_divide_the_digits_as_this_project_does(digits):
    from cnnjobs.datasets.splits import holdout

    own = work.load(work.Work(small.VARIANTS, 1, 1, 32, "Adam", {}))
    train, validation = holdout(digits.y_train, 0.2, seed=0)
    assert (len(own.y), len(own.y_valid), len(own.y_test)) == (len(train), len(validation), len(digits.y_test))
    assert own.x.shape[1:] == digits.image_shape
    assert (own.x.min(), own.x.max()) == (0, 1)


def test_a_peer_writes_a_file_a_trial(tmp_path, monkeypatch):
    variants = {"baseline": {"blocks": 1, "filters": 2, "dense": 4}}
    work.Work(variants, 2, 1, 64, "Adam", {"learning_rate": 0.01}).save(tmp_path / "work.json")
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(sys, "argv", ["loop", str(tmp_path / "work.json"), str(tmp_path / "results")])
    loop.main()
    files = sorted((tmp_path / "results").iterdir())
    assert [file.name for file in files] == ["baseline-0.json", "baseline-1.json"]
    found = [json.loads(file.read_text()) for file in files]
    assert set(found[1]["history"]) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert 0 < found[1]["test_accuracy"] <= 1
    assert found[0]["began"] < found[0]["ended"] < found[1]["ended"]
    assert found[0]["history"] != found[1]["history"]


def test_a_network_that_is_started_again_learns_as_a_new_one():
    made = work.Work({"one": {"blocks": 1, "filters": 2, "dense": 4}}, 1, 2, 64, "Adam", {"learning_rate": 0.01})
    data = work.load(made)
    model = work.compiled(made, "one", data)
    losses = []
    for _ in range(2):
        loop.start_again(model, made, "one", data, repeat=3)
        losses.append(work.fit(made, data, "one", 3, model=model)["history"]["val_loss"])
    assert losses[1] == pytest.approx(losses[0], rel=0.01)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


def test_photos_are_packed_evenly(tmp_path):
    photos.pack(photos.toy(tmp_path / "photos"), 50, 20, tmp_path / "photos.npz")
    with np.load(tmp_path / "photos.npz") as file:
        assert file["x_train"].shape == (50, 32, 32, 3)
        assert list(np.bincount(file["y_test"])) == [2] * 10


@pytest.mark.parametrize("contender", ["aN", "c"])
def test_epochs_are_timed_in_turns(contender, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("go\n" * 2))
    step.contend(contender, "digits", None, turns=1, cpus=1)
    seconds = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines() if line.startswith("TOOK")]
    assert len(seconds) == 1
    assert min(seconds) > 0


def test_what_a_trial_costs_beside_its_steps_is_measured_for_first_and_later_trials():
    found = overhead.found(repeats=2)
    assert list(found) == list(overhead.CONTENDERS)
    assert all(own["seconds"] > 0 and own["setup"] > 0 for own in found.values())


def test_pipelines_are_measured_apart_from_training(tmp_path):
    found = pipelines.found(str(photos.toy(tmp_path / "photos")), pipelines.TOY, cpus=1)
    assert list(found) == [pipelines.TRAINING, *pipelines.TOY]
    assert found["c"]["ratio"] == 1
    assert found[pipelines.TRAINING]["seconds"] > found["c"]["seconds"] > 0
