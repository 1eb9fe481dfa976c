"""Folders in which pictures lie as people have them: of many formats, depths, sizes, and among other things."""

import io
import struct
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile
from support.datasets import load, refused

from cnnjobs import ImageFolder, predict
from cnnjobs.datasets import source_of
from cnnjobs.errors import SpecError
from cnnjobs.models.model_file import ModelMetadata, with_metadata
from cnnjobs.run.documents.evaluate import evaluate_document
from cnnjobs.run.evaluate import evaluate_model
from cnnjobs.run.predict import annotate_all

RANDOM = np.random.default_rng(0)


def noise(*shape, low=0, high=256, dtype=np.uint8):
    return RANDOM.integers(low, high, shape).astype(dtype)


def colour(size=(9, 7)):
    return Image.fromarray(noise(*size, 3))


def put(path, image, **options):
    """Save a picture, or write the bytes of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(image, bytes):
        path.write_bytes(image)
    else:
        image.save(path, **options)
    return path


def pairs(root, make, count=6, ending="png"):
    """Make a folder with two classes of pictures."""
    for number in range(2 * count):
        put(root / "ab"[number % 2] / f"{number:02}.{ending}", make(number))
    return root


def count_of(data):
    return len(data.y_train) + len(data.y_test)


def said(data, words):
    """Return the one note that has these words."""
    (note,) = [note for note in data.notes if words in note]
    return note


# --- formats ------------------------------------------------------------------------------------------------------


def test_tiff_among_jpeg(tmp_path):
    """A class of 18 pictures, ten of them TIFF: all are used."""
    for number in range(18):
        put(tmp_path / "scans" / "a" / f"{number}.{'tif' if number < 10 else 'jpg'}", colour())
        put(tmp_path / "scans" / "b" / f"{number}.jpg", colour())
    data = load(ImageFolder(str(tmp_path / "scans")))
    assert np.bincount([*data.y_train, *data.y_test]).tolist() == [18, 18]
    assert not [note for note in data.notes if "passed over" in note or "cannot be read" in note]


FORMATS = ["jpg", "jfif", "jpe", "png", "apng", "gif", "bmp", "dib", "webp", "tif", "TIFF", "avif", "jp2", "j2k"]
FORMATS += ["ppm", "tga", "pcx", "sgi", "ico", "dds", "icns", "qoi"]


@pytest.mark.parametrize("ending", FORMATS)
def test_formats_that_pillow_reads(tmp_path, ending):
    """A folder with one picture of another format than the rest."""
    pairs(tmp_path, lambda _: colour((16, 16)))
    put(tmp_path / "a" / f"other.{ending}", colour((16, 16)))
    assert count_of(load(ImageFolder(str(tmp_path), size=8, strict=True))) == 13


def test_the_content_decides_and_not_the_ending(tmp_path):
    """A PNG that is called .jpg, a TIFF that is called .png, and pictures with no ending or one that says nothing."""
    names = {
        "1.jpg": "PNG",
        "2.png": "TIFF",
        "3": "JPEG",
        "4.2019": "WEBP",
        "5.bak": "GIF",
        "6.tmp": "AVIF",
        "7": "BMP",
    }
    for place, (name, form) in enumerate((names | {"8": "PPM", "9": "JPEG2000"}).items()):
        sink = io.BytesIO()
        colour().save(sink, form)
        put(tmp_path / "ab"[place % 2] / name, sink.getvalue())
        put(tmp_path / "ab"[place % 2] / f"{place}.png", colour())
    data = load(ImageFolder(str(tmp_path), strict=True))
    assert count_of(data) == 18
    assert not [note for note in data.notes if "passed over" in note]


def test_what_is_passed_over_is_counted(tmp_path):
    """A class's folder with lists, photos of a phone, a film, a drawing and files of programs in it."""
    pairs(tmp_path / "pets", lambda _: colour())
    for name in ("1.txt", "2.txt", "3.TXT", "IMG_1.HEIC", "IMG_2.heic", "x.mp4", "x.svg", "x.dng", "y.nef", "README"):
        put(tmp_path / "pets" / "a" / name, b"something else")
    put(tmp_path / "pets" / "b" / "phone", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    put(tmp_path / "pets" / "b" / "scan", b"\0" * 128 + b"DICM....")
    put(tmp_path / "pets" / "list.csv", b"not in a class")
    put(tmp_path / "pets" / "a" / "Thumbs.db", b"of the system")
    text = said(load(ImageFolder(str(tmp_path / "pets"))), "passed over")
    assert text == (
        "pets: passed over: 3 .heic (cannot be read: convert to JPEG), 1 .dcm (cannot be read: convert to PNG), 1 .dng "
        "(cannot be read: convert to TIFF or JPEG), 1 .nef (cannot be read: convert to TIFF or JPEG), 1 .svg (cannot "
        "be read: convert to PNG), 3 .txt, 1 without an ending, 1 .mp4"
    )
    error = refused(ImageFolder(str(tmp_path / "pets"), strict=True))
    assert "pets has pictures that are passed over: 3 .heic (cannot be read: convert to JPEG)" in error
    assert ".txt" not in error


def test_a_folder_of_photos_that_cannot_be_read(tmp_path):
    """All pictures come from a phone that saves HEIC."""
    for name in ("a/1.heic", "b/2.heic"):
        put(tmp_path / name, b"photo")
    assert "passed over: 2 .heic (cannot be read: convert to JPEG)" in refused(ImageFolder(str(tmp_path)))


def test_a_class_of_photos_that_cannot_be_read(tmp_path):
    """One class is JPEG, the other came from a phone that saves HEIC, and some of it is damaged."""
    for number in range(6):
        put(tmp_path / "pets" / "cat" / f"{number}.jpg", colour())
        put(tmp_path / "pets" / "dog" / f"{number}.heic", b"photo")
    put(tmp_path / "pets" / "dog" / "7.jpg", b"damaged")
    error = refused(ImageFolder(str(tmp_path / "pets")))
    assert "Received: class 'dog' with 0. Add images or remove the class." in error
    assert "pets: 1 picture cannot be read: dog/7.jpg (cannot identify image file '7.jpg')." in error
    assert error.endswith("Passed over: 6 .heic (cannot be read: convert to JPEG).")


def test_photos_that_cannot_be_read_in_no_class(tmp_path):
    """Loose photos of a phone lie beside the classes' folders."""
    pairs(tmp_path, lambda _: colour())
    put(tmp_path / "1.heic", b"photo")
    put(tmp_path / "list.txt", b"text")
    note = said(load(ImageFolder(str(tmp_path), strict=True)), "no class")
    assert note.endswith("passed over in no class's folder: 1 .heic (cannot be read: convert to JPEG)")


def test_what_has_the_ending_of_a_picture_and_is_none(tmp_path):
    """A web page, a text, a HEIC photo and PostScript that are called .jpg, and a picture that is cut short."""
    pairs(tmp_path, lambda _: colour())
    sink = io.BytesIO()
    colour((90, 90)).save(sink, "JPEG")
    broken = {
        "1.jpg": (b"<!DOCTYPE html><title>404</title>", "it is a web page, not a picture"),
        "2.jpg": (b"no picture", "cannot identify image file"),
        "3.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "it is a HEIC picture, whatever its ending: convert to JPEG"),
        "4.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\nshowpage", "it is PostScript or PDF, which is not read: convert to PNG"),
        "5.jpg": (sink.getvalue()[:-500], "truncated"),
        "6.jpg": (b"", "the file is empty"),
        "7.tif": (tiff(noise(4, 4).astype(np.float64), kind=3), "TIFF of a kind that Pillow does not read: save it as"),
        "8.jpg": (b"\0" * 128 + b"DICM....", "it is a DICOM file: convert to PNG"),
    }
    for name, (content, _) in broken.items():
        put(tmp_path / "a" / name, content)
    for name, (_, why) in broken.items():
        others = [tmp_path / "a" / other for other in broken if other != name]
        kept = {other: other.read_bytes() for other in others}
        for other in others:
            other.unlink()
        assert why in said(load(ImageFolder(str(tmp_path))), "1 picture cannot be read and was skipped: a/" + name)
        for other, content in kept.items():
            other.write_bytes(content)


