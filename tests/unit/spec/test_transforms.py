"""Transforms of training images as values: what is refused, with advice, and what counts as the same setting."""

import re

import pytest

from cnnjobs import (
    Augment,
    ColorJitter,
    Cutout,
    Flip,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    PadCrop,
    RandAugment,
    RandomErasing,
    RandomResizedCrop,
    TrivialAugment,
    Variant,
    transform,
    vgg,
)
from cnnjobs.errors import SpecError
from cnnjobs.planning.identity import to_json
from cnnjobs.spec.transforms import TRANSFORMS
from cnnjobs.spec.transforms.fits import check_transforms
from cnnjobs.spec.transforms.words import written


def darker(images, seeds, by=0.5):
    return images * by


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PadCrop(0), "`PadCrop.padding` must be a whole number of at least 1"),
        (lambda: PadCrop(0.1), "It is in pixels; `Augment(shift=0.1)` shifts by a fraction"),
        (lambda: PadCrop(4, fill="symmetric"), "`PadCrop.fill` must be one of 'nearest', 'reflect'"),
        (lambda: PadCrop(4, probability=0), "`PadCrop.probability` must be a number above 0 and at most 1"),
        (lambda: Augment(shift=0.1, probability=2), "`Augment.probability` must be a number above 0 and at most 1"),
        (lambda: Flip("left_right"), "`Flip.direction` must be one of 'horizontal'"),
        (lambda: Flip(True), "`Flip.direction` must be one of 'horizontal'"),
        (lambda: RandomResizedCrop(scale=(0, 1)), "`RandomResizedCrop.scale` must be a number above 0 and at most 1"),
        (lambda: RandomResizedCrop(scale=(1, 0.08)), "two numbers (low, high), the lower first"),
        (lambda: RandomResizedCrop(scale=(0.1, 0.2, 0.3)), "two numbers (low, high), as a tuple"),
        (lambda: RandomResizedCrop(ratio=("3/4", 1)), "It is part of ratio=('3/4', 1)."),
        (lambda: ColorJitter(), "`ColorJitter` must change something"),
        (lambda: ColorJitter(brightness=32), "`ColorJitter.brightness` must be a number at least 0 and at most 10"),
        (lambda: ColorJitter(hue=0.6), "`ColorJitter.hue` must be a number at least 0 and at most 0.5"),
        (lambda: GaussianBlur(sigma=0), "`GaussianBlur.sigma` must be a number above 0"),
        (lambda: GaussianBlur(sigma=True), "`GaussianBlur.sigma` must be a number above 0"),
        (lambda: GaussianNoise(25.5), "`GaussianNoise.sd` must be a number above 0 and at most 1"),
        (lambda: Cutout(0.5), "`RandomErasing(scale=(low, high))` takes fractions"),
        (lambda: Cutout(8, fill=(125, 123, 114)), "`Cutout.fill` must be a number"),
        (lambda: Cutout(8, fill="random"), "`Cutout.fill` must be a number from 0 (black) to 1 (white), 'mean' or"),
        (lambda: RandomErasing(fill=255), "`RandomErasing.fill` must be a number at least 0 and at most 1"),
        (lambda: RandomErasing(scale=(0.5, 1)), "`RandomErasing.scale` must be a number above 0 and below 1"),
        (lambda: RandAugment(n=0), "`RandAugment.n` must be a whole number of at least 1"),
        (lambda: RandAugment(magnitude=31), "`RandAugment.magnitude` must be a whole number of at most 30"),
        (lambda: transform(len), "must be a plain function"),
        (lambda: transform(lambda image: image), "must be callable as <lambda>(images, seeds)"),
        (lambda: transform(darker, most=1), "must be callable as darker(images, seeds, most=...)"),
    ],
)
def test_what_is_out_of_range_is_refused(make, message):
    with pytest.raises(SpecError, match=re.escape(message)):
        make()


def test_equal_settings_are_one_setting():
    assert RandomResizedCrop(scale=[0.25, 1]) == RandomResizedCrop(scale=(0.25, 1.0))
    assert GaussianBlur(sigma=1) == GaussianBlur(sigma=(1.0, 1))
    assert Cutout(8, fill=0) == Cutout(8)
    for one, other in (
        (PadCrop(4), PadCrop(padding=4)),
        (Variant(model=vgg(), augment=[Flip()]), Variant(model=vgg(), augment=Flip())),
        (Augment(shift=0.1), Augment(shift=0.1, probability=1)),
    ):
        assert to_json(one) == to_json(other)


def test_a_probability_that_was_added_later_changes_no_stored_trial():
    assert "probability" not in to_json(Augment(shift=0.1))
    assert '"probability": 0.5' in to_json(Augment(shift=0.1, probability=0.5))


