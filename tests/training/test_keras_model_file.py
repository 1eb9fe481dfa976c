"""A saved network takes pixels as they are, scales them as training did, and says what the trial said."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest
from support.training_runs import BUNDLED, DROPPING, everything, in_fresh_process, plain, trial_of

from cnnjobs import BestWeights, Variant, custom
from cnnjobs.errors import ModelError
from cnnjobs.planning.identity import canonical
from cnnjobs.spec import BuiltinDataset


def fitted(worker, variant, path, **job):
    """Train a variant, save its network; return the trial's result."""
    from cnnjobs.training.final_fit import FinalFitWorker

    *_, result = FinalFitWorker(worker, BuiltinDataset("digits"), canonical(variant)).run(trial_of(variant, **job))
    path.write_bytes(result.model)
    return result


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (DROPPING["vgg"], {"scaling": "standardize"}),
        (DROPPING["small_cnn"], {"scaling": "center"}),
        (DROPPING["mlp"], {"callbacks": BestWeights(), "epochs": 3}),
        (BUNDLED["vgg"], {"xla": True}),
        (BUNDLED["small_cnn"], {"precision": "bfloat16"}),
        (BUNDLED["resnet"], {"epochs": 1}),
        (DROPPING["resnet"], {"epochs": 1, "precision": "bfloat16"}),
    ],
    ids=["standardize", "logits, center", "best weights", "xla", "bfloat16", "resnet", "wide resnet"],
)
def test_the_file_says_what_the_trial_said(worker, digits, tmp_path, model, changes):
    from cnnjobs.training.model_file import ModelFile

    path = tmp_path / "m.keras"
    result = fitted(worker, everything(model, **changes), path)
    saved = ModelFile(path)
    tolerance = 0.05 if "precision" in changes else 1e-5  # the file computes in float32
    assert np.abs(saved.predict(digits.x_test) - result.predictions.probabilities).max() < tolerance
    assert saved.metadata.class_names == digits.class_names
    assert saved.metadata.facts["test_accuracy"] == result.final["test_accuracy"]
    assert saved.predict(digits.x_test[:0]).shape == (0, 10)


def test_the_file_knows_the_pictures_that_it_was_trained_on(worker, digits, tmp_path):
    from cnnjobs.planning.rows import split_rows
    from cnnjobs.training.model_file import ModelFile

    path, variant = tmp_path / "m.keras", plain(BUNDLED["mlp"], epochs=1)
    fitted(worker, variant, path)
    rows, validation = split_rows(digits.training_rows, trial_of(variant))
    trained = ModelFile(path).metadata.trained
    assert trained.complete
    assert trained.among(digits.x_train[rows]).all()
    assert trained.among(digits.x_train[validation]).mean() < 0.1
    assert trained.among(digits.x_test).mean() < 0.1


def test_plain_keras_predicts_from_the_file_too(worker, digits, tmp_path):
    import keras

    path = tmp_path / "m.keras"
    result = fitted(worker, plain(BUNDLED["small_cnn"], scaling="standardize"), path)
    found = keras.saving.load_model(path).predict(digits.x_test, verbose=0)
    assert np.abs(found - result.predictions.probabilities).max() < 1e-5
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5), "probabilities, though the network gives logits"


def test_images_that_were_floats_in_training_are_pixels_for_the_file(worker, digits, tmp_path):
    from cnnjobs.training.model_file import ModelFile
    from cnnjobs.training.trial import TrialWorker

    floats = replace(
        digits, x_train=(digits.x_train / 255).astype(np.float32), x_test=(digits.x_test / 255).astype(np.float32)
    )
    path = tmp_path / "m.keras"
    other = TrialWorker(floats, cpus=1, gpus=0, replicas=1)
    result = fitted(other, plain(BUNDLED["mlp"], scaling="standardize"), path)
    assert np.abs(ModelFile(path).predict(digits.x_test) - result.predictions.probabilities).max() < 1e-5
    assert np.abs(ModelFile(path).predict(floats.x_test * 255) - result.predictions.probabilities).max() < 1e-5


