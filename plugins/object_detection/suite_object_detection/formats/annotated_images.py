"""Predictions as images and videos with boxes on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from suite_images import reading
from suite_images.drawing import color_of, draw_boxes
from suite_images.resizing import letterbox
from suite_images.video import Frame, FrameSource, VideoWriter
from suite_object_detection.formats.naming import relative_name
from suite_object_detection.formats.output_folder import OutputFolder
from suite_object_detection.types import Detections


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
        self._folder = OutputFolder(folder, "images with boxes")
        self._classes: list[str] = list(facts.get("classes", ()))
        self._video: tuple[FrameSource, VideoWriter, tuple[int, int]] | None = None

    def add(self, raw: Any, name: str, prediction: Detections) -> None:
        """Draw the next prediction.

        Args:
            raw: the image: what the codec encoded.
            name: how a message calls it.
            prediction: its boxes.

        Raises:
            suite.UserError: if the image cannot be read any more, or nothing be written.
        """
        pixels = self._annotated(reading.view(raw), prediction)
        if isinstance(raw, Frame):
            self._add_frame(raw, pixels)
            return
        self._end_video()
        relative = relative_name(raw, name)
        self._folder.write_image(relative, pixels, raw)

    def close(self) -> Sequence[Path]:
        """Finish the video that was begun, and return what was written."""
        self._end_video()
        return self._folder.written

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
            path = self._folder.free(PurePosixPath(name).with_suffix(".mp4"), frame.source)
            self._video = frame.source, VideoWriter(path, size, frame.source.rate), size
        _, writer, size = self._video
        # A video has one size, but a broadcast that was recorded may change it.
        writer.add(pixels if pixels.shape[:2] == size else letterbox(pixels, *size))

    def _end_video(self) -> None:
        if self._video is not None:
            _, writer, _ = self._video
            self._video = None
            writer.close()
            self._folder.written.append(writer.path)
