"""Films are read a frame at a time, written, and say in one sentence what is wrong with them."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from suite import UserError
from suite_pictures import pictures
from suite_pictures.containers import is_cut_off
from suite_pictures.films import Camera, Film, FilmWriter, Frame, camera_index

COUNT = 30


def grey_of(index: int) -> int:
    return 20 + 7 * index


def write(path: Path, height: int = 48, width: int = 64, rate: float = 25.0) -> Path:
    """A film in which every frame has a grey of its own, and a bright upper left corner."""
    writer = FilmWriter(path, (height, width), rate)
    for index in range(COUNT):
        picture = np.full((height, width, 3), grey_of(index), np.uint8)
        picture[: height // 4, : width // 4] = (250, 20, 20)
        writer.add(picture)
    writer.close()
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("films") / "film.mp4")


def until_it_breaks_off(film: Film) -> tuple[list[Frame], str]:
    frames: list[Frame] = []
    try:
        frames.extend(film)
    except UserError as error:
        return frames, str(error)
    raise AssertionError("the film does not break off")


def index_first(content: bytes) -> bytes:
    """An .mp4 with its index before its frames, as cameras and editors write it for streaming."""
    boxes: dict[bytes, bytes] = {}
    position = 0
    while position < len(content):
        (length,) = struct.unpack_from(">I", content, position)
        boxes[content[position + 4 : position + 8]] = content[position : position + length]
        position += length
    index = bytearray(boxes.pop(b"moov"))
    at = index.find(b"stco")
    (count,) = struct.unpack_from(">I", index, at + 8)
    for place in range(at + 12, at + 12 + 4 * count, 4):
        struct.pack_into(">I", index, place, struct.unpack_from(">I", index, place)[0] + len(index))
    return boxes.pop(b"ftyp") + bytes(index) + b"".join(boxes.values())


@pytest.mark.parametrize("name", ["film.mp4", "film.avi"])
def test_what_is_written_is_read_back_frame_by_frame(tmp_path, name):
    path = write(tmp_path / name, rate=30000 / 1001)
    film = Film(path)
    assert (film.name, film.total, film.size) == (str(path), COUNT, (48, 64))
    assert film.rate == pytest.approx(29.97, abs=0.01)
    frames = list(film)
    assert [frame.index for frame in frames] == list(range(COUNT))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(COUNT) / 29.97, abs=0.002)
    greys = [int(frame.pixels[-10:, -10:].mean()) for frame in frames]
    assert greys == pytest.approx([grey_of(index) for index in range(COUNT)], abs=3)
    red, green, blue = frames[5].pixels[4, 4].tolist()
    assert red > 200
    assert green < 70
    assert blue < 70
    assert sorted(one.name for one in tmp_path.iterdir()) == [name]


def test_a_film_can_be_gone_through_again_and_left_in_the_middle(film):
    opened = Film(film)
    for frame in opened:
        if frame.index == 3:
            break
    assert len(list(opened)) == COUNT


def test_a_frame_is_a_picture_with_a_name(film):
    frame = next(iter(Film(film)))
    assert frame.name == f"{film}#0"
    assert pictures.size(frame) == (48, 64)
    assert pictures.read(frame) is frame.pixels


def test_a_film_that_was_held_sideways_is_upright(film, tmp_path):
    content = bytearray(film.read_bytes())
    matrix = content.find(b"tkhd") + 4 + 40
    assert struct.unpack_from(">3i", content, matrix) == (0x10000, 0, 0)
    struct.pack_into(">9i", content, matrix, 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    (tmp_path / "sideways.mp4").write_bytes(content)
    turned = Film(tmp_path / "sideways.mp4")
    assert turned.size == (64, 48)
    frame = next(iter(turned))
    assert frame.pixels.shape == (64, 48, 3)
    assert frame.pixels[4, -4, 0] > 200, "a quarter turn clockwise: the corner is now at the upper right"


@pytest.mark.parametrize("share", [0.75, 0.85, 0.95])
@pytest.mark.parametrize("kind", ["mp4", "avi"])
def test_a_film_that_ends_in_the_middle_of_a_frame_gives_all_before_it_and_then_says_so(
    film, tmp_path, kind, share
):
    content = index_first(film.read_bytes()) if kind == "mp4" else write(tmp_path / "whole.avi").read_bytes()
    (tmp_path / f"whole.{kind}").write_bytes(content)
    assert len(list(Film(tmp_path / f"whole.{kind}"))) == COUNT
    cut = tmp_path / f"cut.{kind}"
    cut.write_bytes(content[: int(len(content) * share)])
    frames, message = until_it_breaks_off(Film(cut))
    assert 0 < len(frames) < COUNT
    assert message == (
        f"{cut} is damaged or cut off: {len(frames)} of its {COUNT} frames could be read, which are all used"
    )
    greys = [int(frame.pixels[-10:, -10:].mean()) for frame in frames]
    assert greys == pytest.approx([grey_of(index) for index in range(len(frames))], abs=3)


def test_an_mp4_that_lacks_its_end_cannot_be_read_and_says_why(film, tmp_path):
    (tmp_path / "cut.mp4").write_bytes(film.read_bytes()[:-500])
    cut = Film(tmp_path / "cut.mp4")
    assert (cut.total, cut.size) == (None, (0, 0))
    with pytest.raises(UserError, match="is cut off, and without what is missing none of its frames"):
        next(iter(cut))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"once upon a time\n" * 50, "is no film"), (None, "no such file")],
)
def test_what_is_no_film_is_said_in_one_sentence(tmp_path, content, message):
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        list(Film(path))
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_nothing_is_written_to_stderr(film, tmp_path):
    (tmp_path / "text.mp4").write_bytes(b"no film\n" * 100)
    (tmp_path / "cut.mp4").write_bytes(index_first(film.read_bytes())[:-300])
    program = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from suite import UserError; from suite_pictures.films import *\n"
        "writer = FilmWriter(Path(sys.argv[1]), (16, 16), 25); writer.add(np.zeros((16, 16, 3), np.uint8))\n"
        "writer.close()\n"
        "for path in sys.argv[2:]:\n"
        "    try: list(Film(path))\n"
        "    except UserError: print('refused')\n"
        "try: Camera(99)\n"
        "except UserError: print('refused')\n"
    )
    paths = [str(tmp_path / name) for name in ("new.mp4", "text.mp4", "cut.mp4")]
    done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused"] * 3
    assert done.stderr == ""


def test_whole_files_of_every_kind_are_whole_and_cut_ones_are_not(film, tmp_path):
    matroska = b"\x1a\x45\xdf\xa3\x84test" + b"\x18\x53\x80\x67\x01\0\0\0\0\0\0\x0a" + b"0123456789"
    for content in (film.read_bytes(), write(tmp_path / "a.avi").read_bytes(), matroska):
        path = tmp_path / "file"
        path.write_bytes(content)
        assert not is_cut_off(path)
        path.write_bytes(content[:-1])
        assert is_cut_off(path)
    live = matroska.replace(
        b"\x01\0\0\0\0\0\0\x0a", b"\x01" + b"\xff" * 7
    )  # a live recording: size not known
    path.write_bytes(live[:-1])
    assert not is_cut_off(path)


def test_a_film_of_odd_sides_loses_no_pixel(tmp_path):
    path = write(tmp_path / "odd.mp4", 45, 63)
    assert Film(path).size == (46, 64)


def test_a_film_is_there_only_when_it_is_finished_and_then_with_all_frames(tmp_path):
    writer = FilmWriter(tmp_path / "film.mp4", (16, 16), 25)
    writer.add(np.zeros((16, 16, 3), np.uint8))
    assert not (tmp_path / "film.mp4").exists()
    writer.close()
    assert [one.name for one in tmp_path.iterdir()] == ["film.mp4"]
    assert len(list(Film(tmp_path / "film.mp4"))) == 1


def test_where_a_film_cannot_be_written_it_is_said_at_once(tmp_path):
    with pytest.raises(UserError, match="no such file or directory"):
        FilmWriter(tmp_path / "nowhere" / "film.mp4", (16, 16), 25)
    with pytest.raises(UserError, match=r"\.mp4 or \.avi, not as '\.gif'"):
        FilmWriter(tmp_path / "film.gif", (16, 16), 25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("word", "index"),
    [("0", 0), ("camera:3", 3), ("camera:", None), ("film", None), ("-1", None), ("٣", None), ("", None)],
)
def test_words_for_cameras(word, index):
    assert camera_index(word) == index


def test_a_camera_that_is_not_there_is_named():
    with pytest.raises(UserError, match="there is no camera 99"):
        Camera(99)
