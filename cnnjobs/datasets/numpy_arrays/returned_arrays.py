"""What a function of the user's returned, as arrays of pictures and labels."""

from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any

import numpy as np

from cnnjobs.datasets.numpy_arrays.npz_file import Array
from cnnjobs.datasets.numpy_arrays.npz_names import KEYS, SPELLED, array_names, weight_names
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed
from cnnjobs.wording.sentences import cause

EXPECTED = "(x_train, y_train), (x_test, y_test), or (x, y) to have a test set held out"


def arrays_of(returned: Any, place: str) -> dict[str, Array]:
    """Return the arrays of each part that there is by their keys, `x_train` and so on.

    Args:
        returned: by the function.
        place: the call of the function, for messages.

    Raises:
        DatasetError: if it is nothing of what such functions return.
    """
    if returned is None:
        raise DatasetError(f"{place} must return {EXPECTED}. Received: None. Does it end with `return`?")
    values = _of_mapping(returned, place) if isinstance(returned, Mapping) else _of_sequence(returned, place)
    return {key: _array(value, key, place) for key, value in values.items()}


def _of_mapping(returned: Mapping[Any, Any], place: str) -> dict[str, Any]:
    """Return the values of a dict by their keys: of arrays by name, or of parts."""
    names = [str(name) for name in returned]
    found = {key: returned[name] for key, name in array_names(names).items()}
    weights = {key: returned[name] for key, name in weight_names(names).items()}
    parts = {part: name for part, words in SPELLED.items() for name in names if name in words}
    if "train" in parts:
        pairs = {part: returned[name] for part, name in parts.items()}
        for part, pair in pairs.items():
            if not _is_part(pair):
                raise DatasetError(
                    f"{place} must return {EXPECTED}. Received: {part} is {_described(pair)}.{_instead(pair)}"
                )
        return {
            f"{axis}_{part}": value for part, pair in pairs.items() for axis, value in zip("xyw", pair, strict=False)
        }
    parted = {key[2:] for key in found}
    missing = [key for part in parted | {"train"} for key in (f"x_{part}", f"y_{part}") if key not in found]
    if missing:
        raise DatasetError(
            f"{place} must return {EXPECTED}, or a dict with {listed(KEYS[:2])} and those of test, if any. "
            f"Received: a dict with {listed(names) or 'nothing'}."
        )
    return found | {key: value for key, value in weights.items() if f"x_{key[2:]}" in found}


def _of_sequence(returned: Any, place: str) -> dict[str, Any]:
    """Return the values of tuples and lists by their keys."""
    if isinstance(returned, tuple | list):
        if 2 <= len(returned) <= 3 and all(map(_is_part, returned)):
            parts = ("train", "test") if len(returned) == 2 else tuple(SPELLED)
            return {
                f"{axis}_{part}": value
                for part, pair in zip(parts, returned, strict=True)
                for axis, value in zip("xyw", pair, strict=False)
            }
        keys = _flat_keys([_axes(one) for one in returned])
        if keys:
            return dict(zip(keys, returned, strict=True))
    raise DatasetError(f"{place} must return {EXPECTED}. Received: {_described(returned)}.{_instead(returned)}")


WEIGHTED: Mapping[tuple[bool, ...], tuple[str, ...]] = {
    (True, False, False): ("x_train", "y_train", "w_train"),
    (True, False, False, True, False, False): ("x_train", "y_train", "w_train", "x_test", "y_test", "w_test"),
    (True, True, False, False, False, False): ("x_train", "x_test", "y_train", "y_test", "w_train", "w_test"),
}
"""Which of values in a row are pictures, where weights of these are among them -> what each value is."""


