"""AVIF, JPEG 2000, HEIC, 16 bits, any number of channels, pages, and JPEGs that are damaged."""

import io
import struct
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest
from PIL import Image, features

from suite import UserError
from suite_images import heif, reading
from suite_images.conversion import depth_of
from suite_images.encoding import jpeg
from suite_images.headers import read_header
from suite_images.native_warnings import can_watch, watched
from suite_images.pages import pages
from suite_images.resizing import resize

RANDOM = np.random.default_rng(0)
IMAGE = resize(RANDOM.integers(0, 256, (5, 7, 3), np.uint8), 40, 60)

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow writes no AVIF")
needs_watching = pytest.mark.skipif(not can_watch(), reason="the C library of this system is not known")


def saved(image, kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    return exif.tobytes()


def difference(first, second):
    return np.abs(first.astype(int) - second).mean()


@needs_avif
@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_turned_upright(orientation):
    content = saved(IMAGE, "avif", quality=95, exif=turned(orientation))
    upright = reading._upright(IMAGE, orientation)
    assert reading.size(content) == upright.shape[:2]
    assert difference(reading.read(content), upright) < 4
    assert reading.SUFFIXES.index(".avif")


@needs_avif
def test_avif_with_transparency_and_ten_bits():
    clear = np.dstack([IMAGE, np.zeros(IMAGE.shape[:2], np.uint8)])
    assert (reading.read(saved(clear, "avif")) == 255).all()
    done, content = cv2.imencode(
        ".avif", IMAGE[:, :, ::-1].astype(np.uint16) * 4, [cv2.IMWRITE_AVIF_DEPTH, 10]
    )
    assert done
    assert difference(reading.read(content.tobytes()), IMAGE) < 6
    assert read_header(content.tobytes(), "x").bits == 10


@pytest.mark.parametrize("raw_codestream", [False, True])
def test_jpeg_2000(raw_codestream):
    content = saved(IMAGE, "jpeg2000", no_jp2=raw_codestream)
    assert reading.size(content) == (40, 60)
    assert (reading.read(content) == IMAGE).all()
    with pytest.raises(UserError, match="damaged or truncated JPEG 2000"):
        reading.read(content[: len(content) // 2])


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_heic(orientation):
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(IMAGE)).save(buffer, quality=95, exif=turned(orientation))
    content = buffer.getvalue()
    image = reading.read(content)
    assert read_header(content, "x").kind == "HEIC"
    assert image.shape[:2] == reading.size(content)
    assert difference(image, reading._upright(IMAGE, orientation)) < 5
    with pytest.raises(UserError, match="damaged or truncated HEIC"):
        reading.read(content[: len(content) - 200])


def test_heic_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(
        UserError, match=r"photo.JPG is an image in HEIC, which needs pillow-heif: pip install .*heic"
    ):
        heif.decode(b"", "photo.JPG")


def test_boxes_of_any_bytes_end():
    for _ in range(300):
        content = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + RANDOM.bytes(60) + b"meta" + RANDOM.bytes(60)
        with pytest.raises(UserError):
            reading.read(content)


@pytest.mark.parametrize(
    ("bits", "highest"), [(8, 255), (10, 1000), (12, 4095), (14, 9000), (16, 65535), (16, 20000)]
)
def test_values_of_fewer_bits_are_stretched(bits, highest):
    assert depth_of(highest) == bits
    values = np.linspace(0, highest, 64).astype(np.uint16).reshape(8, 8)
    wanted = np.minimum(np.rint(values * (255 / (2**bits - 1))), 255)
    for content in (
        values,
        cv2.imencode(".png", values)[1].tobytes(),
        cv2.imencode(".tif", values)[1].tobytes(),
    ):
        assert difference(reading.read(content, bits=bits)[:, :, 0], wanted) < 0.1
        assert difference(reading.view(content)[:, :, 0], wanted) < 0.1
        assert reading.storage(content, look=True) == (0, highest, False)


def tiff(array):
    """An uncompressed TIFF of any number of channels, of which the further ones are no alpha."""
    height, width, channels = array.shape
    bits = struct.pack(f"<{channels}H", *[8 * array.itemsize] * channels)
    extra = struct.pack(f"<{channels - 1}H", *[0] * (channels - 1))
    entries = 10
    at = 8 + 2 + 12 * entries + 4
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, channels, at), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, at + len(bits) + len(extra)), (277, 3, 1, channels), (278, 4, 1, height),
        (279, 4, 1, array.nbytes), (338, 3, channels - 1, at + len(bits)),
    ]  # fmt: skip
    packed = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = b"II*\0" + struct.pack("<IH", 8, entries)
    return head + packed + struct.pack("<I", 0) + bits + extra + array.tobytes()


