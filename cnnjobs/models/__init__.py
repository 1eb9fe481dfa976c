"""The networks: what they need (here, without TensorFlow) and how they are built (`networks`)."""

from cnnjobs.errors import SpecError
from cnnjobs.models.weights import application_of, check_weights
from cnnjobs.spec import CustomModel, Model


def check_network(variant: str, model: Model | CustomModel, image_shape: tuple[int, int, int]) -> None:
    """Raise a SpecError if a bundled network cannot be built: images too small, weights missing or of another.

    Args:
        variant: name, for the message.
        model: the network; the user's own functions are not known well enough to be checked.
        image_shape: (height, width, channels).
    """
    if isinstance(model, CustomModel):
        return
    height, width, channels = image_shape
    least, what = smallest_side(model)
    if min(height, width) < least:
        advice = (
            f"Use larger images, such as ImageFolder(..., size={_usual_side(least)}), or resnet(depth=20)"
            if model.scales_itself
            else "Use a shallower network or larger images"
        )
        raise SpecError(
            f"Variant {variant!r}: its network, {what}, needs images of at least {least} x {least} pixels. "
            f"Received: {height} x {width}. {advice}."
        )
    if model.scales_itself:
        if channels not in (1, 3):
            raise SpecError(
                f"Variant {variant!r}: its network, {what}, needs grey or colour images, of 1 or 3 channels. "
                f"Received: {channels} channels. Use a network that is no application, or other images."
            )
        check_weights(variant, model, image_shape)


def smallest_side(model: Model) -> tuple[int, str]:
    """Return the pixels that the shorter side of an image needs, and what needs them.

    Args:
        model: a bundled network.
    """
    if model.scales_itself:
        application = application_of(model)
        return application.least, application.name
    if model.builder == "resnet":
        return 1, "a residual network"  # padded, and pooled over the whole picture
    side = 1  # from the end: pooling divides, an unpadded convolution takes two pixels
    options = model.options
    for filters, pool in zip(reversed(options["blocks"]), reversed(options["pool"]), strict=True):
        side = side * pool + (2 * len(filters) if options["padding"] == "valid" else 0)
    blocks = len(options["blocks"])
    return side, f"with {blocks} block" + ("s" if blocks != 1 else "")


def _usual_side(least: int) -> int:
    """Return the next multiple of 32."""
    return -(-least // 32) * 32
