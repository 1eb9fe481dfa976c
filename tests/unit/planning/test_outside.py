"""Functions that read something from outside of their job are found by their syntax; others are not."""

import importlib.util

import pytest

from cnnjobs.planning.outside import read_from_outside

JOB = """
import os, time, uuid
from os import environ
import numpy as np
from pathlib import Path

PATH = Path("weights.npy")

def loaded():
    return np.load(PATH)

def network(input_shape, classes):
    {line}
"""


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("return int(os.environ['WIDTH'])", ["environment variables"]),
        ("return environ.get('WIDTH')", ["environment variables"]),
        ("return os.getenv('WIDTH')", ["environment variables"]),
        ("return loaded()", ["files"]),
        ("return open('a').read()", ["files"]),
        ("return PATH.read_text()", ["files"]),
        ("import keras; return keras.models.load_model('a.keras')", ["files"]),
        ("import keras; keras.Sequential().load_weights('a.weights.h5')", ["files"]),
        ("return time.time()", ["the clock"]),
        ("return uuid.uuid4()", ["chance without a seed"]),
        ("return np.random.default_rng()", ["chance without a seed"]),
        ("import keras; return keras.utils.get_file('a', 'http://a')", ["the network"]),
        ("return np.random.default_rng(3)", []),
        ("return np.random.RandomState(3)", []),
        ("import keras; return keras.Sequential([keras.layers.TimeDistributed(keras.layers.Dense(3))])", []),
        ("open = 3; return open", []),
        ("return (input_shape, classes, 'os.environ', \"attr='environ' id\")", []),
    ],
)
def test_what_a_function_seems_to_read(tmp_path, line, read):
    (tmp_path / "networks.py").write_text(JOB.format(line=line))
    spec = importlib.util.spec_from_file_location("networks", tmp_path / "networks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert read_from_outside(module.network) == read
