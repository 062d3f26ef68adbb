"""Videos are read a frame at a time, written, and errors say in one sentence what is wrong with them."""

from __future__ import annotations

import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from suite import RunError, UserError
from suite_images import reading
from suite_images.containers import is_cut_off
from suite_images.video import Camera, Frame, Video, VideoWriter, camera_index

COUNT = 30


def gray_of(index: int) -> int:
    return 20 + 7 * index


def write(path: Path, height: int = 48, width: int = 64, rate: float = 25.0) -> Path:
    """A video in which every frame has a gray of its own, and a bright upper left corner."""
    writer = VideoWriter(path, (height, width), rate)
    for index in range(COUNT):
        image = np.full((height, width, 3), gray_of(index), np.uint8)
        image[: height // 4, : width // 4] = (250, 20, 20)
        writer.add(image)
    writer.close()
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("videos") / "video.mp4")


def until_it_breaks_off(video: Video) -> tuple[list[Frame], str]:
    frames: list[Frame] = []
    try:
        frames.extend(video)
    except UserError as error:
        return frames, str(error)
    raise AssertionError("the video does not break off")


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
    for offset in range(at + 12, at + 12 + 4 * count, 4):
        struct.pack_into(">I", index, offset, struct.unpack_from(">I", index, offset)[0] + len(index))
    return boxes.pop(b"ftyp") + bytes(index) + b"".join(boxes.values())


@pytest.mark.parametrize("name", ["video.mp4", "video.avi"])
def test_what_is_written_is_read_back_frame_by_frame(tmp_path, name):
    path = write(tmp_path / name, rate=30000 / 1001)
    video = Video(path)
    assert (video.name, video.total, video.size) == (str(path), COUNT, (48, 64))
    assert video.rate == pytest.approx(29.97, abs=0.01)
    frames = list(video)
    assert [frame.index for frame in frames] == list(range(COUNT))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(COUNT) / 29.97, abs=0.002)
    grays = [int(frame.pixels[-10:, -10:].mean()) for frame in frames]
    assert grays == pytest.approx([gray_of(index) for index in range(COUNT)], abs=3)
    red, green, blue = frames[5].pixels[4, 4].tolist()
    assert red > 200
    assert green < 70
    assert blue < 70
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_video_can_be_gone_through_again_and_left_in_the_middle(video):
    opened = Video(video)
    for frame in opened:
        if frame.index == 3:
            break
    assert len(list(opened)) == COUNT


def test_a_frame_is_an_image_with_a_name(video):
    frame = next(iter(Video(video)))
    assert frame.name == f"{video}#0"
    assert reading.size(frame) == (48, 64)
    assert reading.read(frame) is frame.pixels


def test_a_video_that_was_held_sideways_is_upright(video, tmp_path):
    content = bytearray(video.read_bytes())
    matrix = content.find(b"tkhd") + 4 + 40
    assert struct.unpack_from(">3i", content, matrix) == (0x10000, 0, 0)
    struct.pack_into(">9i", content, matrix, 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    (tmp_path / "sideways.mp4").write_bytes(content)
    turned = Video(tmp_path / "sideways.mp4")
    assert turned.size == (64, 48)
    frame = next(iter(turned))
    assert frame.pixels.shape == (64, 48, 3)
    assert frame.pixels[4, -4, 0] > 200, "a quarter turn clockwise: the corner is now at the upper right"


@pytest.mark.parametrize("share", [0.75, 0.85, 0.95])
@pytest.mark.parametrize("kind", ["mp4", "avi"])
def test_a_video_that_ends_in_the_middle_of_a_frame_gives_all_before_it_and_then_says_so(
    video, tmp_path, kind, share
):
    content = index_first(video.read_bytes()) if kind == "mp4" else write(tmp_path / "whole.avi").read_bytes()
    (tmp_path / f"whole.{kind}").write_bytes(content)
    assert len(list(Video(tmp_path / f"whole.{kind}"))) == COUNT
    cut = tmp_path / f"cut.{kind}"
    cut.write_bytes(content[: int(len(content) * share)])
    frames, message = until_it_breaks_off(Video(cut))
    assert 0 < len(frames) < COUNT
    assert message == (
        f"{cut} is damaged or cut off: {len(frames)} of its {COUNT} frames could be read, which are all used"
    )
    grays = [int(frame.pixels[-10:, -10:].mean()) for frame in frames]
    assert grays == pytest.approx([gray_of(index) for index in range(len(frames))], abs=3)


def test_an_mp4_that_lacks_its_end_cannot_be_read_and_says_why(video, tmp_path):
    (tmp_path / "cut.mp4").write_bytes(video.read_bytes()[:-500])
    cut = Video(tmp_path / "cut.mp4")
    assert (cut.total, cut.size) == (None, (0, 0))
    with pytest.raises(UserError, match="is cut off, and without what is missing none of its frames"):
        next(iter(cut))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"once upon a time\n" * 50, "is no video"), (None, "no such file")],
)
def test_what_is_no_video_is_refused_in_one_sentence(tmp_path, content, message):
    path = tmp_path / "video.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        list(Video(path))
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_name_that_is_no_text_is_said_and_does_not_end_the_process(video, tmp_path):
    odd = tmp_path / "na\udcefve.mp4"
    odd.write_bytes(video.read_bytes())
    with pytest.raises(UserError, match=r"na\\udcefve.mp4: this path is not UTF-8 text"):
        list(Video(odd))
    folder = tmp_path / "na\udcefve"
    folder.mkdir()
    with pytest.raises(UserError, match="this path is not UTF-8 text"):
        VideoWriter(folder / "a.mp4", (48, 64), 25.0)
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_nothing_is_written_to_stderr(video, tmp_path):
    (tmp_path / "text.mp4").write_bytes(b"no video\n" * 100)
    (tmp_path / "cut.mp4").write_bytes(index_first(video.read_bytes())[:-300])
    program = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from suite import RunError, UserError; from suite_images.video import *\n"
        "writer = VideoWriter(Path(sys.argv[1]), (16, 16), 25); writer.add(np.zeros((16, 16, 3), np.uint8))\n"
        "writer.close()\n"
        "for path in sys.argv[2:]:\n"
        "    try: list(Video(path))\n"
        "    except UserError: print('refused')\n"
        "try: Camera(99)\n"
        "except UserError: print('refused')\n"
    )
    paths = [str(tmp_path / name) for name in ("new.mp4", "text.mp4", "cut.mp4")]
    done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused"] * 3
    assert done.stderr == ""


