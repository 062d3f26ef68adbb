"""Predictions as images and videos with boxes on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from suite import UserError
from suite.evaluation import PREDICTIONS_FILE
from suite.kit import atomic_write, reason
from suite_images import reading
from suite_images.drawing import color_of, draw_boxes
from suite_images.encoding import jpeg, png
from suite_images.resizing import letterbox
from suite_images.video import Frame, FrameSource, VideoWriter
from suite_object_detection.formats.naming import relative_name
from suite_object_detection.types import Detections

_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")


class AnnotatedImagesWriter:
    """Writes an image with boxes for each image, and a video with boxes for each video.

    An image keeps its name, and in what was a folder or an archive also the folders below it; if two
    would be called the same, the later one gets a number. A JPEG stays one, everything else becomes a PNG; a
    video becomes an .mp4. In memory is one image at a time.

    A file that was there before is only overwritten in a folder that predictions were written to before,
    and never by the image that was made from it.

    Args:
        folder: made if it is not there.
        facts: of the data that the model was trained on; a class has the same color everywhere.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self._folder = folder
        self._classes: list[str] = list(facts.get("classes", ()))
        self._overwrites = (folder / PREDICTIONS_FILE).exists()
        self._written: list[Path] = []
        self._taken: set[Path] = set()
        self._video: tuple[FrameSource, VideoWriter, tuple[int, int]] | None = None
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file, but images with boxes need a folder: name another one")
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise _not_written(folder, error) from None

    def add(self, raw: Any, name: str, prediction: Detections) -> None:
        """Draw the next prediction.

        Args:
            raw: the image: what the codec encoded.
            name: how a message calls it.
            prediction: its boxes.

        Raises:
            suite.UserError: if the image cannot be read any more, or nothing be written.
        """
        pixels = self._annotated(reading.read(raw), prediction)
        if isinstance(raw, Frame):
            self._add_frame(raw, pixels)
            return
        self._end_video()
        relative = relative_name(raw, name)
        is_jpeg = relative.suffix.lower() in _JPEG
        path = self._free(relative if is_jpeg else relative.with_suffix(".png"), raw)
        try:
            atomic_write(path, jpeg(pixels, quality=92) if is_jpeg else png(pixels))
        except OSError as error:
            raise _not_written(path, error) from None
        self._written.append(path)

    def close(self) -> Sequence[Path]:
        """Finish the video that was begun, and return what was written."""
        self._end_video()
        return self._written

    def _annotated(self, pixels: np.ndarray, prediction: Detections) -> np.ndarray:
        return draw_boxes(
            pixels,
            prediction.boxes,
            [
                f"{label} {score:.2f}"
                for label, score in zip(prediction.labels, prediction.scores, strict=True)
            ],
            [color_of(self._index(label)) for label in prediction.labels],
        )

    def _index(self, label: str) -> int:
        if label not in self._classes:  # predictions from elsewhere
            self._classes.append(label)
        return self._classes.index(label)

    def _add_frame(self, frame: Frame, pixels: np.ndarray) -> None:
        if self._video is None or self._video[0] is not frame.source:
            self._end_video()
            size = pixels.shape[0], pixels.shape[1]
            # A camera's name has a colon, which Windows forbids.
            name = Path(frame.source.name).name.replace(":", "-")
            path = self._free(PurePosixPath(name).with_suffix(".mp4"), frame.source)
            self._video = frame.source, VideoWriter(path, size, frame.source.rate), size
        _, writer, size = self._video
        # A video has one size, but a broadcast that was recorded may change it.
        writer.add(pixels if pixels.shape[:2] == size else letterbox(pixels, *size))

    def _end_video(self) -> None:
        if self._video is not None:
            _, writer, _ = self._video
            self._video = None
            writer.close()
            self._written.append(writer.path)

    def _free(self, relative: PurePosixPath, raw: Any) -> Path:
        """The path for what comes from `raw`, in a folder that is there."""
        path = self._folder / relative
        number = 2
        while path in self._taken:
            path = (self._folder / relative).with_stem(f"{relative.stem}-{number}")
            number += 1
        self._taken.add(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and (not self._overwrites or _is_same(path, raw)):
                raise UserError(f"{path} is there already and is not overwritten: write to another folder")
        except OSError as error:
            raise _not_written(path, error) from None
        return path


def _is_same(path: Path, raw: Any) -> bool:
    origin = Path(getattr(raw, "name", None) or (raw if isinstance(raw, str | Path) else ""))
    return origin.is_file() and path.samefile(origin)


def _not_written(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be written: {reason(error)}")
