"""Networks of `keras.applications` with deterministic operations: does one refuse, and are two runs equal?"""

from typing import Any

from benchmarks.gpu_parts.settings import Settings, tell

NETWORKS = ("MobileNetV2", "EfficientNetV2B0", "ResNet50V2", "ConvNeXtTiny", "DenseNet121", "Xception", "NASNetMobile")
SIDE, ROWS, STEPS = 96, 8, 2


def measure(settings: Settings) -> None:
    """Take two steps with each, twice."""
    import keras

    from cnnjobs.training.devices import make_strategy

    strategy = make_strategy(1 if settings.pretend else 4, settings.gpus, 1)
    found: dict[str, Any] = {}
    for name in NETWORKS[:1] if settings.pretend else NETWORKS:
        try:
            first, again = (_weights(name, strategy, settings) for _ in range(2))
            found[name] = "equal" if first == again else "two runs differ"
        except Exception as error:
            lines = [line for line in str(error).splitlines() if "eterminis" in line] or [str(error)[:400]]
            found[name] = f"{type(error).__name__}: {lines[0]}"
        keras.utils.clear_session()
        tell(networks=found)


def _weights(name: str, strategy: Any, settings: Settings) -> list[bytes]:
    """Return the weights after some steps, from the same start."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    smaller = {"alpha": 0.35} if settings.pretend else {}
    side = 32 if settings.pretend else SIDE
    with strategy.scope():
        model = getattr(keras.applications, name)(
            weights=None, classes=10, input_shape=(side, side, 3), classifier_activation=None, **smaller
        )
        optimizer = keras.optimizers.SGD(0.01)
        optimizer.build(model.trainable_variables)
    images = tf.random.stateless_uniform([ROWS, side, side, 3], [0, 0])
    labels = tf.range(ROWS) % 10

    @tf.function(autograph=False)
    def step() -> None:
        def replica() -> None:
            with tf.GradientTape() as tape:
                logits = model(images, training=True)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
            weights = model.trainable_variables
            for weight, gradient in zip(weights, tape.gradient(loss, [w.value for w in weights]), strict=True):
                if gradient is not None:
                    weight.assign_sub(0.01 * gradient)

        strategy.run(replica)

    for _ in range(STEPS):
        step()
    return [weight.numpy().tobytes() for weight in model.variables]
