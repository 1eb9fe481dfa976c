"""The networks: what they need (here, without TensorFlow) and how they are built (`networks`)."""

from cnnjobs.errors import SpecError
from cnnjobs.models.weights import check_weights
from cnnjobs.spec import CustomModel, Model

VGG16_SMALLEST_SIDE = 32
"""Pixels; Keras refuses less."""


def check_network(variant: str, model: Model | CustomModel, image_shape: tuple[int, int, int]) -> None:
    """Raise a SpecError if a bundled network cannot be built: images too small, weights missing or of another.

    Args:
        variant: name, for the message.
        model: the network; the user's own functions are not known well enough to be checked.
        image_shape: (height, width, channels).
    """
    if isinstance(model, CustomModel):
        return
    least = _smallest_side(model)
    if min(image_shape[:2]) < least:
        raise SpecError(
            f"Variant {variant!r}: its network, with {_depth(model)}, needs images of at least {least} x {least} "
            f"pixels. Received: {image_shape[0]} x {image_shape[1]}. Use a shallower network or larger images."
        )
    if model.builder == "vgg16" and model.options["weights"] is not None:
        check_weights(variant, model.options["weights"])


def _smallest_side(model: Model) -> int:
    if model.builder == "vgg16":
        return VGG16_SMALLEST_SIDE
    if model.builder == "resnet":
        return 1  # padded, and pooled over the whole picture
    side = 1  # from the end: pooling divides, an unpadded convolution takes two pixels
    options = model.options
    for filters, pool in zip(reversed(options["blocks"]), reversed(options["pool"]), strict=True):
        side = side * pool + (2 * len(filters) if options["padding"] == "valid" else 0)
    return side


def _depth(model: Model) -> str:
    blocks = 5 if model.builder == "vgg16" else len(model.options["blocks"])
    return f"{blocks} block" + ("s" if blocks != 1 else "")