def _flat_keys(axes: Sequence[int]) -> tuple[str, ...]:
    """Return what values in a row are, by their axes; nothing for what makes no sense.

    Pictures have three axes and more, labels one or two. `train_test_split` returns pictures first.
    """
    pictures = [number > 2 for number in axes]
    if tuple(pictures) in WEIGHTED:
        return WEIGHTED[tuple(pictures)]
    if len(axes) not in (2, 4, 6):
        return ()
    parts = ("train", "test") if len(axes) < 6 else tuple(SPELLED)
    parts = parts[: len(axes) // 2]
    of_parts = tuple(f"{axis}_{part}" for part in parts for axis in "xy")
    of_axes = tuple(f"{axis}_{part}" for axis in "xy" for part in parts)
    if len(axes) == 4 and pictures == [True, True, False, False]:
        return of_axes
    return of_parts if len(axes) == 2 or pictures == [True, False] * len(parts) else ()


def _is_pair(value: Any) -> bool:
    """Say whether a value is pictures and labels, and not pictures alone: a list may be two pictures."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        return False
    pictures, labels = map(_axes, value)
    return pictures > labels if isinstance(value, list) or pictures else isinstance(value, tuple)


def _is_part(value: Any) -> bool:
    """Say whether a value is pictures and labels, perhaps with weights of these: (x, y) or (x, y, w)."""
    if isinstance(value, tuple | list) and len(value) == 3 and 1 <= _axes(value[2]) <= 2:
        return _is_pair(value[:2]) and _axes(value[0]) > 2
    return _is_pair(value)


def _axes(value: Any) -> int:
    """Return how many axes an array has, or would be made; 0 for what is none."""
    if _is_picture(value):
        return 2
    shape = getattr(value, "shape", None)
    if shape is not None:
        return len(shape)
    if isinstance(value, list | tuple):
        return 1 + (_axes(value[0]) if len(value) else 0)
    return 0


def _is_picture(value: Any) -> bool:
    """Say whether a value is a picture of Pillow's."""
    return hasattr(value, "getbands") and hasattr(value, "convert")


def _array(value: Any, key: str, place: str) -> Array:
    """Return an array of whatever holds one."""
    if instead := _instead(value):
        raise DatasetError(f"{place}: {key} must be an array. Received: {_described(value)}.{instead}")
    value = _plain(value)
    try:
        if isinstance(value, list | tuple):
            value = _of_list(value, key, place)
        array: Any = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise DatasetError(
            f"{place}: {key} must be an array. Received: {_described(value)} ({cause(error)})."
        ) from error
    if array.dtype.kind == "O":
        array = _of_objects(array, key, place)
    found: Array = np.array(array.tolist(), dtype=str) if array.dtype.kind == "T" else array  # text of any length
    return found


def _plain(value: Any) -> Any:
    """Return the array in a tensor or a table; anything else as it is."""
    if hasattr(value, "detach"):  # PyTorch
        return value.detach().cpu().numpy()
    for name in ("to_numpy", "numpy"):  # pandas, TensorFlow
        if hasattr(value, name):
            return getattr(value, name)()
    return value


def _of_list(value: Sequence[Any], key: str, place: str) -> Any:
    """Return a list as an array; of pictures, which must have one size."""
    if not len(value) or _axes(value[0]) < 2:
        return np.asarray(value)
    pictures = [np.asarray(_plain(one)) for one in value]
    shapes = {one.shape for one in pictures}
    if len(shapes) > 1:
        shown = listed(sorted(" x ".join(map(str, shape)) for shape in shapes))
        modes = " Make all of one mode: picture.convert('RGB')." if len({one.ndim for one in pictures}) > 1 else ""
        raise DatasetError(
            f"{place}: {key} must be pictures of one size. Received: {shown}.{modes} Resize them: "
            "picture.resize((64, 64)). Or save them as files, in a folder for each class."
        )
    return np.stack(pictures)


def _of_objects(array: Any, key: str, place: str) -> Array:
    """Return an array of Python objects as one of text or numbers.

    Raises:
        DatasetError: for missing values, and for what has no such form.
    """
    values = array.reshape(-1).tolist()
    missing = sum(value is None or value != value for value in values)
    if missing and key.startswith("y_"):
        images = key.replace("y_", "x_")
        raise DatasetError(
            f"{place}: {key} must have a label for every picture. Received: none in {missing:,} of {len(values):,} "
            f"rows. To leave these out: keep = ~pd.isna({key}); {images}, {key} = {images}[keep], {key}[keep]."
        )
    if all(isinstance(value, str) for value in values):
        return np.array(values, dtype=str).reshape(array.shape)
    if array.ndim == 1 and len(values) and all(hasattr(value, "shape") or _is_picture(value) for value in values):
        stacked: Array = _of_list(values, key, place)
        return stacked
    try:
        found: Array = np.array(array.tolist())
    except ValueError:
        found = array
    if found.dtype.kind == "O":
        kinds = listed(sorted({type(value).__name__ for value in values}))
        raise DatasetError(f"{place}: {key} must be an array of numbers or text. Received: an array of {kinds}.")
    return found


def _described(value: Any) -> str:
    """Return what a value is, in words."""
    if isinstance(value, tuple | list):
        inner = listed(_described(one) for one in value[:6]) if len(value) <= 6 else f"{len(value):,} values"
        return f"a {type(value).__name__} of ({inner})" if len(value) else f"an empty {type(value).__name__}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype} {tuple(value.shape)}"
    kind = type(value)
    return f"{_library(value)}.{kind.__name__}" if _library(value) else f"a {kind.__name__}"


def _library(value: Any) -> str:
    top = type(value).__module__.partition(".")[0]
    return "" if top in ("builtins", "numpy", "__main__") else top


def _instead(value: Any) -> str:
    """Return what to return in the place of a value that holds pictures in another way; nothing for others."""
    if hasattr(value, "as_numpy_iterator"):
        batched = _axes_of_element(value) == 4
        pairs = f"pairs = list({'data.unbatch()' if batched else 'data'}.as_numpy_iterator())"
        return f" Make arrays of it: {pairs}; return np.stack([x for x, _ in pairs]), np.array([y for _, y in pairs])."
    if hasattr(value, "to_parquet") and hasattr(value, "features"):
        return " Write it as a file that is read: data.to_parquet('train.parquet'), and `dataset='train.parquet'`."
    holds_array = any(hasattr(value, name) for name in ("shape", "numpy", "to_numpy", "getbands"))
    if _library(value) and isinstance(value, Sized) and hasattr(value, "__getitem__") and not holds_array:
        return " Make arrays of it: return np.stack([np.asarray(x) for x, _ in data]), np.array([y for _, y in data])."
    if isinstance(value, Iterator):
        return " Make a list of it: pairs = list(data)."
    return ""


def _axes_of_element(data: Any) -> int | None:
    """Return the axes of the pictures of a `tf.data.Dataset`; None where they are not known."""
    try:
        first = data.element_spec[0]
        return len(first.shape)
    except Exception:  # a dict of features, an unknown rank
        return None
