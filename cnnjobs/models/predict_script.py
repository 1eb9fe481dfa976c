"""The script in a model file that predicts with Keras and Pillow alone, to the bit what `cnnjobs predict` says.

Pictures are prepared by Pillow, before the network: no layer of Keras turns them by EXIF or lays them on white, and
`Resizing` differs from Pillow by up to 1 of 255 with `antialias=True` (and by 59 without), because Pillow rounds to
whole numbers between rows and columns. Measured on a random picture of 48 x 64 pixels, with Keras 3.15 and Pillow 13.
The script has a copy of the modules that read pictures, so that there is one way to read them.
"""

import inspect
from types import ModuleType

from cnnjobs.datasets.pictures import picture_pixels, resizing, value_ranges
from cnnjobs.datasets.pictures.pictures import Reading

SCRIPT = '''\
"""Predicts pictures with Keras and Pillow alone: python predict.py MODEL.keras PICTURE..."""

import keras
{modules}

HEIGHT, WIDTH, CHANNELS = {shape}
RESIZE, INTERPOLATION, ANTIALIAS = {resizing}
VALUE_RANGE, ONE_SCALE = {values}
CLASSES = {classes}


def pixels(path, value_range=VALUE_RANGE):
    """Return a picture as the network was trained on; float32 from 0 to 255."""
    picture, _ = as_shown(path, value_range, one_scale=ONE_SCALE)
    picture = resized(picture, (HEIGHT, WIDTH), RESIZE, INTERPOLATION, antialias=ANTIALIAS)
    return np.asarray(picture.convert("L" if CHANNELS == 1 else "RGB"), np.float32).reshape(HEIGHT, WIDTH, CHANNELS)


def told_range(paths):
    """Return the values of black and white of pictures with more than 8 bits, if training had none such."""
    span = None if VALUE_RANGE else common_span(one for one in map(deep_span, paths) if one)
    return range_of(span) if span else VALUE_RANGE


if __name__ == "__main__":
    model, paths = keras.saving.load_model(sys.argv[1], compile=False), sys.argv[2:]
    value_range = told_range(paths)
    images = np.stack([pixels(path, value_range) for path in paths])
    for path, row in zip(paths, model.predict(images, batch_size=256, verbose=0)):
        print(path, CLASSES[row.argmax()], float(row.max()), sep="\\t")
'''


def predict_script(image_shape: tuple[int, int, int], class_names: tuple[str, ...], reading: Reading) -> str:
    """Return the script for a network.

    Args:
        image_shape: (height, width, channels) of its input.
        class_names: one per class, in the order of its outputs.
        reading: how its pictures are read.
    """
    height, width, channels = image_shape
    return SCRIPT.format(
        modules="\n\n\n".join(map(_code, (value_ranges, picture_pixels, resizing))),
        shape=f"{height}, {width}, {channels}",
        resizing=f"{reading.resize!r}, {reading.interpolation!r}, {reading.antialias}",
        values=f"{reading.value_range}, {reading.one_scale}",
        classes=ascii(list(class_names)),
    )


def _code(module: ModuleType) -> str:
    """Return the source of a module without its docstring and what it imports of the package."""
    _, _, code = inspect.getsource(module).split('"""', 2)
    return "\n".join(line for line in code.strip().split("\n") if not line.startswith("from cnnjobs."))
