"""Settings around a job that used to change its numbers under the same trial ids."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from support.training_runs import digits, in_fresh_process, outcome, same, train_here, trial_of

from cnnjobs import SGD, Augment, Variant, custom, load_results, mlp
from cnnjobs.errors import UserError
from cnnjobs.run.backends import open_preview
from cnnjobs.run.surroundings import surroundings_notes
from cnnjobs.training.keras_settings import _settings
from cnnjobs.training.trial import TrialWorker

JOB = """
import keras
from cnnjobs import SGD, Job, Variant, custom

def network(input_shape, classes):
    names = {"relu", "tanh", "sigmoid", "elu"}
    layers = [keras.layers.Conv2D(3, 3, activation=name, padding="same") for name in sorted(names)]
    head = [keras.layers.MaxPooling2D(), keras.layers.Flatten(), keras.layers.Dense(classes, activation="softmax")]
    return keras.Sequential([keras.Input(input_shape), *layers, *head])

job = Job(name="own", dataset="digits", repeats=1, variants={"own": Variant(model=custom(network), epochs=1)})
"""

SETTINGS = {"backend": "torch", "floatx": "float16", "epsilon": 1e-3, "image_data_format": "channels_first"}
VARIABLES = {
    "KERAS_BACKEND": "torch",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "CUDA_VISIBLE_DEVICES": "NoDevFiles",
    "MPLBACKEND": "no_such_backend",
}


def small(**changes):
    return Variant(model=mlp(dense=(8,)), optimizer=SGD(0.1), epochs=1, batch_size=256).but(**changes)


@pytest.fixture(scope="module")
def worker():
    return TrialWorker(digits(rows=512), cpus=1, gpus=0, replicas=1)


@pytest.fixture(autouse=True)
def as_it_was():
    """Leave the settings of the process to other tests as they were."""
    yield
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")
    tf.config.optimizer.set_jit("")


def disturbed():
    """Set in this process what used to reach trials."""
    keras.config.set_floatx("float16")
    keras.config.set_image_data_format("channels_first")
    keras.config.set_dtype_policy("mixed_bfloat16")
    tf.config.optimizer.set_jit("autoclustering")


def test_a_home_and_variables_of_another_framework_change_no_bit(tmp_path):
    """Somebody uses PyTorch with Keras, half precision and channels first, and sets variables of TensorFlow."""
    (tmp_path / "job.py").write_text(JOB)
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text(json.dumps(SETTINGS))
    undisturbed = train_here(tmp_path / "job.py", tmp_path / "undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (VARIABLES | {"KERAS_HOME": str(tmp_path / "keras")}).items():
            patch.setenv(name, value)
        code = "print(json.dumps(train_here(folder / 'job.py', folder / 'disturbed')))"
        said = " ".join(in_fresh_process(code, tmp_path))
    changing = VARIABLES.keys() - {"CUDA_VISIBLE_DEVICES", "MPLBACKEND"}
    for name in (*changing, "keras.json", "channels_first"):
        assert name in said, "what has no effect is named"
        assert name not in " ".join(undisturbed)
    plain, other = (load_results(tmp_path / results) for results in ("undisturbed", "disturbed"))
    columns = ["trial_id", "test_loss", "test_accuracy", "val_loss", "train_loss", "gpus", "gpu_seconds"]
    assert plain.trials[columns].equals(other.trials[columns])
    assert plain.predictions.equals(other.predictions)


def test_settings_made_in_this_process_change_no_bit(worker):
    """A notebook has set Keras to half precision, channels first and auto-jit before a trial is trained in it."""
    trial = trial_of(small())
    undisturbed = outcome(worker, trial)
    disturbed()
    assert same(undisturbed, outcome(TrialWorker(worker.dataset, cpus=1, gpus=0, replicas=1), trial))


def half_precision(input_shape, classes):
    """A network function that changes settings, as people write it at its top."""
    disturbed()
    layers = [keras.layers.Flatten(), keras.layers.Dense(classes, activation="softmax")]
    return keras.Sequential([keras.Input(input_shape), *layers])


def test_what_a_network_function_sets_ends_with_its_trial(worker):
    """One variant's function calls `keras.config.set_floatx`: the variant after it in the same process is unmoved."""
    trial = trial_of(small())
    undisturbed = outcome(worker, trial)
    assert worker.retire_reason is None
    first = outcome(worker, trial_of(small(model=custom(half_precision))))
    assert keras.config.floatx() == "float32"
    assert "a trial changed settings of Keras or TensorFlow: image_data_format, floatx, jit" in worker.retire_reason
    assert same(undisturbed, outcome(worker, trial))
    assert same(first, outcome(worker, trial_of(small(model=custom(half_precision))))), "its own trial: its own code"


def test_the_table_for_people_has_every_setting():
    """Somebody asks which settings of Keras and TensorFlow trials see."""
    table = Path(__file__).parents[2].joinpath("docs", "numbers.md").read_text(encoding="utf-8")
    assert [name for name in _settings() if f"`{name}`" not in table] == []


def test_a_notebooks_settings_are_its_own_again_after_a_call(worker):
    """A notebook whose Keras is set otherwise looks at augmented pictures: they are those that are trained on."""
    preview, trial = open_preview(), trial_of(small(augment=Augment(rotation=30)))
    plain = preview(worker.dataset, trial, 2, 2)
    disturbed()
    for one, other in zip(preview(worker.dataset, trial, 2, 2)[:2], plain[:2], strict=True):
        assert one.tobytes() == other.tobytes()
    assert keras.config.floatx() == "float16"
    assert keras.config.image_data_format() == "channels_first"
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert tf.config.optimizer.get_jit() == "autoclustering"


def test_a_process_with_another_backend_is_refused(monkeypatch):
    """Keras computes with PyTorch in this process, which nothing changes any more."""
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(UserError, match=r"Keras with the backend 'torch'.*KERAS_BACKEND=tensorflow"):
        open_preview()


def test_settings_that_a_job_file_makes_outside_of_its_functions_are_named():
    """A job file calls `keras.config.set_floatx` at its top, which reaches this process and no worker."""
    assert not any("settings of this process" in note for note in surroundings_notes())
    disturbed()
    (note,) = (note for note in surroundings_notes() if "settings of this process" in note)
    for setting in ("image_data_format=channels_first", "floatx=float16", "dtype_policy=mixed_bfloat16"):
        assert setting in note
    assert "`precision`" in note


def test_sets_of_texts_have_one_order_in_all_workers(monkeypatch):
    """A network function goes through a set of names: their order was another one in every process."""
    code = (
        "from cnnjobs.process.numeric_environment import while_pinned\nimport subprocess, sys\nwith while_pinned():\n"
    )
    code += "    for _ in range(3): subprocess.run([sys.executable, '-c', 'print(list({*\"abcdefgh\"}))'])"
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    lines = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == 3
    assert len(set(lines)) == 1
