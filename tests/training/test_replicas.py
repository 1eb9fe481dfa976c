"""Two replicas train what one does; in a process of its own, because TensorFlow takes its devices once."""

import numpy as np
import pytest
from support.training_runs import BUNDLED, digits, in_fresh_process, load, outcome, plain, trial_of

CASES = {  # rows, batch
    "the last of three steps has a single row, one replica has none": (129, 64),
    "odd shards": (130, 33),
}

EPOCHS = {"vgg": 4, "small_cnn": 4, "mlp": 4, "vgg with batch normalisation": 1, "resnet": 1}
TOLERANCE = {"vgg": 1e-5, "small_cnn": 1e-5, "mlp": 1e-5, "vgg with batch normalisation": 5e-4, "resnet": 5e-4}
"""Of weights, losses and probabilities, relative to the largest of each: float32 sums in another order.

Batch normalisation multiplies rounding from step to step. One device whose rows are summed in reverse order is
4e-5 away from itself after two epochs of the first case, and 7e-3 after eight.
"""

SCRIPT = """
import keras, tensorflow as tf
from cnnjobs.training.devices import make_strategy
from cnnjobs.training.trial import TrialWorker
from test_replicas import CASES, EPOCHS
for number, (rows, batch) in enumerate(CASES.values()):
    worker = TrialWorker(digits(rows), cpus=1, gpus=0, replicas=2)
    for index, (name, model) in enumerate(BUNDLED.items()):
        variant = plain(model, epochs=EPOCHS[name], batch_size=batch)
        trial = trial_of(variant, replicas=2, validation="test")
        np.savez(folder / f"{number}-{index}.npz", **outcome(worker, trial))

# statistics of batch normalisation on each device, after training
model = BUNDLED["vgg with batch normalisation"]
worker = TrialWorker(digits(129), cpus=1, gpus=0, replicas=2)
outcome(worker, trial_of(plain(model), replicas=2, validation="test"))
train_graph = worker.train_graph
moving = [v.value for v in train_graph.model.variables if "moving" in v.path]
spread = [float(tf.reduce_max(tf.abs(v.values[0] - v.values[1]))) for v in moving]
saved = [float(np.abs(v.values[1].numpy() - v.numpy()).max()) for v in moving]

# dropout masks of each device
outcome(worker, trial_of(plain(DROPPING["small_cnn"], epochs=1), replicas=2))
network = worker.train_graph.model
dropout = next(layer for layer in network.layers if isinstance(layer, keras.layers.Dropout))
strategy = make_strategy(1, 0, 2)
masks = strategy.run(tf.function(lambda: dropout(tf.ones([1, 4000]), training=True)))
masks = [mask.numpy()[0] > 0 for mask in strategy.experimental_local_results(masks)]
states = [value.numpy().tolist() for value in dropout.seed_generator.state.value.values]
rates = [float(mask.mean()) for mask in masks]
print(json.dumps({"spread": spread, "saved": saved, "moving": len(moving), "rates": rates, "states": states,
                  "agreement": float((masks[0] == masks[1]).mean())}))
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What two replicas came to: outcomes by (case, network), and what was seen on each device."""
    folder = tmp_path_factory.mktemp("two")
    seen = in_fresh_process(f"sys.path.insert(0, {str(__file__.rpartition('/')[0])!r})\n{SCRIPT}", folder)
    names = [(case, model) for case in CASES for model in BUNDLED]
    files = [f"{number}-{index}.npz" for number in range(len(CASES)) for index in range(len(BUNDLED))]
    return {name: load(folder / file) for name, file in zip(names, files, strict=True)}, seen


@pytest.fixture(scope="module")
def one(worker):
    """What one replica comes to."""
    from cnnjobs.training.trial import TrialWorker

    found = {}
    for case, (rows, batch) in CASES.items():
        small = TrialWorker(digits(rows), cpus=1, gpus=0, replicas=1)
        for name, model in BUNDLED.items():
            variant = plain(model, epochs=EPOCHS[name], batch_size=batch)
            found[case, name] = outcome(small, trial_of(variant, validation="test"))
    return found


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("model", BUNDLED)
def test_two_replicas_equal_one(one, two, case, model):
    other = two[0][case, model]
    for name, value in one[case, model].items():
        if value.dtype.kind != "f" or "acc" in name or name == "final":
            continue  # seeds and counts; fractions of rows that hang on a tie
        assert np.isfinite(other[name]).all(), name
        assert np.abs(other[name] - value).max() <= TOLERANCE[model] * max(np.abs(value).max(), 1e-2), name


def test_statistics_of_batch_normalisation_are_equal_on_all_replicas_and_are_those_saved(two):
    seen = two[1]
    assert seen["moving"] == 10
    assert seen["spread"] == [0] * 10
    assert seen["saved"] == [0] * 10


def test_replicas_draw_dropout_masks_of_their_own(two):
    seen = two[1]
    assert seen["rates"] == pytest.approx([0.7, 0.7], abs=0.04)
    assert seen["agreement"] == pytest.approx(0.7**2 + 0.3**2, abs=0.04), "as independent masks agree"
    assert seen["states"][0] == seen["states"][1], "what a checkpoint keeps is the same on both"
