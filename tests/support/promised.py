"""Settings of a variant for which the promises of training are tested, several at once where one cannot hide another.

A case takes some seconds: add to one that is there where that shows the same.
"""

from collections.abc import Mapping

from cnnjobs import (
    SGD,
    AdamW,
    Augment,
    BestWeights,
    ColorJitter,
    CosineDecay,
    CutMix,
    Finetune,
    Flip,
    Focal,
    GaussianBlur,
    GaussianNoise,
    MixUp,
    PadCrop,
    RandAugment,
    RandomErasing,
    RandomResizedCrop,
    TrivialAugment,
    Variant,
    Warmup,
    custom,
    loss,
    metric,
    optimizer,
    resnet,
    schedule,
    small_cnn,
    transform,
    vgg,
)
from support.training_runs import digits

ROWS, BATCH = 129, 64
"""The last of three steps has a single row, so that one of two replicas has none."""

BASE = Variant(model=small_cnn(filters=(4, 4), dense=8), optimizer=SGD(0.05, momentum=0.9), epochs=2, batch_size=BATCH)


def faded(images, seeds, least):
    """Multiply each image by a factor of its own."""
    import tensorflow as tf

    def factor(seed):
        return tf.random.stateless_uniform([1, 1, 1], seed, least)

    return images * tf.map_fn(factor, seeds, fn_output_signature=tf.float32)


TRANSFORMS = (
    Flip(),
    PadCrop(2, fill="reflect"),
    RandomResizedCrop(scale=(0.5, 1)),
    ColorJitter(brightness=0.3, contrast=0.3),
    GaussianBlur(sigma=(0.1, 0.5), probability=0.5),
    GaussianNoise(0.05),
    RandomErasing(),
    RandAugment(),
    TrivialAugment(probability=0.5),
    transform(faded, least=0.5),
)


def falling(step, steps, to):
    """Stand for a schedule of the user's."""
    return 1 - (1 - to) * step / steps


def squared(labels, outputs, factor):
    """A loss of one's own, of soft labels and probabilities."""
    import tensorflow as tf

    return factor * tf.reduce_sum(tf.math.squared_difference(labels, outputs), axis=1)


def with_base(input_shape, classes):
    """A frozen base with batch normalisation under a head with it."""
    import keras

    layers = keras.layers
    convolutions = [layers.Conv2D(4, 3, name="base_conv"), layers.BatchNormalization(name="base_bn")]
    base = keras.Sequential([keras.Input(input_shape), *convolutions])
    base.trainable = False
    head = [layers.Flatten(), layers.BatchNormalization(), layers.Dense(classes, activation="softmax")]
    return keras.Sequential([keras.Input(input_shape), base, layers.ReLU(), *head])


def worst_recall(labels, probabilities):
    """A metric of one's own."""
    right = probabilities.argmax(axis=1) == labels
    return min(right[labels == label].mean() for label in set(labels.tolist()))


def clipped(rate):
    """An optimizer of one's own, whose clipping is of a whole step, not of what a replica has of it."""
    import keras

    return keras.optimizers.SGD(rate, global_clipnorm=0.1, weight_decay=0.01)


CASES: Mapping[str, Variant] = {
    "shift and flip, a schedule of the user's": BASE.but(
        augment=Augment(flip="horizontal", shift=0.1), schedule=Warmup(epochs=0.5, then=schedule(falling, to=0.2))
    ),
    "transforms of every kind": BASE.but(augment=TRANSFORMS),
    "MixUp or CutMix of shifted images, test-time augmentation": BASE.but(
        augment=(Augment(shift=0.1), MixUp(alpha=1, probability=0.5), CutMix(probability=0.4)), tta="flip"
    ),
    "weights of the best macro F1, where several metrics are watched": BASE.but(
        epochs=3,
        watch=("mcc", "recall[3]", "ece", metric(worst_recall, higher_is_better=True)),
        callbacks=BestWeights(monitor="val_macro_f1"),
    ),
    "residual network": BASE.but(
        model=resnet(depth=8, filters=4, shortcut="projection", preactivation=True), optimizer=SGD(0.01)
    ),
    "focal loss of balanced classes": BASE.but(loss=Focal(label_smoothing=0.1), class_weight="balanced"),
    "own loss of mixed images": BASE.but(loss=loss(squared, labels="one-hot", factor=2.0), augment=MixUp(alpha=1)),
    "fine-tuned": BASE.but(
        model=custom(with_base),
        schedule=CosineDecay(),
        finetune=Finetune(after=1, learning_rate=0.01, layers="base"),
    ),
    "averages of weights that are decayed, clipped, updated every two steps": BASE.but(
        model=vgg(blocks=1, filters=4, dense=8, batch_norm=True),
        optimizer=AdamW(0.003, weight_decay=0.1),
        batch_size=32,
        accumulate=2,
        clip_norm=0.5,
        ema=0.9,
        schedule=CosineDecay(),
        callbacks=BestWeights(),
    ),
    "own optimizer that clips, in half precision": BASE.but(
        optimizer=optimizer(clipped, rate=0.05), precision="float16", accumulate=2, ema=0.9
    ),
}
"""Words -> variant, without dropout: masks of two replicas differ from those of one."""

LOOSER: Mapping[str, float] = {
    "averages of weights that are decayed, clipped, updated every two steps": 3e-4,
    "own optimizer that clips, in half precision": 3e-4,
    "residual network": 5e-4,
}
"""Case -> how far two replicas may be from one, relative to the largest value, where that is more than usual."""


def data():
    """What they are trained on."""
    return digits(ROWS)
