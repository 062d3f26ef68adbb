"""Images are read as a person would expect, whatever the file; Pillow is the judge."""

import io
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from suite import UserError, limits
from suite.sources import FileSource
from suite.training_options import LimitOptions
from suite_images import reading

ROWS, COLUMNS = np.mgrid[:40, :60]
COLORS = np.stack([COLUMNS * 4, ROWS * 6, (COLUMNS + ROWS) * 2], axis=-1).astype(np.uint8)
IMAGE = Image.fromarray(COLORS)
TRANSLUCENT = Image.fromarray(np.dstack([COLORS, (COLUMNS * 4).astype(np.uint8)]))


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def by_pillow(content):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert("RGB"))


def difference(first, second):
    assert first.shape == second.shape
    assert first.dtype == second.dtype == np.uint8
    return int(np.abs(first.astype(int) - second.astype(int)).max())


@pytest.mark.parametrize(
    ("content", "tolerance"),
    [
        pytest.param(encoded(IMAGE, "JPEG", quality=95), 1, id="jpeg"),
        pytest.param(encoded(IMAGE, "JPEG", quality=95, progressive=True), 1, id="progressive jpeg"),
        pytest.param(encoded(IMAGE.convert("L"), "JPEG"), 1, id="gray jpeg"),
        pytest.param(encoded(IMAGE.convert("CMYK"), "JPEG", quality=95), 2, id="cmyk jpeg of adobe"),
        pytest.param(encoded(IMAGE, "PNG"), 0, id="png"),
        pytest.param(encoded(IMAGE.convert("L"), "PNG"), 0, id="gray png"),
        pytest.param(encoded(IMAGE.convert("1"), "PNG"), 0, id="black and white png"),
        pytest.param(encoded(IMAGE.quantize(16), "PNG"), 0, id="palette png"),
        pytest.param(encoded(IMAGE.quantize(16), "PNG", transparency=3), 0, id="transparent palette png"),
        pytest.param(encoded(IMAGE.convert("L"), "PNG", transparency=0), 0, id="transparent gray png"),
        pytest.param(encoded(IMAGE, "PNG", transparency=(0, 0, 0)), 0, id="transparent color png"),
        pytest.param(encoded(TRANSLUCENT, "PNG"), 1, id="translucent png"),
        pytest.param(encoded(TRANSLUCENT.convert("LA"), "PNG"), 1, id="translucent gray png"),
        pytest.param(encoded(TRANSLUCENT, "WEBP", lossless=True), 1, id="translucent webp"),
        pytest.param(encoded(TRANSLUCENT, "TIFF"), 1, id="translucent tiff"),
        pytest.param(encoded(IMAGE, "WEBP", lossless=True), 0, id="webp"),
        pytest.param(encoded(IMAGE, "WEBP"), 8, id="lossy webp"),
        pytest.param(encoded(IMAGE.quantize(16), "GIF"), 0, id="gif"),
        pytest.param(encoded(IMAGE.quantize(16), "GIF", transparency=3), 0, id="transparent gif"),
        pytest.param(encoded(IMAGE, "BMP"), 0, id="bmp"),
        pytest.param(encoded(IMAGE.quantize(16), "BMP"), 0, id="palette bmp"),
        pytest.param(encoded(IMAGE, "TIFF"), 0, id="tiff"),
        pytest.param(encoded(IMAGE, "TIFF", compression="tiff_lzw"), 0, id="lzw tiff"),
        pytest.param(encoded(IMAGE.quantize(16), "TIFF"), 0, id="palette tiff"),
        pytest.param(encoded(IMAGE, "PPM"), 0, id="ppm"),
        pytest.param(encoded(IMAGE.convert("L"), "PPM"), 0, id="pgm"),
    ],
)
def test_an_image_looks_as_it_does_elsewhere(content, tolerance):
    assert difference(reading.read(content), by_pillow(content)) <= tolerance