@pytest.mark.parametrize("channels", [5, 13])
def test_any_number_of_channels(channels):
    pytest.importorskip("tifffile")
    array = RANDOM.integers(0, 256, (9, 11, channels), np.uint8)
    for raw in (array, tiff(array)):
        assert (reading.read(raw, channels=channels) == array).all()
        assert (reading.view(raw) == array[:, :, :3]).all()
        assert reading.storage(raw).channels == channels
        with pytest.raises(UserError, match=f"has {channels} channels, not 1, 3, or 4"):
            reading.read(raw)
        with pytest.raises(UserError, match=f"has {channels} channels, not 4"):
            reading.read(raw, channels=4)
    deep = tiff(array.astype(np.uint16) * 16)
    assert difference(reading.read(deep, channels=channels, bits=12), array) < 1


def test_gray_and_four_channels_as_they_are_stored():
    rgba = RANDOM.integers(0, 256, (9, 11, 4), np.uint8)
    assert (reading.read(saved(rgba, "png"), channels=4) == rgba).all()
    assert reading.read(IMAGE, channels=1).shape == (40, 60, 1)
    assert reading.read(saved(IMAGE, "png"), channels=1).shape == (40, 60, 1)


def test_a_fourth_channel_of_a_tiff_is_alpha_unless_a_tag_says_that_it_is_not():
    clear = np.dstack([IMAGE, np.zeros(IMAGE.shape[:2], np.uint8)])
    for content in (saved(clear, "tiff"), cv2.imencode(".tif", clear)[1].tobytes()):
        assert reading.storage(content).channels == 0
        assert (reading.read(content)[0, 0] == 255).all()


def frames(kind, **options):
    first, *rest = (Image.fromarray(np.roll(IMAGE, 9 * number, 1)) for number in range(3))
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=rest, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "count"),
    [
        *((frames(kind), 3) for kind in ("gif", "webp", "png", "tiff")),
        *((saved(IMAGE, kind), 1) for kind in ("gif", "webp", "png", "tiff", "jpeg")),
    ],
)
def test_pages_and_frames_are_counted(content, count):
    header = read_header(content, "x")
    assert pages(content, header) == count
    for length in range(0, len(content), 97):
        assert pages(content[:length], header) >= 1


@needs_watching
def test_a_jpeg_that_lacks_only_its_end_is_read_and_one_that_lacks_more_is_not():
    content = jpeg(IMAGE, 90)
    assert content.endswith(b"\xff\xd9")
    assert (reading.read(content[:-2]) == reading.read(content)).all()
    assert reading.lacks_end(content[:-2], read_header(content, "x"))
    with pytest.raises(UserError, match="is a truncated JPEG: its end is missing"):
        reading.read(content[: len(content) // 2])


def garbled():
    """A JPEG in whose middle are other bytes, such that libjpeg has something to say."""
    content = bytearray(jpeg(RANDOM.integers(0, 256, (200, 200, 3), np.uint8), 95))
    middle = len(content) // 2
    content[middle : middle + 400] = np.random.default_rng(1).bytes(400)
    return bytes(content)


@pytest.mark.slow
@needs_watching
def test_a_garbled_jpeg_is_named_and_nothing_of_libjpeg_reaches_the_terminal(tmp_path):
    (tmp_path / "garbled.jpg").write_bytes(garbled())
    program = (
        "import sys, suite_images.reading as r\n"
        "try: r.read(sys.argv[1])\n"
        "except Exception as error: print(error)\n"
        "print('still there', file=sys.stderr)"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "garbled.jpg")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.rstrip().endswith("garbled.jpg is a damaged JPEG: its data are corrupt within")
    assert done.stderr == "still there\n"


@needs_watching
def test_of_many_threads_each_learns_of_its_own_image():
    contents = [garbled() if number % 3 == 0 else jpeg(IMAGE, 90) for number in range(30)]
    refused = []

    def read(number):
        try:
            reading.read(contents[number])
        except UserError:
            refused.append(number)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(refused) == list(range(0, 30, 3))


def test_watching_passes_results_and_errors_on():
    assert watched(lambda: 7) == (7, "")
    with pytest.raises(ZeroDivisionError):
        watched(lambda: 1 // 0)
    assert watched(lambda: 8) == (8, "")


def test_colors_of_32_bits_are_read_in_their_order_and_refused_if_they_are_too_large(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    colors = np.arange(60, dtype=np.uint32).reshape(4, 5, 3)
    tifffile.imwrite(tmp_path / "a.tif", colors, photometric="rgb")
    image = reading.read(tmp_path / "a.tif")
    assert image.dtype == np.uint8
    assert (image == colors).all()
    tifffile.imwrite(tmp_path / "a.tif", colors + (1 << 31), photometric="rgb")
    with pytest.raises(UserError, match=r"a\.tif has uint32 values from 2\.14748e\+09 to 2\.14748e\+09: "):
        reading.read(tmp_path / "a.tif")
