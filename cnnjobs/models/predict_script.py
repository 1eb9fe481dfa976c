"""The script in a model file that predicts with Keras and Pillow alone, to the bit what `cnnjobs predict` says.

Pictures are prepared by Pillow, before the network: no layer of Keras turns them by EXIF or lays them on white, and
`Resizing` differs from Pillow by up to 1 of 255 with `antialias=True` (and by 59 without), because Pillow rounds to
whole numbers between rows and columns. Measured on a random picture of 48 x 64 pixels, with Keras 3.15 and Pillow 13.
"""

SCRIPT = '''\
"""Predicts pictures with Keras and Pillow alone: python predict.py MODEL.keras PICTURE..."""

import sys

import keras
import numpy as np
from PIL import Image, ImageOps

HEIGHT, WIDTH, CHANNELS = {shape}
CLASSES = {classes}


def pixels(path):
    """Return a picture as the network was trained on: upright, on white, stretched; float32 from 0 to 255."""
    with Image.open(path) as image:
        if image.mode.startswith(("I", "F")):  # grey of 16 bits, or of floats
            values = np.asarray(image, np.float64) * (1 if image.mode == "F" else 255 / 65535)
            image = Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))
        image = ImageOps.exif_transpose(image)
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    return np.asarray(image.convert("L" if CHANNELS == 1 else "RGB"), np.float32).reshape(HEIGHT, WIDTH, CHANNELS)


if __name__ == "__main__":
    model = keras.saving.load_model(sys.argv[1], compile=False)
    images = np.stack([pixels(path) for path in sys.argv[2:]])
    for path, row in zip(sys.argv[2:], model.predict(images, batch_size=256, verbose=0)):
        print(path, CLASSES[row.argmax()], float(row.max()), sep="\\t")
'''


def predict_script(image_shape: tuple[int, int, int], class_names: tuple[str, ...]) -> str:
    """Return the script for a network.

    Args:
        image_shape: (height, width, channels) of its input.
        class_names: one a class, in the order of its outputs.
    """
    height, width, channels = image_shape
    names = ascii(list(class_names))
    return SCRIPT.format(shape=f"{height}, {width}, {channels}", classes=names)
