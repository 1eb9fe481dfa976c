"""What is pinned of a process's environment, and that docs/numbers.md says it."""

import json
from pathlib import Path

import pytest

from cnnjobs.errors import UserError
from cnnjobs.process.keras_home import ignored_settings, keras_home
from cnnjobs.process.numeric_environment import (
    KEPT,
    KEPT_FLAGS,
    REMOVED,
    SET,
    pin,
    pinned,
    while_pinned,
    without_effect,
)

TABLE = (Path(__file__).parents[2] / "docs" / "numbers.md").read_text(encoding="utf-8")

CHANGES_BITS = {
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_SET_ONEDNN_FPMATH_MODE": "BF16",
    "TF2_BEHAVIOR": "0",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
    "NVIDIA_TF32_OVERRIDE": "0",
    "CUBLASLT_DISABLE_REDUCED_PRECISION": "1",
    "NCCL_MAX_NCHANNELS": "1",
    "KERAS_MAX_EPOCHS": "1",
}


@pytest.mark.parametrize("name", [*REMOVED, *KEPT, *SET, *KEPT_FLAGS])
def test_the_table_for_people_has_every_variable(name):
    assert f"`{name}`" in TABLE


def test_what_can_change_bits_is_removed_and_named():
    assert pinned(CHANGES_BITS) == SET
    assert without_effect(CHANGES_BITS) == sorted(f"{name}={value}" for name, value in CHANGES_BITS.items())


def test_what_changes_no_number_stays():
    harmless = {
        "PATH": "/bin",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "CUDA_VISIBLE_DEVICES": "1",
        "NCCL_DEBUG": "INFO",
        "KERAS_HOME": "/data/keras",
        "XLA_FLAGS": "--xla_gpu_cuda_data_dir=/opt/cuda",
        "MYTF_FLAGS": "mine",
    }
    assert pinned(harmless) == harmless | SET
    assert without_effect(harmless) == []


def test_of_flags_those_with_paths_stay():
    given = {"XLA_FLAGS": "--xla_gpu_cuda_data_dir=/opt/cuda --xla_cpu_enable_fast_math=true"}
    assert pinned(given)["XLA_FLAGS"] == "--xla_gpu_cuda_data_dir=/opt/cuda"
    assert without_effect(given) == [f"XLA_FLAGS={given['XLA_FLAGS']}"]


def test_a_keras_home_holds_from_wherever_a_process_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert pinned({"KERAS_HOME": "here"})["KERAS_HOME"] == str(tmp_path / "here")
    assert "KERAS_HOME" not in pinned({"KERAS_HOME": ""}), "Keras takes that for the current folder"


def test_what_a_person_has_set_is_put_back():
    given = CHANGES_BITS | {"HOME": "/home/me", "KERAS_HOME": "keras", "KERAS_BACKEND": "jax"}
    environment = dict(given)
    with while_pinned(environment):
        assert environment["KERAS_BACKEND"] == "tensorflow"
        assert not {*CHANGES_BITS} - {*SET} & {*environment}
        environment["MINE"] = "set by a job file"
    assert environment == given | {"MINE": "set by a job file"}


def test_a_process_of_ours_stays_pinned():
    environment = CHANGES_BITS | {"HOME": "/home/me"}
    pin(environment)
    assert environment == {"HOME": "/home/me"} | SET


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Return a function that writes keras.json."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return lambda value: (tmp_path / "keras.json").write_text(value if isinstance(value, str) else json.dumps(value))


def test_settings_of_keras_json_that_trials_do_not_see_are_named(settings):
    assert ignored_settings() == [], "there is none"
    settings({"backend": "tensorflow", "floatx": "float32", "epsilon": 1e-07, "image_data_format": "channels_last"})
    assert ignored_settings() == []
    settings({"backend": "torch", "image_data_format": "channels_first", "nnx_enabled": False})
    assert ignored_settings() == ["backend=torch", "image_data_format=channels_first"]
    settings("{half")
    assert ignored_settings() == [], "Keras takes its defaults as well"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"floatx": "float80"}, "floatx as one of float16, float32, float64"),
        ({"epsilon": 1}, "epsilon as a number with a decimal point"),
        ({"image_data_format": "nhwc"}, "image_data_format as one of"),
        (["floatx"], "an object such as"),
    ],
)
def test_settings_with_which_keras_cannot_be_imported_are_refused_by_name(settings, broken, said):
    settings(broken)
    with pytest.raises(UserError, match=said) as refused:
        ignored_settings()
    assert str(keras_home() / "keras.json") in str(refused.value)
