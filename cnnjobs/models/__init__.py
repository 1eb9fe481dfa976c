"""The networks: which images they fit (here, without TensorFlow) and how they are built (`networks`)."""

from cnnjobs.errors import SpecError
from cnnjobs.spec import CustomModel, Model


def check_image_size(variant: str, model: Model | CustomModel, image_shape: tuple[int, int, int]) -> None:
    """Raise a SpecError if the images are too small for a bundled network.

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
            f"Variant {variant!r}: {model.builder} with {_depth(model)} needs images of at least {least} x {least} "
            f"pixels. Received: {image_shape[0]} x {image_shape[1]}. Use a shallower network or larger images."
        )


def _smallest_side(model: Model) -> int:
    if model.builder == "vgg":
        return int(2 ** model.options["blocks"])
    side = 1  # small_cnn, from its end: each convolution takes two pixels, each pooling halves
    for index in range(len(model.options["filters"])):
        side = (side if index == 0 else 2 * side) + 2
    return side


def _depth(model: Model) -> str:
    if model.builder == "vgg":
        return f"{model.options['blocks']} blocks"
    return f"{len(model.options['filters'])} convolutions"
