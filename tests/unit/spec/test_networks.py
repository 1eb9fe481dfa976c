"""Residual networks check what they are called with, and say what to write."""

import pytest

from cnnjobs import resnet, wide_resnet
from cnnjobs.errors import SpecError


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: resnet(depth=21), r"`resnet.depth` must be 6n \+ 2, such as 20, 32.* Received: depth=21. The nearest"),
        (lambda: resnet(depth=7), "`resnet.depth` must be a whole number of at least 8"),
        (lambda: resnet(depth=20.0), "`resnet.depth` must be a whole number"),
        (lambda: resnet(depth=10**9), "`resnet.depth` must be a whole number of at most 1202"),
        (lambda: resnet(filters=0), "`resnet.filters` must be"),
        (lambda: resnet(shortcut="A"), "`resnet.shortcut` must be one of 'identity', 'projection'. Received: .*'A'"),
        (lambda: resnet(preactivation=2), "`resnet.preactivation` must be True or False"),
        (lambda: resnet(dropout=1), "`resnet.dropout` must be a number at least 0 and below 1"),
        (lambda: resnet(weight_decay=-1), "`resnet.weight_decay` must be"),
        (lambda: wide_resnet(depth=20), r"`wide_resnet.depth` must be 6n \+ 4.* The nearest is depth=22."),
        (lambda: wide_resnet(width=0), "`wide_resnet.width` must be"),
        (lambda: wide_resnet(width=2.5), "`wide_resnet.width` must be a whole number"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_mean_anything_is_refused(make, message):
    with pytest.raises(SpecError, match=message):
        make()


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_depths_of_the_networks_for_imagenet_are_told_apart(depth):
    """50 and 152 are 6n + 2, and yet whoever writes them means another network."""
    with pytest.raises(SpecError, match=f"ResNet-{depth} is a network for pictures of 224 x 224") as raised:
        resnet(depth=depth)
    nearest = {18: 20, 34: 32, 50: 44, 101: 98, 152: 146}[depth]
    assert f"the nearest here is depth={nearest}" in str(raised.value)
    assert (f'application("ResNet{depth}")' in str(raised.value)) == (depth >= 50)


def test_published_networks_are_named_by_depth_and_width():
    assert resnet(depth=56).options["blocks"] == (9, 9, 9)
    assert resnet().options["filters"] == (16, 32, 64)
    assert wide_resnet().options["blocks"] == (4, 4, 4)
    assert wide_resnet().options["filters"] == (160, 320, 640)