def test_every_kind_has_a_name_of_its_own():
    assert len({one.kind for one in TRANSFORMS}) == len(TRANSFORMS)


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        (PadCrop(8), (8, 8, 1), "`PadCrop.padding` must be less than 8 pixels, their smaller side. Received: 8"),
        (Cutout(16), (8, 8, 1), "`Cutout.size` must be at most 8 pixels, their smaller side. Received: 16"),
        (Cutout(16), (32, 12, 3), "`Cutout.size` must be at most 12 pixels"),
        (Grayscale(), (28, 28, 1), "grey-scale images are grey, and `Grayscale` would change nothing"),
        (Grayscale(), (28, 28, 4), "grey is made of red, green and blue"),
        (ColorJitter(hue=0.1, saturation=0.4), (28, 28, 1), "mean nothing. Use brightness and contrast"),
        (ColorJitter(hue=0.1, contrast=0.4), (28, 28, 2), "need red, green and blue. Received: 2 channels"),
    ],
)
def test_what_would_leave_nothing_or_change_nothing_is_refused(spec, shape, message):
    with pytest.raises(SpecError, match=re.escape(message)) as raised:
        check_transforms("moved", (Flip(), spec), shape)
    assert str(raised.value).startswith(f"Variant 'moved', whose images are {shape[0]} x {shape[1]} x {shape[2]}: ")


def test_what_means_something_passes_whatever_the_images():
    fine = (
        PadCrop(4),
        ColorJitter(hue=0.1, brightness=0.1),
        GaussianBlur(),
        RandAugment(),
        TrivialAugment(),
        Cutout(8),
    )
    check_transforms("moved", fine, (8, 8, 1))
    check_transforms("moved", (Grayscale(), ColorJitter(hue=0.1)), (32, 32, 3))


def stranger(module, name, **attributes):
    """Return an object as another library would make it: only the names of its class and module are looked at."""
    made = type(name, (), {"__call__": lambda self, images: images})()
    type(made).__module__ = module
    vars(made).update(attributes)
    return made


FLIP = stranger("keras.src.layers.preprocessing.image_preprocessing.random_flip", "RandomFlip")
TURN = stranger("keras.src.layers.preprocessing.image_preprocessing.random_rotation", "RandomRotation")
SEQUENTIAL = stranger("keras.src.models.sequential", "Sequential", layers=[FLIP, TURN])
CROP = stranger("torchvision.transforms.transforms", "RandomCrop")
TENSOR = stranger("torchvision.transforms.transforms", "ToTensor")
PERSPECTIVE = stranger("torchvision.transforms.transforms", "RandomPerspective")
COMPOSE = stranger("torchvision.transforms.transforms", "Compose", transforms=[CROP, TENSOR, PERSPECTIVE])
HOLES = stranger("albumentations.augmentations.dropout", "CoarseDropout")
GENERATOR = stranger("keras.src.legacy.preprocessing.image", "ImageDataGenerator")


@pytest.mark.parametrize(
    ("received", "advice"),
    [
        (FLIP, 'Instead of RandomFlip, use Flip("horizontal").'),
        (
            SEQUENTIAL,
            'nstead of RandomFlip, use Flip("horizontal"); instead of RandomRotation, use Augment(rotation=), in deg',
        ),
        (
            COMPOSE,
            "nstead of RandomCrop, use PadCrop(4), or RandomResizedCrop(); instead of ToTensor, use nothing: images "
            "are tensors. For RandomPerspective, write a `def` and use `transform(function)`.",
        ),
        (HOLES, "Cutout(size), or RandomErasing()"),
        (GENERATOR, "Augment(flip=, shift=, rotation=, zoom=, shear=)"),
        (PERSPECTIVE, "For RandomPerspective, write a `def` and use `transform(function)`."),
        (darker, "For a function of your own, use `transform(darker)`: it is called with a batch"),
        (lambda image: image, "use `transform(name)` (after giving it a name, with `def`)"),
        (RandAugment, "That is the class: write RandAugment(...)."),
        ("randaugment", "a tuple of these, or None. Received: augment='randaugment'."),
        (0.5, "Received: augment=0.5."),
        ({"flip": True}, "Received: augment={'flip': True}."),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else type(value).__name__,
)
def test_what_people_bring_from_elsewhere_is_refused_with_what_to_write_instead(received, advice):
    with pytest.raises(SpecError, match=re.escape(advice)):
        Variant(model=vgg(), augment=received)
    with pytest.raises(SpecError, match=re.escape(advice)):
        Variant(model=vgg(), augment=(Flip(), received))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (PadCrop(4), "PadCrop(padding=4, fill='constant')"),
        (Augment(flip="horizontal", shift=0.1), "Augment(flip='horizontal', shift=0.1, fill='nearest')"),
        (RandomResizedCrop(probability=0.5), "RandomResizedCrop(scale=(0.08, 1), ratio=(0.75, 1.33), probability=0.5)"),
        (TrivialAugment(), "TrivialAugment()"),
        (transform(darker, by=0.25), "transform(darker, by=0.25)"),
    ],
)
def test_transforms_are_named_as_they_are_written(spec, words):
    assert written(spec) == words