def raw_photo(**tags):
    """Return a TIFF with a small picture in it and more tags."""
    sink = io.BytesIO()
    colour().save(sink, "TIFF", tiffinfo={int(tag[1:]): value for tag, value in tags.items()})
    return sink.getvalue()


@pytest.mark.parametrize(
    "content",
    [raw_photo(t254=1, t330=8), raw_photo(t50706=b"\1\4\0\0"), b"II*\0\x10\0\0\0CR\2\0\0\0\0\0" + raw_photo()[8:]],
    ids=["thumbnail first", "DNG", "CR2"],
)
def test_a_raw_photo_is_not_read_as_its_thumbnail(tmp_path, content):
    """Raw photos are TIFF to Pillow, which finds the small copy in them; here they are called .tif."""
    pairs(tmp_path, lambda _: colour())
    put(tmp_path / "a" / "raw.tif", content)
    note = said(load(ImageFolder(str(tmp_path))), "a/raw.tif")
    assert "skipped" in note
    if b"CR\2\0" not in content[:16]:
        assert "a camera's raw photo, of which only a small copy could be read: convert it to TIFF or JPEG" in note


def test_the_first_frame_or_page_counts_and_is_said(tmp_path):
    """Animated GIF, WebP and PNG, a TIFF of several pages, and a photo of a phone with a preview in it."""
    pairs(tmp_path, lambda _: colour())
    first, others = colour(), [colour(), colour()]
    names = ["moving.gif", "moving.webp", "moving.png", "pages.tif"]
    for name in names:
        options = {"lossless": True} if name.endswith("webp") else {}
        put(tmp_path / "a" / name, first, save_all=True, append_images=others, **options)
    put(tmp_path / "a" / "phone.jpg", first, format="MPO", save_all=True, append_images=others)
    data = load(ImageFolder(str(tmp_path)))
    assert said(data, "frames").endswith("4 pictures have several frames or pages: the first of each is used")
    found = [image.tobytes() for image in (*data.x_train, *data.x_test)]
    assert found.count(np.asarray(first).tobytes()) == 4, "all but JPEG, which is not lossless"


