"""Transforms of the user's are looked at before anything is trained: what cannot be one is refused with advice."""

import random
import re

import numpy as np
import pytest
from support.transformed import pictures

from cnnjobs import Flip, Job, Variant, mlp, transform
from cnnjobs.errors import SpecError
from cnnjobs.models.network_facts import NetworkFacts, NetworkRequest, Pictures, Unusable

SHAPE = (12, 10, 3)


def looked_at(function, shape=SHAPE, dtype=np.uint8, **options):
    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.network_probe import look_at

    stored = pictures(8, shape)
    stored = stored.astype(np.uint8) if dtype == np.uint8 else stored / np.float32(255)
    variant = Variant(model=mlp(), augment=(Flip(), transform(function, **options)))
    request = NetworkRequest(variant, 3, 1, Pictures(stored, np.arange(8, dtype=np.int32) % 3))
    return look_at(request, make_strategy(1, 0, 1))


def gamma(images, seeds, most=0.3):
    import tensorflow as tf

    def one(pair):
        image, seed = pair
        return image ** tf.random.stateless_uniform([], seed, 1 - most, 1 + most)

    return tf.map_fn(one, (images, seeds), fn_output_signature=tf.float32)


def by_tf_image(images, seeds):
    import tensorflow as tf

    def one(pair):
        return tf.image.stateless_random_hue(tf.image.stateless_random_flip_up_down(*pair), 0.2, pair[1])

    return tf.map_fn(one, (images, seeds), fn_output_signature=tf.float32)


def equal_noise(images, seeds):
    """A fixed pattern, made with a generator of its own."""
    import tensorflow as tf

    pattern = np.random.default_rng(0).normal(size=images.shape[1:]).astype(np.float32)
    chosen = tf.cast(seeds[:, :1] > 0, tf.float32)[:, :, None, None]
    return images + 0.1 * chosen * pattern


@pytest.mark.parametrize("function", [gamma, by_tf_image, equal_noise])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_functions_of_an_image_and_its_seed_pass(function, dtype):
    found = looked_at(function, dtype=dtype)
    assert isinstance(found, NetworkFacts), found
    assert found.notes == ()


def numpy_draw(images, seeds):
    return images * np.random.uniform(0.5, 1)


def python_draw(images, seeds):
    return images[:, :, ::-1] if random.random() < 0.5 else images * random.random()


def stateful_draw(images, seeds):
    import tensorflow as tf

    return images * tf.random.uniform([])


def stateful_seeded(images, seeds):
    import tensorflow as tf

    return tf.map_fn(lambda image: image * tf.random.uniform([], seed=1), images)


def stateful_in_a_loop(images, seeds):
    import tensorflow as tf

    return tf.map_fn(lambda image: tf.image.random_brightness(image, 0.2), images)


def shuffled(images, seeds):
    import tensorflow as tf

    return tf.random.shuffle(images)


def through_numpy(images, seeds):
    import tensorflow as tf

    return tf.ensure_shape(tf.numpy_function(lambda x: x[:, ::-1].copy(), [images], tf.float32), images.shape)


def of_numpy(images, seeds):
    return np.clip(np.asarray(images) * 1.2, 0, 1)


def with_if(images, seeds):
    return images[:, ::-1] if seeds[0, 0] > 0 else images


def one_factor_for_all(images, seeds):
    import tensorflow as tf

    return images * tf.random.stateless_uniform([], seeds[0])


def batch_mean(images, seeds):
    import tensorflow as tf

    return (images + tf.reduce_mean(images, axis=0)) / 2


def smaller(images, seeds):
    return images[:, 1:-1, 1:-1]


def grey(images, seeds):
    import tensorflow as tf

    return tf.image.rgb_to_grayscale(images)


def as_bytes(images, seeds):
    import tensorflow as tf

    return tf.cast(images * 255, tf.uint8)


def scaled_up(images, seeds):
    return images * 255.0


def logarithm(images, seeds):
    import tensorflow as tf

    return tf.math.log(images - 1.0)


def nothing(images, seeds):
    images * 2


