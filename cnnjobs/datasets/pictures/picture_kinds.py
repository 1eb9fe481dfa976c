"""Which files are pictures: by the ending of their names, and by their first bytes where that says nothing."""

import os
from collections.abc import Mapping

from cnnjobs.files.regular_files import refuse_special

HEAD = 132
"""Bytes that tell what a file is."""


def _endings(words: str) -> frozenset[str]:
    """Return endings as names of files have them."""
    return frozenset(f".{word}" for word in words.split())


PICTURES = _endings(
    "jpg jpeg jpe jfif jif png apng gif bmp dib webp tif tiff avif avifs jp2 j2k j2c jpc jpf jpx "
    "ppm pgm pbm pnm pfm tga icb vda vst ico pcx dcx dds sgi rgb rgba bw ras psd qoi mpo "
    "fits fit icns"
)
"""Endings of what Pillow decodes itself. The format is told by content, whatever the ending."""

AS_JPEG, AS_TIFF, AS_PNG = "convert to JPEG", "convert to TIFF or JPEG", "convert to PNG"

UNREADABLE = {
    ending: todo
    for todo, endings in {
        AS_JPEG: "heic heif hif jxl",
        AS_TIFF: "dng cr2 cr3 crw nef nrw arw srf sr2 raf orf rw2 rwl pef srw 3fr fff iiq erf mef "
        "mos mrw dcr kdc x3f raw",
        AS_PNG: "svg svgz eps ps ai wmf emf pdf dcm dicom nii mha mhd nrrd exr hdr czi nd2 lif svs ndpi xcf",
    }.items()
    for ending in _endings(endings)
}
"""Endings of pictures that are not read -> what to do."""

OTHERS = _endings(
    "txt csv tsv json jsonl geojson xml yaml yml toml ini cfg conf md rst html htm css js py pyc "
    "ipynb c h cpp m r sh bat exe dll so mat npy npz pkl pickle joblib h5 hdf5 parquet arrow "
    "feather tfrecord tfrecords record db sqlite mdb zip tar gz tgz bz2 xz 7z rar mp4 m4v avi mov "
    "mkv webm wmv flv mpg mpeg 3gp mp3 wav flac ogg m4a aac doc docx xls xlsx ppt pptx odt ods "
    "rtf log names xmp aae url lnk torrent crdownload pt pth ckpt keras onnx pb tflite meta"
)
"""Endings of what is no picture, and not opened to see."""

_BEGINNINGS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
    b"8BPS",
    b"qoif",
    b"DDS ",
    b"SIMPLE  =",
    b"icns",
)
"""Of formats whose first bytes are no other's."""

_JPEG_XL = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

AVIF = frozenset({b"avif", b"avis"})
HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""Brands of pictures among the formats that begin as MP4 does."""


def passed_over_as(name: str, path: str | None) -> str | None:
    """Return the ending of a file that is no picture, or none that is read; None for one that is.

    Only a file with an ending that says nothing is opened. What is HEIC has that ending, whatever its name.

    Args:
        name: of the file.
        path: of the same; None where it is not opened.
    """
    ending = ending_of(name)
    if ending in PICTURES:
        return None
    if path is None or ending in UNREADABLE or ending in OTHERS:
        return ending
    try:
        refuse_special(path)
        with open(path, "rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return ending
    if begins_as_picture(head):
        return None
    return _unreadable_ending(head) or ending


def _unreadable_ending(head: bytes) -> str | None:
    """Return the ending, in `UNREADABLE`, of what begins so; None for anything else."""
    if head[128:132] == b"DICM":
        return ".dcm"
    if head.startswith(_JPEG_XL):
        return ".jxl"
    return {b"crx ": ".cr3"}.get(_brand(head), ".heic" if _brand(head) in HEIC else None)


def ending_of(name: str) -> str:
    """Return the ending of a file's name in lower case: ".jpg"; "" where there is none."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - asked for each of many files


def begins_as_picture(head: bytes) -> bool:
    """Say whether the first bytes of a file are those of a picture that Pillow decodes.

    Args:
        head: the first `HEAD` bytes.
    """
    if head.startswith((*_BEGINNINGS, *_TIFF)):
        return True
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    if _brand(head) in AVIF:
        return True
    if head[:2] == b"BM":
        return head[6:10] == b"\0\0\0\0" and head[14:18] in (b"\x0c\0\0\0", b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0")
    return head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in b" \t\r\n" and len(head) > 6


def _brand(head: bytes) -> bytes:
    """Return the brand of what begins as MP4 does."""
    return head[8:12] if head[4:8] == b"ftyp" else b""


def unreadable_kind(head: bytes) -> str | None:
    """Return what a file is that Pillow cannot read, and what to do; None where that is not known.

    Args:
        head: the first `HEAD` bytes.
    """
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "the file is empty"
    if _brand(head) in HEIC:
        return f"it is a HEIC picture, whatever its ending: {AS_JPEG}"
    if _brand(head) in AVIF:
        return "it is an AVIF picture, which needs Pillow 11.3 or newer"
    if head.startswith(_JPEG_XL):
        return f"it is a JPEG XL picture: {AS_JPEG}"
    if _brand(head) == b"crx " or head.startswith((b"IIRO", b"IIRS", b"IIU\0", b"FUJIFILM", b"FOVb")):
        return f"it is a camera's raw photo: {AS_TIFF}"
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is a web page, not a picture"
    if start.startswith((b"<svg", b"<?xml")):
        return f"it is a drawing or other XML: {AS_PNG}"
    if head[128:132] == b"DICM":
        return f"it is a DICOM file: {AS_PNG}"
    if head.startswith(_TIFF):
        return "it is TIFF of a kind that Pillow does not read: save it as grey or RGB of 8 or 16 bits"
    if head.startswith((b"%!PS", b"%PDF")):
        return f"it is PostScript or PDF, which is not read: {AS_PNG}"
    return None


def passed_over_text(endings: Mapping[str, int]) -> str:
    """Return how many files of which endings are passed over: "2 .heic (cannot be read: convert to JPEG), 3 .txt".

    Args:
        endings: ending -> number of files.
    """
    ordered = sorted(endings.items(), key=lambda one: (one[0] not in UNREADABLE, -one[1], one[0]))
    shown = []
    for ending, count in ordered[:8]:
        todo = f" (cannot be read: {UNREADABLE[ending]})" if ending in UNREADABLE else ""
        shown.append(f"{count:,} {ending or 'without an ending'}{todo}")
    more = sum(count for _, count in ordered[8:])
    return ", ".join([*shown, *([f"{more:,} others"] if more else [])])