def test_a_job_file_may_have_told_pillow_to_take_truncated_pictures(tmp_path, monkeypatch):
    """`ImageFile.LOAD_TRUNCATED_IMAGES = True` stands in many scripts: the missing half would be trained on as grey."""
    pairs(tmp_path, lambda _: colour())
    sink = io.BytesIO()
    colour((90, 90)).save(sink, "JPEG")
    put(tmp_path / "a" / "cut.jpg", sink.getvalue()[:-500])
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert "1 picture cannot be read and was skipped: a/cut.jpg" in load(ImageFolder(str(tmp_path))).notes[0]
    assert ImageFile.LOAD_TRUNCATED_IMAGES, "it is set for others as it was"


# --- EXIF ---------------------------------------------------------------------------------------------------------

TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
DAMAGED = {
    "garbage": b"Exif\0\0garbage",
    "no beginning": b"Exif\0\0XX*\0\0\0\0\x08",
    "far away": b"Exif\0\0II*\0\xff\xff\xff\xff",
    "cut": b"Exif\0\0MM\0*\0\0\0\x08\0\5\1\x12\0\3\0\0\0\1\0",
    "orientation 99": TURNED.replace(b"\0\1\0\6", b"\0\1\0\x63"),
    "orientation in words": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\2\0\0\0\3ab\0\0\0\0\0\0",
}


