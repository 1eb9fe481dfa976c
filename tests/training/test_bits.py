"""The same trial gives the same bits: again, elsewhere, after other trials, and after it was cut off."""

import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.training_runs import DROPPING, everything, in_fresh_process, load, outcome, same, trial_of, trials_of

from cnnjobs import BestWeights, EarlyStopping, ReduceLROnPlateau, callback, vgg
from cnnjobs.files.digests import with_digest, without_digest
from cnnjobs.messages import Note
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.files import Files
from cnnjobs.training.snapshot import pack, unpack

FRESH = """
from cnnjobs.training.trial import TrialWorker
worker = TrialWorker(digits(), cpus=1, gpus=0, replicas=1)
for name, model in DROPPING.items():
    np.savez(folder / f"{name}.npz", **outcome(worker, trial_of(everything(model))))
"""


def test_every_bundled_network_is_tested():
    """Applications of Keras, VGG16 among them, need larger pictures than these, and have tests of their own."""
    from support.training_runs import BUNDLED

    from cnnjobs.models.networks import BUILDERS

    for models in (DROPPING, BUNDLED):
        assert {model.builder for model in models.values()} | {"application", "vgg16"} == set(BUILDERS)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Outcomes of a process that has run nothing else."""
    folder = tmp_path_factory.mktemp("fresh")
    in_fresh_process(FRESH, folder)
    return {name: load(folder / f"{name}.npz") for name in DROPPING}


@pytest.mark.parametrize("name", DROPPING)
def test_a_trial_gives_the_same_bits_in_a_fresh_process_and_in_a_used_one(worker, fresh, name):
    first, other = trials_of(everything(DROPPING[name]))
    outcome(worker, trial_of(everything(vgg(blocks=1, filters=4, dense=8), epochs=1)))
    traced_now = outcome(worker, first)
    assert same(traced_now, fresh[name])
    assert not same(outcome(worker, other), traced_now), "another repeat"
    assert same(outcome(worker, first), traced_now), "already traced, after another repeat"


WATCHING = (
    EarlyStopping(patience=4, min_delta=0.3),
    ReduceLROnPlateau(patience=1, min_delta=0.5),
    BestWeights(monitor="val_accuracy"),
)
WATCHED = everything(DROPPING["vgg"], epochs=6, batch_size=128, callbacks=WATCHING)


def cut_off_after(worker, trial, epochs):
    """Run a trial until it has done so many epochs, and drop it there."""
    running = worker.run(trial)
    next(message for message in running if message.epoch == epochs)
    next(running)  # into the epoch after: the checkpoint is written when it begins
    running.close()


@pytest.fixture
def keeper(worker, tmp_path):
    """Let the worker keep a checkpoint after every epoch."""
    worker.checkpoints = Checkpoints(Files(tmp_path / "checkpoints"), every_s=0)
    yield worker.checkpoints
    worker.checkpoints = None


@pytest.fixture(scope="module")
def undisturbed(worker):
    return outcome(worker, trial_of(WATCHED))


def go_on_after(worker, variant, epochs):
    """Cut a trial off, move the network with another one, and run the first again."""
    trial, other = trials_of(variant)
    cut_off_after(worker, trial, epochs)
    next(worker.run(other))
    return outcome(worker, trial)


@pytest.mark.parametrize("epochs", [1, 2, 3, 4])
def test_a_trial_that_was_cut_off_ends_with_the_same_bits(worker, undisturbed, keeper, caplog, epochs):
    assert same(go_on_after(worker, WATCHED, epochs), undisturbed)
    assert f"goes on after epoch {epochs}, from" in caplog.text, "did not start over"


def test_the_callbacks_of_that_test_do_something(undisturbed):
    """Otherwise resuming them would prove nothing."""
    rates = undisturbed["learning_rate"]
    assert len(set(rates)) > 1, "the rate was lowered"
    assert len(rates) < 6, "stopped early"
    assert undisturbed["final"][1] == max(undisturbed["val_accuracy"])


def test_the_scale_of_the_loss_goes_on_too(worker, tmp_path):
    variant = everything(DROPPING["small_cnn"], epochs=2, batch_size=300, precision="float16")
    trial = trial_of(variant)
    expected = outcome(worker, trial)
    worker.checkpoints = Checkpoints(Files(tmp_path / "checkpoints"), every_s=0)
    try:
        assert same(go_on_after(worker, variant, 1), expected)
    finally:
        worker.checkpoints = None


KILLED = """
from cnnjobs import EarlyStopping, ReduceLROnPlateau
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.files import Files
from cnnjobs.training.trial import TrialWorker
keeper = Checkpoints(Files(folder / "checkpoints"), every_s=0)
worker = TrialWorker(digits(), cpus=1, gpus=0, replicas=1, checkpoints=keeper)
callbacks = (EarlyStopping(patience=3), ReduceLROnPlateau(patience=1, min_delta=0.02))
outcome(worker, trial_of(everything(DROPPING["vgg"], epochs=12, callbacks=callbacks)))
"""


def test_a_killed_trial_goes_on_in_another_process_to_the_same_bits(worker, keeper, tmp_path, caplog):
    callbacks = (EarlyStopping(patience=3), ReduceLROnPlateau(patience=1, min_delta=0.02))
    trial = trial_of(everything(DROPPING["vgg"], epochs=12, callbacks=callbacks))
    process = in_fresh_process(KILLED, tmp_path, wait=False)
    until = time.monotonic() + 120
    while len(list((tmp_path / "checkpoints").glob("*-000000[3-9].npz"))) < 1:
        assert process.poll() is None and time.monotonic() < until, process.stderr.read()[-2000:]
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    resumed = outcome(worker, trial)
    assert "goes on after epoch" in caplog.text
    worker.checkpoints = None
    assert same(resumed, outcome(worker, trial))


DAMAGES = {
    "cut short": lambda content: content[:-200],
    "of an unknown compression": lambda content: content.replace(b"PK\x01\x02", b"PK\x01\x02" + b"\xff" * 12),
    "marked as encrypted": lambda content: content[:6] + b"\x01" + content[7:],
    "one bit of a weight": lambda content: content[:5000] + bytes([content[5000] ^ 4]) + content[5001:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before_and_told(worker, keeper, caplog, damage):
    variant = everything(DROPPING["small_cnn"], epochs=4)
    trial = trial_of(variant)
    cut_off_after(worker, trial, 3)
    older, newest = keeper.files.names(".npz")
    place = Path(keeper.files.location, newest)
    place.write_bytes(damage(place.read_bytes()))
    running = worker.run(trial)
    note = next(running)
    assert isinstance(note, Note)
    assert note.text.startswith(f"checkpoint {newest} is damaged (")
    assert note.text.endswith("; the trial goes on after epoch 2")
    running.close()
    place.write_bytes(b"")
    resumed = outcome(worker, trial)
    assert f"from {older}" in caplog.text
    worker.checkpoints = None
    assert same(resumed, outcome(worker, trial))


def test_a_trial_whose_checkpoints_are_all_damaged_or_anothers_starts_over(worker, keeper):
    first, other = trials_of(everything(DROPPING["small_cnn"], epochs=3))
    cut_off_after(worker, other, 1)
    cut_off_after(worker, first, 2)
    [of_other] = [name for name in keeper.files.names(".npz") if name.startswith(other.trial_id)]
    for name in keeper.files.names(".npz"):
        if name.startswith(first.trial_id):
            keeper.files.write(name, keeper.files.read(of_other))
    *notes, _, _, result = worker.run(first)
    assert [note.text.rpartition("; ")[2] for note in notes if isinstance(note, Note)][-1] == "the trial starts over"
    worker.checkpoints = None
    *_, undisturbed = worker.run(first)
    assert result.epochs["loss"] == undisturbed.epochs["loss"]


def test_a_checkpoint_of_other_versions_is_not_gone_on_from(worker, keeper, caplog, monkeypatch):
    from cnnjobs.training import trial as module

    trial = trial_of(everything(DROPPING["small_cnn"], epochs=3))
    cut_off_after(worker, trial, 1)
    found = module.describe_device() | {"keras_version": "3.0.0"}
    monkeypatch.setattr(module, "describe_device", lambda: found)
    other = module.TrialWorker(worker.dataset, cpus=1, gpus=0, replicas=1, checkpoints=keeper)
    resumed = outcome(other, trial)
    assert "other versions" in caplog.text
    assert max(int(name[-8:-4]) for name in keeper.files.names(".npz")) == 2, "new ones took its place"
    worker.checkpoints = None
    assert same(resumed, outcome(worker, trial))


def test_seconds_of_a_trial_that_was_cut_off_are_added(worker, keeper):
    trial = trial_of(everything(DROPPING["small_cnn"], epochs=3))
    cut_off_after(worker, trial, 2)
    place = Path(keeper.files.location, keeper.files.names(".npz")[-1])
    snapshot = unpack(without_digest(place.read_bytes(), place.name))
    place.write_bytes(with_digest(pack(replace(snapshot, seconds=1000)), place.name))
    *_, result = worker.run(trial)
    assert result.final["epochs_done"] == 3
    assert len(result.epochs["loss"]) == 3
    assert result.final["train_seconds"] == pytest.approx(sum(result.epochs["train_seconds"]))
    assert result.final["seconds"] > 1000


def remembering(trial, kind):
    import keras

    class Remembering(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.seen = {"set": set(), "pairs": {0: (1, 2)}}[kind]

        def on_epoch_end(self, epoch, logs=None):
            if kind == "pairs":
                assert self.seen == {number: (number + 1, 2) for number in range(epoch + 1)}
                self.seen[epoch + 1] = (epoch + 2, 2)

    return Remembering()


@pytest.mark.parametrize(("kind", "kept"), [("set", False), ("pairs", True)])
def test_what_a_callback_of_the_users_remembers_is_kept_or_there_is_no_checkpoint(worker, keeper, caplog, kind, kept):
    variant = everything(DROPPING["small_cnn"], epochs=3, callbacks=callback(remembering, kind=kind))
    trial = trial_of(variant)
    cut_off_after(worker, trial, 2)
    assert bool(keeper.trial_ids()) == kept
    assert ("Remembering.seen is no number" in caplog.text) != kept
    outcome(worker, trial)
    assert ("goes on after epoch 2" in caplog.text) == kept
