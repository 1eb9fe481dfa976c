"""Photos for the parts that need some: packed into an archive that all contenders read, or noise in their place."""

from pathlib import Path
from typing import Any

TOY_CLASSES, TOY_IN_CLASS = 10, 12


def toy(folder: Path) -> Path:
    """Write a few pictures of noise, laid out as CIFAR-10 is: train/CLASS/*.png and test/CLASS/*.png."""
    import numpy as np
    from PIL import Image

    draws = np.random.default_rng(0)
    for purpose in ("train", "test"):
        for label in range(TOY_CLASSES):
            place = folder / purpose / f"class{label}"
            place.mkdir(parents=True)
            for number in range(TOY_IN_CLASS):
                Image.fromarray(draws.integers(0, 256, (32, 32, 3), np.uint8)).save(place / f"{number}.png")
    return folder


def pack(photos: Path, train: int, test: int, archive: Path) -> None:
    """Write as many photos as there are, up to so many, the first of every class, into an `.npz` file."""
    import numpy as np

    arrays: dict[str, Any] = {}
    for purpose, count in (("train", train), ("test", test)):
        arrays[f"x_{purpose}"], arrays[f"y_{purpose}"] = _read(photos / purpose, count)
    np.savez(archive, **arrays)


def _read(folder: Path, count: int) -> tuple[Any, Any]:
    import numpy as np
    from PIL import Image

    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [
        (file, label) for label, one in enumerate(classes) for file in sorted(one.iterdir())[: count // len(classes)]
    ]
    images = [np.asarray(Image.open(file).convert("RGB")) for file, _ in files]
    return np.stack(images), np.array([label for _, label in files], np.int32)