def test_cmyk_of_photoshop_and_without_its_mark():
    content = encoded(IMAGE.convert("CMYK"), "JPEG", quality=95)
    mark = content.index(b"Adobe")
    ycck = content[: mark + 11] + b"\x02" + content[mark + 12 :]
    (length,) = struct.unpack(">H", content[mark - 2 : mark])
    unmarked = content[: mark - 4] + content[mark - 2 + length :]
    for variant in (ycck, unmarked):
        assert difference(reading.read(variant), by_pillow(variant)) <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "image"),
    [("JPEG", IMAGE)] + [(kind, image) for kind in ("PNG", "WEBP", "TIFF") for image in (IMAGE, TRANSLUCENT)],
)
def test_exif_orientation_is_honored(kind, image, orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(image, kind, exif=exif, **options)
    assert difference(reading.read(content), by_pillow(content)) <= 1
    assert reading.size(content) == by_pillow(content).shape[:2]


def test_the_first_frame_of_an_animation():
    later = Image.fromarray(255 - COLORS)
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {})):
        frames = [IMAGE.quantize(64), later.quantize(64)] if kind == "GIF" else [IMAGE, later]
        content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
        assert difference(reading.read(content), by_pillow(content)) == 0


def test_sixteen_bits_are_scaled():
    deep = np.linspace(0, 65535, 2400).reshape(40, 60).astype(np.uint16)
    expected = np.repeat(np.rint(deep / 257).astype(np.uint8)[..., None], 3, axis=2)
    for content in (encoded(Image.fromarray(deep), "PNG"), encoded(Image.fromarray(deep), "TIFF"), deep):
        assert difference(reading.read(content), expected) == 0


def test_sixteen_bits_with_alpha():
    deep = np.full((4, 4, 4), 65535, np.uint16)
    deep[..., :3] = 0
    deep[..., 3] = 0x8080
    content = cv2.imencode(".png", deep)[1].tobytes()
    assert reading.read(content)[0, 0].tolist() == [127, 127, 127]


@pytest.mark.parametrize(
    "array",
    [
        COLORS[..., 0],
        COLORS[..., :1],
        COLORS[..., 0] / np.float32(255),
        COLORS[..., 0].astype(np.uint16) * 257,
        COLORS[..., 0].astype(np.int64),
    ],
    ids=["(H, W)", "(H, W, 1)", "float", "uint16", "int64"],
)
def test_gray_arrays(array):
    assert difference(reading.read(array), np.repeat(COLORS[..., :1], 3, axis=2)) == 0


def test_arrays_of_colors():
    assert difference(reading.read(COLORS), COLORS) == 0
    assert difference(reading.read(np.asarray(TRANSLUCENT)), by_pillow(encoded(TRANSLUCENT, "PNG"))) <= 1
    assert reading.read(np.eye(2, dtype=bool))[:, :, 0].tolist() == [[255, 0], [0, 255]]


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.full((2, 2), 7.0), r"float64 values from 7 to 7: .*16 bits \(uint16\), which hold these values"),
        (np.full((2, 2), -7), r"16 bits \(uint16\), from 0 to 65,535"),
        (np.full((2, 2), np.nan), r"no numbers \(NaN\)"),
        (np.full((2, 2), 300), "from 300 to 300"),
        (np.zeros((2, 2, 5), np.uint8), "has 5 channels, not 1, 3, or 4"),
        (np.zeros((0, 2, 3), np.uint8), "shape"),
        (np.zeros((2, 2), "U1"), "type"),
    ],
)
def test_arrays_that_are_no_image(array, sentence):
    with pytest.raises(UserError, match=sentence):
        reading.read(array)


def test_a_path_a_source_and_bytes_give_the_same(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(IMAGE, "PNG"))
    for raw in (path, str(path), FileSource(path), path.read_bytes(), bytearray(path.read_bytes())):
        assert difference(reading.read(raw), COLORS) == 0
        assert reading.size(raw) == (40, 60)


def test_large_photographs_may_come_smaller():
    content = encoded(IMAGE.resize((1200, 800)), "JPEG")
    assert reading.read(content, at_least=800).shape == (800, 1200, 3)
    assert reading.read(content, at_least=399).shape == (400, 600, 3)
    small = reading.read(content, at_least=100)
    assert small.shape == (100, 150, 3)
    assert difference(small, np.asarray(Image.open(io.BytesIO(content)).reduce(8))) <= 3