def test_what_two_replicas_trained_is_saved_as_one_network(digits, tmp_path):
    code = """
from cnnjobs.spec import BuiltinDataset
from cnnjobs.training.final_fit import FinalFitWorker
from cnnjobs.training.trial import TrialWorker
worker = FinalFitWorker(TrialWorker(digits(), cpus=1, gpus=0, replicas=2), BuiltinDataset("digits"), {})
*_, result = worker.run(trial_of(everything(DROPPING["vgg"], epochs=1), replicas=2))
(folder / "m.keras").write_bytes(result.model)
np.save(folder / "p.npy", result.predictions.probabilities)
"""
    in_fresh_process(code, tmp_path)
    from cnnjobs.training.model_file import ModelFile

    found = ModelFile(tmp_path / "m.keras").predict(digits.x_test)
    assert np.abs(found - np.load(tmp_path / "p.npy")).max() < 1e-5


def with_lambda(input_shape, classes):
    import keras

    inputs = keras.Input(input_shape)
    halved = keras.layers.Lambda(lambda x: x / 2)(inputs)
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(keras.layers.Flatten()(halved)))


def test_a_network_that_cannot_be_loaded_without_the_job_file_is_refused(worker, tmp_path):
    variant = Variant(model=custom(with_lambda), epochs=1, batch_size=512)
    with pytest.raises(ValueError, match=r"cannot be saved so that it loads without the job file.*without Lambda"):
        fitted(worker, variant, tmp_path / "m.keras")


def with_registered_layer(input_shape, classes):
    import keras

    @keras.saving.register_keras_serializable("tests")
    class Own(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    inputs = keras.Input(input_shape)
    flat = keras.layers.Flatten()(Own()(inputs))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(flat))


def test_a_layer_that_only_this_process_knows_is_refused_before_training(worker, tmp_path):
    variant = Variant(model=custom(with_registered_layer), epochs=10**6, batch_size=512)
    with pytest.raises(ValueError, match=r"cannot be saved so that it loads without the job file.*Own is not of Keras"):
        fitted(worker, variant, tmp_path / "m.keras")


def test_a_network_that_is_not_the_one_the_file_speaks_of_is_refused(worker, tmp_path):
    from cnnjobs.models.model_file import read_metadata, with_metadata
    from cnnjobs.training.model_file import ModelFile

    path, other = tmp_path / "m.keras", tmp_path / "other.keras"
    fitted(worker, plain(BUNDLED["mlp"], epochs=1), path)
    metadata = read_metadata(path)
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(other, "w") as made:
        for name in whole.namelist():
            if name not in ("cnnjobs.json", "trained_pictures", "predict.py"):
                made.writestr(name, whole.read(name))
    other.write_bytes(with_metadata(other.read_bytes(), replace(metadata, class_names=("a", "b"))))
    with pytest.raises(ModelError, match=r"must take \(None, 8, 8, 1\) and give \(None, 2\).*and \(None, 10\)"):
        ModelFile(other)


def test_a_file_whose_weights_are_cut_off_is_refused(worker, tmp_path):
    from cnnjobs.training.model_file import ModelFile

    path, cut = tmp_path / "m.keras", tmp_path / "cut.keras"
    fitted(worker, plain(BUNDLED["mlp"], epochs=1), path)
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(cut, "w") as made:
        for name in whole.namelist():
            content = whole.read(name)
            made.writestr(name, content[: len(content) // 2] if name.endswith(".h5") else content)
    with pytest.raises(ModelError, match=r"cut.keras: Keras cannot load it"):
        ModelFile(cut)


def test_after_any_flipped_bit_a_model_file_predicts_the_same_or_is_named(worker, digits, tmp_path):
    from cnnjobs.training.model_file import ModelFile

    path = tmp_path / "m.keras"
    fitted(worker, plain(DROPPING["mlp"], epochs=1), path)
    whole, saved = path.read_bytes(), ModelFile(path)
    right = saved.predict(digits.x_test[:5])
    random, named = np.random.default_rng(0), 0
    for number in range(40):
        least = max(len(whole) - 900, 0) if number % 2 else 0  # half of them in the directory of the archive
        place = int(random.integers(least, len(whole)))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << int(random.integers(8))]) + whole[place + 1 :])
        try:
            found = ModelFile(path)
        except ModelError as error:
            assert str(path) in str(error)
            named += 1
            continue
        assert np.array_equal(found.predict(digits.x_test[:5]), right)
        assert found.metadata == saved.metadata
    assert named > 20