def test_whole_files_of_every_kind_are_whole_and_cut_ones_are_not(video, tmp_path):
    matroska = b"\x1a\x45\xdf\xa3\x84test" + b"\x18\x53\x80\x67\x01\0\0\0\0\0\0\x0a" + b"0123456789"
    for content in (video.read_bytes(), write(tmp_path / "a.avi").read_bytes(), matroska):
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


def test_a_video_of_odd_sides_loses_no_pixel(tmp_path):
    path = write(tmp_path / "odd.mp4", 45, 63)
    assert Video(path).size == (46, 64)


def test_a_video_is_there_only_when_it_is_finished_and_then_with_all_frames(tmp_path):
    writer = VideoWriter(tmp_path / "video.mp4", (16, 16), 25)
    writer.add(np.zeros((16, 16, 3), np.uint8))
    assert not (tmp_path / "video.mp4").exists()
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]
    assert len(list(Video(tmp_path / "video.mp4"))) == 1


def test_a_video_that_cannot_be_written_is_refused_at_once(tmp_path):
    with pytest.raises(RunError, match="no such file or directory"):
        VideoWriter(tmp_path / "nowhere" / "video.mp4", (16, 16), 25)
    with pytest.raises(UserError, match=r"\.mp4 or \.avi, not as '\.gif'"):
        VideoWriter(tmp_path / "video.gif", (16, 16), 25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("word", "index"),
    [("0", 0), ("camera:3", 3), ("camera:", None), ("video", None), ("-1", None), ("٣", None), ("", None)],
)
def test_words_for_cameras(word, index):
    assert camera_index(word) == index


def test_a_camera_that_is_not_there_is_named():
    with pytest.raises(UserError, match="there is no camera 99"):
        Camera(99)


@pytest.mark.parametrize(
    "text", ["#EXTM3U\n#EXTINF:1,\n/etc/hostname\n", "ffconcat version 1.0\nfile /etc/hostname\n"]
)
def test_a_playlist_opens_no_other_file(tmp_path, text):
    (tmp_path / "list.mp4").write_text(text)
    with pytest.raises(UserError, match="is no video but a text"):
        next(iter(Video(tmp_path / "list.mp4")))


def test_a_playlist_that_does_not_look_like_a_text_opens_no_other_file(tmp_path):
    with closing(VideoWriter(tmp_path / "secret.avi", (16, 16), 25)) as writer:
        writer.add(np.zeros((16, 16, 3), np.uint8))
    (tmp_path / "list.mp4").write_bytes(b"ffconcat version 1.0\n#\x01\nfile secret.avi\n")
    with pytest.raises(UserError, match="is no video, or of a kind that is not read"):
        next(iter(Video(tmp_path / "list.mp4")))
