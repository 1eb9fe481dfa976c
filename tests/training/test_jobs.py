"""Every job file is the tutorial it says: its networks have the published number of parameters, its runs the length."""

from pathlib import Path

import pytest

from cnnjobs.datasets.builtin.keras_sets import KERAS_SETS
from cnnjobs.planning.job_file import load_job

JOBS = Path(__file__).parents[2] / "jobs"
SHAPES = {name: (known.shape, len(known.class_names)) for name, known in KERAS_SETS.items()}
SHAPES |= {"photos": ((96, 96, 3), 5), "digits": ((8, 8, 1), 10)}

TABLE = {  # job -> variant -> (epochs, parameters)
    "vgg_depth": {"1 block": (100, 1_060_138), "2 blocks": (100, 591_274), "3 blocks": (100, 550_570)},
    "regularization_grid": {
        "baseline": (100, 550_570),
        "dropout": (100, 550_570),
        "weight decay": (100, 550_570),
        "augmentation": (100, 550_570),
        "increasing dropout": (200, 550_570),
        "dropout + augmentation": (200, 550_570),
        "increasing dropout + augmentation + batch norm": (400, 552_874),
    },
    "small_cnn": {"baseline": (10, 122_570), "dropout": (15, 122_570)},
    "cifar100_cnn_vs_mlp": {"CNN": (10, 6_850_792), "MLP": (10, 3_623_600)},
    "mnist_kfold": {"baseline": (10, 542_230), "batch normalisation": (10, 542_758), "deeper": (10, 159_254)},
    "image_folder": {"augmented": (100, 8_678_277), "as they are": (100, 8_678_277)},
    "modern_recipe": dict.fromkeys(
        (
            *("recipe", "no crops", "no augmentation", "no label smoothing", "constant learning rate"),
            *("no average of weights", "AdamW"),
        ),
        (100, 271_098),
    ),
    "pixel_scaling": dict.fromkeys(("unit", "center", "standardize"), (100, 550570)),
}

SETTINGS = {  # job -> (batch size, optimizer, learning rate, momentum) of its first variant
    "vgg_depth": (64, "SGD", 0.001, 0.9),
    "regularization_grid": (64, "SGD", 0.001, 0.9),
    "small_cnn": (32, "Adam", 0.001, None),
    "cifar100_cnn_vs_mlp": (32, "SGD", 0.01, 0.0),
    "mnist_kfold": (32, "SGD", 0.01, 0.9),
    "image_folder": (32, "Adam", 0.001, None),
    "modern_recipe": (128, "SGD", 0.1, 0.9),
}


def job_of(name):
    return load_job(JOBS / f"{name}.py").job


@pytest.mark.parametrize("name", TABLE)
def test_networks_and_epochs_are_those_of_the_text(name):
    from cnnjobs.models.networks import build_model

    job = job_of(name)
    shape, classes = SHAPES[getattr(job.dataset, "path", job.dataset)]
    built = {one: (v.epochs, build_model(v.network, shape, classes).count_params()) for one, v in job.variants.items()}
    assert built == TABLE[name]


@pytest.mark.parametrize("name", SETTINGS)
def test_optimizer_and_batch_size_are_those_of_the_text(name):
    first = next(iter(job_of(name).variants.values()))
    found = first.optimizer
    momentum = getattr(found, "momentum", None)
    assert (first.batch_size, type(found).__name__, found.learning_rate, momentum) == SETTINGS[name]


@pytest.mark.parametrize("path", sorted(JOBS.glob("*.py")), ids=lambda path: path.stem)
def test_a_job_says_its_question_its_command_and_what_was_published(path):
    text = load_job(path).text
    question, *_ = text.split("\n", 1)
    assert question.startswith('"""') and question.endswith("?")
    assert f"cnnjobs submit jobs/{path.name}" in text
    if path.stem != "quickstart":
        assert "published" in text and "measured" in text
