"""VGG16 with weights from a file: what is frozen stays as it was loaded, the rest is trained, the same twice."""

import shutil

import numpy as np
import pytest
from support.fakes import tiny_dataset
from support.training_runs import outcome, same, trials_of

from cnnjobs import Adam, Finetune, Variant, vgg16
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.models.weights import keep_weights, read_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random weights in a file, as `keras.applications` would have them."""
    import keras

    path = tmp_path_factory.mktemp("weights") / "vgg16.weights.h5"
    keras.utils.set_random_seed(7)
    keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(path)
    return path


def new_worker():
    """A worker on tiny grey pictures of 32 x 32 pixels."""
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(tiny_dataset(classes=2, per_class=12, size=32), cpus=1, gpus=0, replicas=1)


@pytest.fixture(scope="module")
def pictures(worker):
    return new_worker()


def variant(weights, blocks):
    model = vgg16(weights=weights, trainable_blocks=blocks, dense=(8,), dropout=0.3)
    return Variant(model=model, optimizer=Adam(0.001), epochs=2, batch_size=10)


def kernels(worker):
    """First kernel of each convolutional block."""
    (base,) = [layer for layer in worker.train_graph.model.layers if layer.name == "vgg16"]
    return [base.get_layer(f"block{block}_conv1").kernel.numpy() for block in range(1, 6)]


def test_frozen_blocks_stay_as_they_were_loaded_and_others_are_trained(pictures, weights):
    import keras

    base = keras.applications.VGG16(include_top=False, weights=weights, input_shape=(32, 32, 3))
    loaded = [base.get_layer(f"block{block}_conv1").kernel.numpy() for block in range(1, 6)]

    def unchanged():
        return [np.array_equal(one, other) for one, other in zip(kernels(pictures), loaded, strict=True)]

    trial, _ = trials_of(variant(weights, 2))
    once = outcome(pictures, trial)
    assert unchanged() == [True, True, True, False, False]
    assert same(outcome(pictures, trial), once), "a worker that has trained it before"
    tuned = Finetune(after=1, learning_rate=0.001, layers=("block3", "block5"))
    outcome(pictures, trials_of(variant(weights, 0).but(finetune=tuned))[0])
    assert unchanged() == [True, True, False, True, False]


def test_a_trial_trains_though_the_file_is_gone_from_where_it_was_read(pictures, weights, tmp_path):
    """As on another machine, which has no such file."""
    moved = tmp_path / "moved.weights.h5"
    shutil.copy(weights, moved)
    trials, later = trials_of(variant(moved, 2)), new_worker()
    work = Work(
        trials=trials,
        dataset=pictures.dataset,
        make_worker=lambda *_: later,
        resources=TrialResources(cpus=1, gpus=0, replicas=1),
        at_once=1,
        files=read_weights((trial.spec for trial in trials), pictures.dataset.image_shape),
    )
    expected = outcome(pictures, trials[0])
    moved.unlink()
    ends = {}
    InlineEngine().run(work, lambda trial, message: ends.__setitem__(trial.trial_id, message))
    assert [end.status for end in ends.values()] == ["completed", "completed"], ends
    assert same(outcome(later, trials[0]), expected), "what a worker did that read the file"
    keep_weights({})
    with pytest.raises(ValueError, match=r"moved\.weights\.h5"):
        outcome(new_worker(), trials[0])


def test_pixels_reach_vgg16_as_its_own_preprocessing_makes_them(weights):
    """Grey and coloured pictures in [0, 1] come out as Keras's `preprocess_input` of 0 to 255."""
    import keras

    from cnnjobs.models.networks import build_model

    images = np.random.RandomState(0).randint(0, 256, (4, 32, 32, 3)).astype(np.float32)
    base = keras.applications.VGG16(include_top=False, weights=weights, input_shape=(32, 32, 3))
    model = vgg16(weights=weights, dense=())
    for channels in (3, 1):
        shown = images if channels == 3 else np.repeat(images[..., :1], 3, axis=3)
        expected = base(keras.applications.vgg16.preprocess_input(shown.copy()), training=False)
        network = build_model(model, (32, 32, channels), 2)
        flat = keras.Model(network.inputs, network.layers[-2].output)
        found = flat(images[..., :channels] / 255, training=False)
        assert np.abs(np.reshape(expected, (4, -1)) - found).max() <= 1e-3 * np.abs(expected).max()
