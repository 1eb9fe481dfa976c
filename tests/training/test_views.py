"""Test-time augmentation: the mean of probabilities over views, beside plain prediction."""

from dataclasses import replace

import numpy as np
import pytest
from support.datasets import stored
from support.training_runs import BUNDLED, outcome, plain, same, trial_of

from cnnjobs import SGD, AdamW, BestWeights, MixUp, mlp, tta
from cnnjobs.messages import Result
from cnnjobs.spec.metrics import TABLE


def shifted(images, pixels):
    import tensorflow as tf

    return [tf.roll(images, step, axis=[1, 2]) for step in [(0, 0), (pixels, 0), (0, -pixels)]]


def mirrored(images):
    import tensorflow as tf

    return tf.stack([images, tf.reverse(images, [2])])


def result_of(worker, variant, **job) -> Result:
    *_, result = worker.run(trial_of(variant, **job))
    return result


def by_hand(worker, images, scaling=1 / 255):
    """What the network of the last trial says of images as they are stored."""
    import tensorflow as tf

    return tf.nn.softmax(worker.train_graph.plain_copy()(images * scaling, training=False)).numpy()


VIEWS = {
    "flip": ("flip", lambda x: [x, x[:, :, ::-1]]),
    "own": (tta(shifted, pixels=1), lambda x: [x, np.roll(x, 1, axis=1), np.roll(x, -1, axis=2)]),
    "own, stacked": (mirrored, lambda x: [x, x[:, :, ::-1]]),
}


@pytest.mark.parametrize("name", VIEWS)
def test_metrics_are_those_of_the_mean_of_probabilities(worker, name):
    views, expected = VIEWS[name]
    variant = plain(BUNDLED["small_cnn"], epochs=1, tta=views)
    found = result_of(worker, variant)
    data = worker.dataset
    images = data.x_test.astype(np.float32)
    probabilities = np.mean([by_hand(worker, np.ascontiguousarray(view)) for view in expected(images)], axis=0)
    for metric, one in TABLE.items():
        assert found.final[f"tta_{metric}"] == pytest.approx(one.of(probabilities, data.y_test), rel=1e-4), metric
    assert found.final["tta_loss"] != found.final["test_loss"]
    assert found.final["tta_seconds"] > 0


def test_plain_numbers_are_those_without_it(worker):
    variant = plain(BUNDLED["small_cnn"], epochs=1)
    without = outcome(worker, trial_of(variant))
    augmented = outcome(worker, trial_of(variant.but(tta="flip")))
    assert same({name: value for name, value in augmented.items() if name in without}, without)
    assert not [name for name in result_of(worker, variant).final if name.startswith("tta")]


@pytest.mark.parametrize(
    "settings",
    [
        {"callbacks": BestWeights(monitor="accuracy"), "optimizer": SGD(1.0)},
        {"ema": 0.9, "augment": MixUp(), "optimizer": AdamW(0.01), "accumulate": 2},
    ],
    ids=["put back by callbacks", "averaged, of mixed images"],
)
def test_it_is_of_the_weights_that_are_judged(worker, settings):
    variant = plain(BUNDLED["mlp"], epochs=3).but(**settings)
    found = result_of(worker, variant.but(tta=tta(shifted, pixels=0)))
    assert found.final["tta_loss"] == pytest.approx(found.final["test_loss"], rel=1e-6), "three times the image itself"


def test_replicas_and_images_on_a_disk_give_the_same(worker, digits, tmp_path):
    from cnnjobs.training.trial import TrialWorker

    variant = plain(BUNDLED["small_cnn"], epochs=1, tta=tta(shifted, pixels=2), scaling="standardize")
    expected = result_of(worker, variant).final
    fetching = TrialWorker(stored(digits, tmp_path / "images.bin"), cpus=1, gpus=0, replicas=1)
    assert result_of(fetching, variant).final["tta_loss"] == expected["tta_loss"]


def test_pictures_stored_as_floats_are_viewed_in_the_same_range(worker, digits):
    from cnnjobs.training.trial import TrialWorker

    unit = replace(digits, x_train=np.float32(digits.x_train / 255), x_test=np.float32(digits.x_test / 255))
    variant = plain(BUNDLED["mlp"], epochs=1, tta=in_range)
    found = result_of(TrialWorker(unit, cpus=1, gpus=0, replicas=1), variant).final
    assert found["tta_loss"] == pytest.approx(result_of(worker, variant).final["tta_loss"], rel=1e-4)


def in_range(images):
    return [1 - images, images * 2]


def smaller(images):
    return [images, images[:, 1:-1, 1:-1]]


def nothing(images):
    pass


def one_tensor(images):
    return images


def none_at_all(images):
    return []


def fewer(images):
    return [images, images[:1]]


def whole(images):
    import tensorflow as tf

    return [tf.cast(images * 255, tf.uint8)]


def by_batch(images):
    import tensorflow as tf

    return [images - tf.reduce_mean(images)]


def infinite(images):
    return [images / 0]


def numbers(images):
    return [images.numpy()]


@pytest.mark.parametrize(
    ("function", "kind", "said"),
    [
        (smaller, TypeError, r"smaller\(\) must return views of the size that the network takes, 8 x 8 x 1. Received: "
         r"6 x 6 x 1. Cut or resize them to that: tf.image.resize\(view, images.shape\[1:3\]\)"),
        (nothing, TypeError, r"nothing\(\) must return the views, a list.*Received: nothing: it has no `return`"),
        (one_tensor, TypeError, r"Received: a tensor of float32 of the shape \(3, 8, 8, 1\)"),
        (none_at_all, TypeError, "Received: an empty list"),
        (fewer, TypeError, r"fewer\(\) must return views of all images, 3 here. Received: 1"),
        (whole, TypeError, r"views as tensors of floats. Received: a tensor of uint8"),
        (by_batch, ValueError, r"by_batch\(\) must make of an image what depends on that image alone"),
        (infinite, ValueError, "views of finite numbers"),
        (numbers, AttributeError, "numpy"),
    ],
)  # fmt: skip
def test_what_is_no_views_is_refused_before_anything_is_trained(worker, function, kind, said):
    with pytest.raises(kind, match=said):
        next(iter(worker.run(trial_of(plain(mlp(dense=(4,)), tta=function)))))


def test_a_network_that_is_looked_at_is_asked_for_its_views(worker, digits):
    import tensorflow as tf

    from cnnjobs.models.network_facts import NetworkRequest, Unusable
    from cnnjobs.run.networks import PICTURES, first_pictures
    from cnnjobs.training.network_probe import look_at

    pictures = first_pictures(digits.x_train, digits.y_train, PICTURES)
    asked = NetworkRequest(plain(mlp(dense=(4,)), tta=smaller), 10, 1, pictures)
    found = look_at(asked, tf.distribute.get_strategy())
    assert isinstance(found, Unusable)
    assert "smaller() must return views of the size that the network takes" in found.why
    assert not isinstance(
        look_at(replace(asked, variant=asked.variant.but(tta=mirrored)), tf.distribute.get_strategy()), Unusable
    )