@pytest.mark.parametrize("exif", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("ending", ["png", "webp", "jpg"])
def test_damaged_exif_is_forgiven(tmp_path, exif, ending):
    """The EXIF block of a picture is damaged; its pixels are fine."""
    pairs(tmp_path, lambda _: colour())
    put(tmp_path / "a" / f"odd.{ending}", colour(), exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load(ImageFolder(str(tmp_path), strict=True))
        kept = load(ImageFolder(str(tmp_path), strict=True, decode="as needed"))
        assert (np.asarray(kept.x_train[:]) == data.x_train).all()
    assert count_of(data) == 13


def test_a_tiff_with_damaged_exif(tmp_path):
    """The place where a TIFF has its EXIF data lies beyond its end."""
    pairs(tmp_path, lambda _: colour())
    sink = io.BytesIO()
    colour().save(sink, "TIFF", tiffinfo={34665: 12345678})
    put(tmp_path / "a" / "odd.tif", sink.getvalue().replace(struct.pack("<L", 12345678), b"\xf0\xff\xff\xff"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert count_of(load(ImageFolder(str(tmp_path), strict=True))) == 13


def test_damaged_exif_is_said(tmp_path):
    """Whether the picture lies on its side is not known."""
    pairs(tmp_path, lambda _: colour())
    put(tmp_path / "a" / "odd.png", colour(), exif=DAMAGED["garbage"])
    assert said(load(ImageFolder(str(tmp_path))), "EXIF").endswith(
        "1 picture has damaged EXIF data and is taken to be upright"
    )


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "avif"])
def test_pictures_on_their_side_are_set_upright(tmp_path, ending):
    """All pictures were taken with the camera held on its side."""
    pairs(tmp_path, lambda _: colour((4, 8)))
    for name in ("a", "b"):
        for path in list((tmp_path / name).iterdir()):
            image = Image.open(path)
            image.load()
            path.unlink()
            exif = Image.Exif()  # a new one each time: AVIF takes the orientation out of it
            exif[0x0112] = 6
            image.save(path.with_suffix(f".{ending}"), exif=exif)
    assert load(ImageFolder(str(tmp_path))).image_shape[:2] == (8, 4)


# --- more than 8 bits ---------------------------------------------------------------------------------------------


def deep(low, high, dtype=np.uint16):
    return lambda _: Image.fromarray(noise(8, 8, low=low, high=high, dtype=dtype))


@pytest.mark.parametrize(("high", "white"), [(1024, 1023), (4096, 4095), (16384, 16383), (65536, 65535)])
def test_deep_pictures_have_their_own_white(tmp_path, high, white):
    """16-bit PNG of a sensor with 10, 12, 14 or 16 bits."""
    data = load(ImageFolder(str(pairs(tmp_path / "scans", deep(0, high)))))
    images = np.concatenate([data.x_train, data.x_test])
    assert images.shape[3] == 1
    assert len(np.unique(images)) > 200
    assert said(data, "8 bits").startswith("scans: 10 pictures have more than 8 bits per channel, with values from ")
    assert f"0 is taken as black and {white:,} as white" in said(data, "8 bits")
    assert said(data, "8 bits").endswith(f"name them in the job file: ImageFolder(..., value_range=(0, {white}))")
    advised = load(ImageFolder(str(tmp_path / "scans"), value_range=(0, white)))
    assert advised.fingerprint == data.fingerprint, "what the note advises gives the same"
    assert data.notes == load(ImageFolder(str(tmp_path / "scans"))).notes, "told again when read from the cache"


def test_values_become_bytes_by_their_range(tmp_path):
    """A wedge of 12 bits."""
    values = np.array([[0, 1024, 2048, 4095]], np.uint16)
    data = load(ImageFolder(str(pairs(tmp_path, lambda _: Image.fromarray(values)))))
    assert data.x_train[0].ravel().tolist() == [0, 64, 128, 255]


def test_one_sensor_saved_with_8_and_16_bits(tmp_path):
    """Counts of a sensor, in PNG of as many bits as each picture needs: dark ones 8, light ones 16."""
    for number in range(12):
        light = number % 2
        values = noise(8, 8, low=300, high=1024, dtype=np.uint16) if light else noise(8, 8, high=200)
        put(tmp_path / "sensor" / "ab"[light] / f"{number}.png", Image.fromarray(values))
    root = str(tmp_path / "sensor")
    error = refused(ImageFolder(root, color="grey"))
    assert "sensor: grey pictures must be on one scale. Received: 6 pictures of 8 bits lie beside 6 with more" in error
    counts = f"ImageFolder({root!r}, color='grey', value_range=(0, 1023), one_scale=True)"
    finished = f"ImageFolder({root!r}, color='grey', value_range=(0, 1023))"
    assert f"If all are values of one sensor: dataset={counts}. If 255 is white" in error
    assert f"in the others: dataset={finished}" in error
    data = load(eval(counts))
    assert data.x_train[data.y_train == 0].max() <= 50 < 74 <= data.x_train[data.y_train == 1].min()
    data = load(eval(finished))
    assert data.x_train[data.y_train == 0].max() > 190


def test_finished_pictures_of_8_and_16_bits_are_on_one_scale(tmp_path):
    """Some pictures were exported with 8, others with 16 bits; white is white in both."""
    root = pairs(tmp_path, lambda number: Image.fromarray(noise(8, 8)) if number < 6 else deep(0, 65536)(0))
    assert count_of(load(ImageFolder(str(root)))) == 12


def png16(values):
    """Return a PNG with 16 bits a channel, which Pillow does not write: (height, width, 2, 3 or 4) uint16."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">LLBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def tiff(values, *, big=False, photometric=1, kind=1, planar=False, packed=False):
    """Return a TIFF with such values, which Pillow does not write: (height, width) or (height, width, channels)."""
    order = ">" if big else "<"
    height, width, *channels = values.shape
    count = channels[0] if channels else 1
    stored = values.astype(values.dtype.newbyteorder(order))
    planes = [stored[..., one] for one in range(count)] if planar else [stored]
    strips = [zlib.compress(plane.tobytes()) if packed else plane.tobytes() for plane in planes]
    bits, offsets = values.dtype.itemsize * 8, np.cumsum([0, *map(len, strips)])[:-1] + 8
    entries = {
        256: [width],
        257: [height],
        258: [bits] * count,
        259: [8 if packed else 1],
        262: [photometric],
        273: offsets.tolist(),
        277: [count],
        278: [height],
        279: list(map(len, strips)),
        284: [2 if planar else 1],
        339: [kind] * count,
    }
    place = 8 + sum(map(len, strips))
    after, table = place + 2 + 12 * len(entries) + 4, b""
    extra = b""
    for tag, numbers in entries.items():
        content = struct.pack(f"{order}{len(numbers)}L", *numbers)
        where = content if len(content) == 4 else struct.pack(f"{order}L", after + len(extra))
        extra += b"" if len(content) == 4 else content
        table += struct.pack(f"{order}HHL", tag, 4, len(numbers)) + where
    head = (b"MM\0*" if big else b"II*\0") + struct.pack(f"{order}L", place)
    return head + b"".join(strips) + struct.pack(f"{order}H", len(entries)) + table + b"\0" * 4 + extra


def test_coloured_pictures_of_16_bits(tmp_path):
    """12-bit colours in a 16-bit PNG and TIFF, of which Pillow would keep the four upper bits."""
    kinds = [png16, tiff, lambda values: tiff(values, big=True, photometric=2)]
    kinds[1] = lambda values: tiff(values, photometric=2, packed=True)
    kinds.append(lambda values: tiff(values, photometric=2, planar=True))
    pictures = [noise(8, 8, 3, high=4096, dtype=np.uint16) for _ in range(12)]
    for number, values in enumerate(pictures):
        put(
            tmp_path / "train" / "ab"[number % 2] / f"{number:02}.{'tif' if number % 4 else 'png'}",
            kinds[number % 4](values),
        )
        put(tmp_path / "test" / "ab"[number % 2] / f"{number:02}.png", colour((8, 8)))
    data = load(ImageFolder(str(tmp_path)))
    wanted = [np.round(values * (255 / 4095)).astype(np.uint8) for values in (*pictures[::2], *pictures[1::2])]
    assert (data.x_train == wanted).all()


def test_coloured_pictures_of_full_range_are_as_pillow_reads_them(tmp_path):
    """Real 16-bit colours: the upper 8 bits, as before; transparent parts of a 16-bit picture are white."""
    pictures = [noise(8, 8, 3, high=65536, dtype=np.uint16) for _ in range(12)]
    for number, values in enumerate(pictures):
        put(tmp_path / "train" / "ab"[number % 2] / f"{number:02}.png", png16(values))
    clear = noise(8, 8, 4, high=65536, dtype=np.uint16)
    clear[..., 3] = 0
    put(tmp_path / "test" / "a" / "1.png", png16(clear))
    data = load(ImageFolder(str(tmp_path)))
    assert (data.x_train == [values >> 8 for values in (*pictures[::2], *pictures[1::2])]).all()
    assert (data.x_test == 255).all()


KINDS_OF_TIFF = {
    "uint16, other order": (np.uint16, 0, 65536, {"big": True}),
    "uint16, other order, packed": (np.uint16, 0, 65536, {"big": True, "packed": True}),
    "int16": (np.int16, -300, 700, {"kind": 2}),
    "int16, other order": (np.int16, -300, 700, {"kind": 2, "big": True}),
    "int16, other order, packed": (np.int16, -300, 700, {"kind": 2, "big": True, "packed": True}),
    "int32, other order, packed": (np.int32, -300, 700, {"kind": 2, "big": True, "packed": True}),
    "int8": (np.int8, -100, 100, {"kind": 2}),
    "float32": (np.float32, 0, 700, {"kind": 3}),
    "float32, other order, packed": (np.float32, 0, 700, {"kind": 3, "big": True, "packed": True}),
    "white is 0": (np.uint16, 60000, 65536, {"photometric": 0}),
}


@pytest.mark.parametrize(("dtype", "low", "high", "how"), KINDS_OF_TIFF.values(), ids=KINDS_OF_TIFF)
def test_signed_numbers_and_floats(tmp_path, dtype, low, high, how):
    """TIFF of computed tomography, depth maps and the like, of any kind of number and order of bytes."""
    pictures = [noise(8, 8, low=low, high=high, dtype=dtype) + dtype(0.5 * (how.get("kind") == 3)) for _ in range(12)]
    for number, values in enumerate(pictures):
        put(tmp_path / "ab"[number % 2] / f"{number:02}.tif", tiff(values, **how))
    data = load(ImageFolder(str(tmp_path), test=0.1))
    values = np.concatenate(pictures).astype(float)
    if how.get("photometric") == 0:
        values = 65535 - values
    black, white = data.value_range
    assert black == (values.min() if low < 0 else 0)
    found = sorted(np.round((image - black) * (255 / (white - black))).sum() for image in values.reshape(12, 8, 8))
    assert sorted(np.concatenate([data.x_train, data.x_test]).sum((1, 2, 3))) == pytest.approx(found, abs=3)


def test_floats_of_one_and_of_255_are_not_mixed(tmp_path):
    """Half of the TIFF were divided by 255."""
    root = pairs(
        tmp_path, lambda n: tiff((noise(8, 8) / (255 if n < 6 else 1)).astype(np.float32), kind=3), ending="tif"
    )
    assert "pictures of floats must be on one scale. Received: " in refused(ImageFolder(str(root)))


def test_a_transparent_value_among_16_bits(tmp_path):
    """A 16-bit PNG says that one value is transparent: it is white, as in a PNG of 8 bits."""
    pairs(tmp_path, deep(0, 1000))
    put(tmp_path / "a" / "clear.png", Image.fromarray(np.full((8, 8), 500, np.uint16)), transparency=500)
    data = load(ImageFolder(str(tmp_path)))
    assert (np.concatenate([data.x_train, data.x_test]) == 255).all((1, 2, 3)).sum() == 1


def test_a_picture_with_nan_is_broken(tmp_path):
    """A depth map has NaN where nothing was measured."""
    pairs(tmp_path, lambda _: tiff(noise(8, 8).astype(np.float32), kind=3), ending="tif")
    put(tmp_path / "a" / "nan.tif", tiff(np.full((8, 8), np.nan, np.float32), kind=3))
    assert "a/nan.tif (some of its values are NaN or infinite)" in said(load(ImageFolder(str(tmp_path))), "skipped")


def test_test_pictures_beyond_the_range_of_training(tmp_path):
    """The training pictures have 10 bits, some test pictures 12."""
    pairs(tmp_path / "train", deep(0, 1024))
    pairs(tmp_path / "test", deep(0, 4096), count=1)
    data = load(ImageFolder(str(tmp_path)))
    assert data.value_range == (0, 1023)
    assert "2 of 14 pictures with more than 8 bits have values outside of `value_range`, which were clipped" in said(
        data, "clipped"
    )


def test_deep_pictures_in_the_test_set_alone(tmp_path):
    """The training pictures are in colour, the test pictures 10-bit TIFF: they are not black."""
    pairs(tmp_path / "train", lambda _: colour((8, 8)))
    pairs(tmp_path / "test", deep(0, 1024), count=2, ending="tif")
    data = load(ImageFolder(str(tmp_path)))
    assert data.x_test.max() > 240
    assert "4 pictures have more than 8 bits" in said(data, "8 bits")
    assert source_of(ImageFolder("photos")).as_loaded(data) == ImageFolder("photos"), "training knows no such range"


def test_dark_test_pictures_with_8_bits_beside_training_with_16(tmp_path):
    """All training pictures of a sensor needed 16 bits, some test pictures 8."""
    pairs(tmp_path / "train", deep(300, 1024))
    pairs(tmp_path / "test", lambda number: Image.fromarray(noise(8, 8)) if number < 3 else deep(300, 1024)(0), count=3)
    assert "grey pictures must be on one scale. Received: 3 pictures of 8 bits lie beside 15" in refused(
        ImageFolder(str(tmp_path))
    )


def test_deep_pictures_with_hardly_any_contrast(tmp_path):
    """All values lie between 30,000 and 31,000."""
    data = load(ImageFolder(str(pairs(tmp_path, deep(30000, 31000)))))
    assert "hardly any contrast" in said(data, "contrast")


@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        ("1", "png"),
        ("L", "tif"),
        ("LA", "png"),
        ("P", "gif"),
        ("RGBA", "webp"),
        ("CMYK", "tif"),
        ("CMYK", "jpg"),
        ("YCbCr", "tif"),
        ("LAB", "tif"),
    ],
)
def test_every_colour_mode(tmp_path, mode, ending):
    """Pictures of print, of palettes, of Lab, of two colours."""
    pairs(tmp_path, lambda _: colour())
    image = Image.new("RGB", (9, 7), (200, 30, 60))
    profiles = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
    lab = ImageCms.buildTransform(*profiles, "RGB", "LAB")
    odd = ImageCms.applyTransform(image, lab) if mode == "LAB" else image.convert(mode)
    put(tmp_path / "a" / f"odd.{ending}", odd)
    data = load(ImageFolder(str(tmp_path), strict=True))
    mean = np.concatenate([data.x_train, data.x_test]).reshape(13, -1, 3).mean(1)
    grey = {"1": 255 * (np.asarray(odd).mean() if mode == "1" else 0), "L": 84, "LA": 84}
    wanted = [grey[mode]] * 3 if mode in grey else [200, 30, 60]
    assert np.abs(mean - wanted).max(1).min() <= 4


# --- size ---------------------------------------------------------------------------------------------------------


def halves(_):
    """A picture of 20 x 10 pixels: black, white, black, white from left to right, five columns each."""
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[:, 5:10] = pixels[:, 15:] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("resize", "row"),
    [
        ("stretch", [0, 255, 0, 255]),
        ("crop", [255, 255, 0, 0]),
        ("pad", [0, 255, 0, 255]),
    ],
)
def test_ways_to_one_size(tmp_path, resize, row):
    """Pictures are wider than the network's are."""
    spec = ImageFolder(str(pairs(tmp_path, halves)), size=4, resize=resize, interpolation="box", color="grey")
    image = load(spec).x_train[0, ..., 0].tolist()
    assert image == ([[0] * 4, row, row, [0] * 4] if resize == "pad" else [row] * 4)


def test_interpolation_is_pillows_and_antialiasing_that_of_the_field(tmp_path):
    """Each interpolation, against what Pillow's own filter gives; without antialiasing, against the formula."""
    pixels = noise(12, 18, 3)
    for ending in ("one", "two", "three"):
        for name in "ab":
            put(tmp_path / name / f"{ending}.png", Image.fromarray(pixels))
    for name in ("nearest", "box", "bilinear", "bicubic", "lanczos"):
        wanted = np.asarray(Image.fromarray(pixels).resize((5, 4), getattr(Image.Resampling, name.upper())))
        assert (load(ImageFolder(str(tmp_path), size=(4, 5), interpolation=name)).x_train[0] == wanted).all()
    found = load(ImageFolder(str(tmp_path), size=(4, 5), antialias=False)).x_train[0]
    rows, columns = (np.arange(4) + 0.5) * 3 - 0.5, (np.arange(5) + 0.5) * 3.6 - 0.5
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = (rows - top)[:, None, None], (columns - left)[None, :, None]
    corner = [[pixels[np.ix_(top + i, left + j)].astype(float) for j in (0, 1)] for i in (0, 1)]
    upper = corner[0][0] * (1 - right) + corner[0][1] * right
    lower = corner[1][0] * (1 - right) + corner[1][1] * right
    assert np.abs(found - (upper * (1 - down) + lower * down)).max() <= 0.5001


@pytest.mark.parametrize(
    "options",
    [
        {"resize": "squash"},
        {"interpolation": "cubic"},
        {"antialias": "no"},
        {"antialias": False, "interpolation": "lanczos"},
        {"value_range": (3, 3)},
        {"one_scale": True},
    ],
)
def test_ways_of_reading_that_there_are_not(options):
    """A word is mistyped, or two options contradict each other."""
    with pytest.raises(SpecError, match=f"`ImageFolder.{next(iter(options))}` must"):
        ImageFolder("photos", **options)


# --- what a fitted model reads ------------------------------------------------------------------------------------


class Brightness:
    """A network that tells dark from light by the mean of the pixels."""

    def predict(self, images):
        light = images.reshape(len(images), -1).mean(axis=1) / 255
        return np.stack([1 - light, light], axis=1).astype(np.float32)


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    """Return a function that writes a model file of this network, trained on a data set."""
    for module in ("predict", "evaluate"):
        monkeypatch.setattr(f"cnnjobs.run.{module}.open_model", lambda _: Brightness())

    def write(dataset, channels=1):
        empty = io.BytesIO()
        zipfile.ZipFile(empty, "w").close()
        about = ModelMetadata(("a", "b"), (8, 8, channels), dataset)
        (tmp_path / "m.keras").write_bytes(with_metadata(empty.getvalue(), about))
        return str(tmp_path / "m.keras")

    return write


def test_predict_reads_what_training_reads_alone_or_in_a_folder(tmp_path, fitted):
    """A folder has nothing but TIFF, AVIF and a list in it."""
    model = fitted(ImageFolder("photos"), channels=3)
    for name in ("1.tif", "2.avif"):
        put(tmp_path / "new" / name, colour())
    put(tmp_path / "new" / "list.txt", b"1 a")
    alone = predict(model, [str(tmp_path / "new" / "1.tif"), str(tmp_path / "new" / "2.avif")])
    folder = predict(model, str(tmp_path / "new"))
    assert folder.table.equals(alone.table)
    assert not folder.broken
    assert folder.notes == ["passed over: 1 .txt"]


def test_a_model_remembers_black_and_white(tmp_path, fitted):
    """Trained on 10-bit pictures, a model is asked about one dark picture of the sensor, alone."""
    spec = ImageFolder(str(pairs(tmp_path / "scans", deep(0, 1024))))
    remembered = source_of(spec).as_loaded(load(spec))
    assert remembered.value_range == (0, 1023)
    model = fitted(remembered)
    dark = put(tmp_path / "dark.png", Image.fromarray(np.full((8, 8), 204, np.uint16)))
    found = predict(model, str(dark))
    assert found.answers[0].top[0] == ("a", pytest.approx(0.8, abs=0.01))
    put(tmp_path / "other" / "a" / "1.png", dark.read_bytes())
    evaluation = evaluate_model(model, str(tmp_path / "other"), "test")
    assert evaluate_document(evaluation)["metrics"]["accuracy"] == 1
    assert evaluation.metrics["loss"] == pytest.approx(-np.log(0.8), abs=0.01)


def test_deep_pictures_for_a_model_that_knows_none(tmp_path, fitted):
    """Trained on 8-bit pictures, a model is asked about 10-bit ones."""
    model = fitted(ImageFolder("photos"))
    light = put(tmp_path / "light.png", Image.fromarray(np.full((8, 8), 1000, np.uint16)))
    found = predict(model, str(light))
    assert found.answers[0].top[0][0] == "b"
    assert found.notes[0] == (
        "1 picture has more than 8 bits per channel, with values from 1,000 to 1,000; "
        "the model was not trained on such pictures: "
        "0 is taken as black and 1,023 as white"
    )


def test_predict_resizes_as_training_did(tmp_path, fitted):
    """A model was trained on pictures of which the centre was cut out."""
    pixels = np.zeros((8, 24), np.uint8)
    pixels[:, 8:16] = 255
    path = put(tmp_path / "wide.png", Image.fromarray(pixels))
    cropped = predict(fitted(ImageFolder("photos", resize="crop")), str(path)).answers[0].top[0]
    assert cropped == ("b", 1.0)
    assert predict(fitted(ImageFolder("photos")), str(path)).answers[0].top[0][0] == "a"


def test_odd_pictures_are_predicted_and_annotated_in_silence(tmp_path, fitted):
    """Of two pictures one has damaged EXIF data, the other is a TIFF of 12 bits."""
    model = fitted(ImageFolder("photos", resize="pad"))
    put(tmp_path / "new" / "1.jpg", colour(), exif=DAMAGED["cut"])
    put(tmp_path / "new" / "2.tif", deep(2000, 4096)(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = predict(model, str(tmp_path / "new"))
        assert annotate_all(found, str(tmp_path / "marked")) == 2
    with Image.open(tmp_path / "marked" / "2.png") as marked:
        assert np.asarray(marked.convert("L"))[:8, 100:].max() > 120, "as light as it is predicted"


def test_a_hundred_thousand_files_are_listed_without_opening_pictures(tmp_path, monkeypatch):
    """Only files whose ending says nothing are opened."""
    from cnnjobs.datasets.folders.picture_files import Folder

    for name in ("1.jpg", "2.txt", "3.heic", "4", "5.xyz"):
        put(tmp_path / name, b"x")
    opened = []
    monkeypatch.setattr("builtins.open", lambda path, *_: opened.append(path) or io.BytesIO(b""))
    folder = Folder(str(tmp_path))
    assert folder.pictures == [str(tmp_path / "1.jpg")]
    assert sorted(opened) == [str(tmp_path / "4"), str(tmp_path / "5.xyz")]
