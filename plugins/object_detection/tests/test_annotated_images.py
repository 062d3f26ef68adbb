"""Predictions as images and videos with boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suite import RunError, UserError
from suite.sources import FileSource, open_tree
from suite_images import reading
from suite_images.drawing import color_of
from suite_images.encoding import jpeg, png
from suite_images.video import Video, VideoWriter
from suite_object_detection.codec import DetectionCodec
from suite_object_detection.formats.annotated_images import AnnotatedImagesWriter
from suite_object_detection.types import Detections

FACTS = {"classes": ["cat", "dog"]}
PLAIN = np.full((80, 120, 3), 120, np.uint8)
FOUND = Detections(boxes=[(60.0, 40.0, 100.0, 70.0)], scores=[0.9], labels=["dog"])
NOTHING = Detections(boxes=[], scores=[], labels=[])


def is_annotated(pixels: np.ndarray) -> bool:
    """Whether the lower edge of the box of `FOUND` is there, in about the color of its class."""
    edge = pixels[69, 62:98].mean(axis=0) - 120
    wanted = np.subtract(color_of(1), 120)
    return bool(edge @ wanted > 0.3 * wanted @ wanted)


def write_video(path: Path, count: int = 6) -> Path:
    writer = VideoWriter(path, PLAIN.shape[:2], 25)
    for _ in range(count):
        writer.add(PLAIN)
    writer.close()
    return path


def test_each_image_keeps_its_name_and_kind_and_gets_its_boxes(tmp_path):
    (tmp_path / "a.JPG").write_bytes(jpeg(PLAIN))
    (tmp_path / "b.png").write_bytes(png(PLAIN))
    (tmp_path / "c.ppm").write_bytes(b"P6 120 80 255\n" + PLAIN.tobytes())
    writer = AnnotatedImagesWriter(tmp_path / "out", FACTS)
    for name in ("a.JPG", "b.png", "c.ppm"):
        writer.add(FileSource(tmp_path / name), str(tmp_path / name), FOUND)
    written = writer.close()
    assert [path.name for path in written] == ["a.JPG", "b.png", "c.png"]
    assert written[0].read_bytes()[:2] == b"\xff\xd8"
    assert written[1].read_bytes()[:4] == b"\x89PNG"
    for path in written:
        pixels = reading.read(path)
        assert is_annotated(pixels)
        assert np.abs(pixels[:20].astype(int) - 120).max() < 8, "far from the box nothing changes"


def test_an_image_without_detections_is_written_as_it_is(tmp_path):
    (tmp_path / "b.png").write_bytes(png(PLAIN))
    writer = AnnotatedImagesWriter(tmp_path / "out", FACTS)
    writer.add(FileSource(tmp_path / "b.png"), "b.png", NOTHING)
    (path,) = writer.close()
    assert (reading.read(path) == PLAIN).all()


def test_folders_below_the_input_folder_are_kept_and_equal_names_get_numbers(tmp_path):
    for folder in ("in/cats", "in/dogs", "other"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "1.png").write_bytes(png(PLAIN))
    tree = open_tree(tmp_path / "in")
    writer = AnnotatedImagesWriter(tmp_path / "out", FACTS)
    for index in range(2):
        writer.add(tree.source(index), tree.source(index).name, FOUND)
    for _ in range(2):
        writer.add(FileSource(tmp_path / "other" / "1.png"), "other/1.png", FOUND)
    written = [str(path.relative_to(tmp_path / "out")) for path in writer.close()]
    assert written == ["cats/1.png", "dogs/1.png", "1.png", "1-2.png"]
    assert all((tmp_path / "out" / name).is_file() for name in written)


def test_images_are_never_drawn_over_themselves_nor_over_others_that_were_there(tmp_path):
    (tmp_path / "a.png").write_bytes(png(PLAIN))
    writer = AnnotatedImagesWriter(tmp_path, FACTS)
    with pytest.raises(UserError, match=r"a\.png is there already and is not overwritten"):
        writer.add(FileSource(tmp_path / "a.png"), "a.png", FOUND)
    (tmp_path / "predictions.jsonl").touch()
    writer = AnnotatedImagesWriter(tmp_path, FACTS)
    with pytest.raises(UserError, match="not overwritten"):
        writer.add(FileSource(tmp_path / "a.png"), "a.png", FOUND)
    assert (reading.read(tmp_path / "a.png") == PLAIN).all()


def test_predicting_to_the_same_folder_again_writes_the_images_anew(tmp_path):
    (tmp_path / "a.png").write_bytes(png(PLAIN))
    for prediction in (NOTHING, FOUND):
        writer = AnnotatedImagesWriter(tmp_path / "out", FACTS)
        writer.add(FileSource(tmp_path / "a.png"), "a.png", prediction)
        (path,) = writer.close()
        (tmp_path / "out" / "predictions.jsonl").touch()
    assert is_annotated(reading.read(path))


def test_a_video_becomes_a_video_and_images_between_videos_stay_images(tmp_path):
    codec = DetectionCodec(classes=("cat", "dog"), size=(64, 64))
    (tmp_path / "a.png").write_bytes(png(PLAIN))
    writer = AnnotatedImagesWriter(tmp_path / "out", FACTS)
    first, second = (write_video(tmp_path / name) for name in ("one.mp4", "two.avi"))
    for path in (first, second):
        for frame in codec.open_stream(FileSource(path)):
            assert codec.encode(frame).context == (80, 120)
            writer.add(frame, frame.name, FOUND)
        writer.add(FileSource(tmp_path / "a.png"), "a.png", FOUND)
    written = writer.close()
    assert [path.name for path in written] == ["one.mp4", "a.png", "two.mp4", "a-2.png"]
    video = Video(written[2])
    assert (video.total, video.rate, video.size) == (6, 25, (80, 120))
    assert all(is_annotated(frame.pixels) for frame in video)


def test_what_was_drawn_of_a_video_before_an_interruption_is_a_video(tmp_path):
    writer = AnnotatedImagesWriter(tmp_path / "out", FACTS)
    for frame in Video(write_video(tmp_path / "video.mp4")):
        if frame.index == 4:
            break
        writer.add(frame, frame.name, FOUND)
    (path,) = writer.close()
    assert len(list(Video(path))) == 4


def test_arrays_are_called_by_what_messages_call_them(tmp_path):
    writer = AnnotatedImagesWriter(tmp_path / "out", FACTS)
    writer.add(PLAIN, "input 3", FOUND)
    assert [path.name for path in writer.close()] == ["input 3.png"]


def test_a_folder_that_cannot_be_written_is_reported_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot write"):
        AnnotatedImagesWriter(tmp_path / "file" / "out", FACTS)


def test_words_that_are_no_camera_mean_nothing_to_the_codec():
    assert DetectionCodec(classes=("cat",), size=(64, 64)).open_stream("photo") is None


def test_a_file_is_no_folder_for_images(tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(UserError, match=r"a\.txt is a file, but images with boxes need a folder"):
        AnnotatedImagesWriter(tmp_path / "a.txt", FACTS)
    assert (tmp_path / "a.txt").read_text() == "mine"