def a_pair(images, seeds):
    return images, seeds


def a_layer(images, seeds):
    import keras

    return keras.layers.RandomFlip()(images, training=True)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (numpy_draw, "numpy_draw() draws with Python or NumPy while it is traced"),
        (python_draw, "python_draw() draws with Python or NumPy while it is traced"),
        # what TensorFlow says of these hangs on whether this process has set a global seed
        (stateful_draw, "tf.random.stateless_uniform(shape, seed) or tf.image"),
        (stateful_in_a_loop, "tf.random.stateless_uniform(shape, seed) or tf.image.stateless_random_"),
        (stateful_seeded, "takes no seed of its image (RandomUniform). Use tf.random.stateless_uniform(shape, seed)"),
        (shuffled, "tf.random.stateless_uniform(shape, seed)"),
        (through_numpy, "calls Python from the graph (tf.py_function or tf.numpy_function)"),
        (of_numpy, "Use operations of TensorFlow instead of NumPy's"),
        (with_if, "Use tf.where or tf.cond instead of `if`"),
        (one_factor_for_all, "one_factor_for_all() must make of an image what depends on that image and its row of"),
        (batch_mean, "batch_mean() must make of an image what depends on that image"),
        (smaller, "must return images of the shape of those it is given, (None, 12, 10, 3). Received: shape (None, 10"),
        (grey, "Received: shape (None, 12, 10, 1)"),
        (as_bytes, "as a float32 tensor, of values in [0, 1]. Received: a tensor of uint8"),
        (scaled_up, "must return pixels in [0, 1], as it is given them. Received: 0 to 255. Divide by 255"),
        (logarithm, "must return finite numbers. Received: NaN or infinite values"),
        (nothing, "Received: nothing: it has no `return`"),
        (a_pair, "Received: a tuple"),
        (a_layer, "a_layer() "),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_a_transform_is_refused_with_advice(function, message):
    found = looked_at(function)
    assert isinstance(found, Unusable), found
    assert re.search(re.escape(message), found.why), found.why


def always_darker(images, seeds):
    return images * 0.5


def much_brighter(images, seeds):
    import tensorflow as tf

    return images * tf.where(seeds[:, 0] > 0, 5.0, 1.0)[:, None, None, None]


def test_what_may_be_a_mistake_is_noted():
    assert "does the same to an image in every epoch: does it use `seeds`?" in looked_at(always_darker).notes[0]
    assert "which are clipped to [0, 1]" in looked_at(much_brighter).notes[0]


def test_an_error_names_the_line_of_the_function():
    assert re.search(r"\(test_own_transforms.py, line \d+\)$", looked_at(of_numpy).why)


def test_a_job_with_one_is_refused_before_anything_runs(tmp_path):
    from cnnjobs.run.networks import check_networks
    from cnnjobs.run.overrides import Overrides
    from cnnjobs.run.prepare import prepare, read_job

    variants = {"plain": Variant(model=mlp(), epochs=1), "odd": Variant(model=mlp(), augment=transform(smaller))}
    job = Job(name="job", dataset="digits", repeats=2, variants=variants)
    prepared = prepare(read_job(job, Overrides()), Overrides(), lambda *_: None)
    with pytest.raises(SpecError, match=r"'odd': TypeError: smaller\(\) must return images of the shape") as raised:
        check_networks(prepared, prepared.plan.trials, (), lambda *_: None, sure=True)
    assert str(raised.value).endswith("To run only the others, use `only` with 'plain'.")


def test_pictures_of_one_are_refused_in_the_same_words(digits):
    from cnnjobs.planning.trials import make_plan
    from cnnjobs.training.preview import epoch_versions

    job = Job(name="job", dataset="digits", variants={"odd": Variant(model=mlp(), augment=transform(numpy_draw))})
    with pytest.raises(
        SpecError, match=r"^Variant 'odd': its transform cannot be used: ValueError: numpy_draw\(\) draws"
    ):
        epoch_versions(digits, make_plan(job, digits.fingerprint).trials[0], 2, 2)
