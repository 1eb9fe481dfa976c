"""Keras's own `fit` on the batches of a trial: what the trainer is compared with."""

from dataclasses import asdict

from support.training_runs import batches_of


def fitted(worker, trial, optimizer):
    """Weights after Keras's own `fit` on the same batches, from the same initial weights.

    Args:
        worker: whose data set.
        trial: of a network that gives logits or probabilities, by its option `output`.
        optimizer: of Keras, new.
    """
    import keras
    import tensorflow as tf

    from cnnjobs.models.networks import build_model

    keras.utils.set_random_seed(trial.seeds.init)
    model = build_model(trial.spec.network, (8, 8, 1), 10)
    logits = trial.spec.network.options["output"] == "logits"
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    model.compile(optimizer, loss)
    epochs = trial.spec.epochs
    batches = list(batches_of(worker, trial, epochs))
    shapes = (tf.TensorSpec([None, 8, 8, 1]), tf.TensorSpec([None], tf.int32))
    data = tf.data.Dataset.from_generator(lambda: batches, output_signature=shapes)
    model.fit(data, epochs=epochs, steps_per_epoch=len(batches) // epochs, shuffle=False, verbose=0)
    return model.get_weights()


def keras_optimizer(spec, **settings):
    """Keras's optimizer for a spec without weight decay, with further settings."""
    import keras

    ours = asdict(spec)
    for name in ("weight_decay", "decay_all"):
        assert not ours.pop(name, 0)
    return getattr(keras.optimizers, type(spec).__name__)(**ours, **settings)