def test_turned_photographs_may_come_smaller():
    exif = Image.Exif()
    exif[0x112] = 6
    content = encoded(IMAGE.resize((1200, 800)), "JPEG", exif=exif)
    assert reading.read(content, at_least=100).shape == (150, 100, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95, 0.99])
def test_a_file_that_is_cut_off_is_an_error_and_not_gray(kind, share, tmp_path):
    content = encoded(IMAGE, kind)
    path = tmp_path / "broken.image"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match=r"broken.image is .*(truncated|damaged|no image)"):
        reading.read(path)


def test_a_truncated_jpeg_whose_thumbnail_is_whole():
    exif = b"Exif\0\0" + encoded(IMAGE.resize((10, 10)), "JPEG")
    content = encoded(IMAGE, "JPEG", exif=exif)
    assert reading.read(content).shape == (40, 60, 3)
    with pytest.raises(UserError, match="truncated JPEG: its end is missing"):
        reading.read(content[: len(content) - 20])


def test_a_jpeg_with_something_behind_its_end():
    assert reading.read(encoded(IMAGE, "JPEG") + b"\0" * 5000).shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"hello, this is a note\n", "is text, not an image"),
        ("照片".encode(), "is text, not an image"),
        (b"\n<!DOCTYPE html><html>404</html>", "is an HTML page, not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"PK\x03\x04....", "is a zip archive"),
        (b"\0\0\0\x18ftypheic....", "is a damaged HEIC: its header cannot be read"),
        (b"\0\0\0\x18ftypisom....", "is a video"),
        (b"\0" * 100, "holds zeros"),
        (bytes(range(128, 256)), "is no image of a kind that is read"),
        (b"\0\0\1\0\5\0" + bytes(16), "is an image in ICO, which is not read: convert it to PNG"),
        (
            b"\0\0\2" + bytes(9) + b"\x40\0\x40\0\x18\0" + b"\xd0" * 99,
            "is an image in TGA.*convert it to PNG",
        ),
    ],
)
def test_what_is_no_image_is_called_what_it_is(content, sentence, tmp_path):
    path = tmp_path / "cat.jpg"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"cat.jpg {sentence}"):
        reading.read(path)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def gigantic_files():
    side = 30_000
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    jpeg = bytearray(encoded(IMAGE, "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    bmp = bytearray(encoded(IMAGE, "BMP"))
    bmp[18:26] = struct.pack("<ii", side, side)
    gif = bytearray(encoded(IMAGE.quantize(4), "GIF"))
    gif[6:10] = struct.pack("<HH", side, side)
    tiff = encoded(IMAGE, "TIFF").replace(
        struct.pack("<HHII", 256, 4, 1, 60), struct.pack("<HHII", 256, 4, 1, 10**8)
    )
    return {
        "png": start,
        "jpeg": jpeg,
        "bmp": bmp,
        "gif": gif,
        "tiff": tiff,
        "ppm": b"P6\n30000 30000\n255\n",
    }


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp", "gif", "tiff", "ppm"])
def test_a_gigantic_image_is_refused_by_its_header(kind, tmp_path):
    path = tmp_path / "huge.bin"
    path.write_bytes(bytes(gigantic_files()[kind]))
    with pytest.raises(UserError, match=r"huge.bin has .* pixels(, more than| and would take)") as refused:
        reading.read(path)
    assert kind == "tiff" or "raise the limit with --set runtime.max_input_gb=" in str(refused.value)


def deep_png(side):
    """Transparent and of 16 bits: eight bytes a pixel, and few of them in the file."""
    packer = zlib.compressobj()
    rows = b"".join(packer.compress(bytes(1 + 8 * side)) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 16, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_the_limit_of_memory_is_an_option(monkeypatch):
    content = deep_png(400)
    limits.check_memory("this", 4 * 400 * 400)
    with limits.limited(max_input_gb=0.003):
        with pytest.raises(UserError, match="has 400 x 400 pixels and would take 0.00368 GB of memory, more"):
            reading.read(content)
        with pytest.raises(UserError, match="would take"):
            reading.storage(content, look=True)
    with limits.limited(max_input_gb=0.004):
        assert reading.read(content).shape == (400, 400, 3)
    monkeypatch.setattr(limits, "LARGE", 1000)
    monkeypatch.setattr(limits, "available_memory", lambda: 2000)
    with pytest.raises(UserError, match=r"would take 0.00368 GB of memory, and only 2e-06 GB are free"):
        reading.read(content)


def test_decoding_takes_no_more_memory_than_it_says():
    content = deep_png(1000)
    header = reading.read_header(content, "deep.png")
    tracemalloc.start()
    try:
        reading.read(content)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken < reading.decoded_bytes(header) + (8 << 20)


def test_large_images_wait_for_each_other(monkeypatch):
    monkeypatch.setattr(limits, "LARGE", 1000)
    at_work, most = [], []
    decode = reading._decode

    def watched(*arguments):
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.02)
        at_work.pop()
        return decode(*arguments)

    monkeypatch.setattr(reading, "_decode", watched)
    monkeypatch.setattr(limits, "_of_process", LimitOptions(max_input_gb=0.008))  # room for two
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(reading.read, [deep_png(400)] * 8))
    assert len(images) == 8
    assert max(most) == 2


def test_a_jpeg_of_countless_scans():
    content = bytearray(encoded(IMAGE, "JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", 2000, 2000)
    with pytest.raises(UserError, match="has 601 scans, which no encoder writes"):
        reading.read(bytes(content + b"\xff\xda\x00\x02" * 600))


def test_no_memory_is_not_called_damage(monkeypatch):
    def decode(*arguments):
        error = cv2.error("Insufficient memory")
        error.code = cv2.Error.StsNoMem
        raise error

    monkeypatch.setattr(cv2, "imdecode", decode)
    with pytest.raises(MemoryError, match="not enough memory to decode the given image"):
        reading.read(encoded(IMAGE, "PNG"))


def test_a_wrong_checksum_in_a_png():
    content = bytearray(encoded(IMAGE, "PNG"))
    content[60] ^= 255
    with pytest.raises(UserError, match="damaged PNG: a checksum is wrong"):
        reading.read(bytes(content))


@pytest.mark.slow
def test_nothing_is_written_to_stderr(tmp_path):
    content = encoded(IMAGE, "PNG")
    profile = chunk(b"iCCP", b"bad\0\0" + zlib.compress(b"x" * 200))
    (tmp_path / "profile.png").write_bytes(content[:33] + profile + content[33:])
    (tmp_path / "short.png").write_bytes(content[:-20])
    (tmp_path / "short.tif").write_bytes(encoded(IMAGE, "TIFF")[:-20])
    (tmp_path / "short.gif").write_bytes(encoded(IMAGE.quantize(4), "GIF")[:-20])
    code = (
        "import pathlib, sys, suite\n"
        "from suite_images import reading\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    try: print(path.name, reading.read(path).shape)\n"
        "    except suite.UserError: print(path.name, 'error')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "profile.png (40, 60, 3)",
        "short.gif error",
        "short.png error",
        "short.tif error",
    ]


def test_of_a_tag_that_a_tiff_has_twice_the_first_counts():
    content = encoded(IMAGE.resize((12, 9)), "TIFF")
    damaged = content.replace(struct.pack("<HHI", 278, 4, 1), struct.pack("<HHI", 256, 4, 1))
    assert damaged != content
    assert reading.size(damaged) == (9, 12)


@pytest.mark.slow
@given(
    kind=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM"]),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
)
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_an_image_or_an_error_in_words(kind, changes):
    content = bytearray(encoded(IMAGE.resize((12, 9)), kind))
    for position, value in changes:
        content[int(position * min(len(content), 200))] = value
    try:
        image = reading.read(bytes(content))
    except UserError:
        return
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    assert image.shape[:2] == reading.size(bytes(content))


def test_the_plugin_does_not_import_opencv():
    code = "import sys, suite_image_classification; sys.exit('cv2' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
