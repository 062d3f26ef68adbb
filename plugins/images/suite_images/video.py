"""Reads videos and cameras frame by frame, and writes videos, with OpenCV and the FFmpeg in its wheels."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from suite import UserError
from suite.kit import atomic_path, check_memory, reason, refuse_special
from suite_images.containers import is_cut_off

SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".ogv", ".mts",
    ".m2ts",
)  # fmt: skip
"""The endings of videos, lower case."""

USUAL_RATE = 25.0
"""Frames per second if a video or a camera does not say."""

_BYTES_OF_PIXEL = 40
"""The frames that a decoder keeps, and one as OpenCV and as RGB."""

# Errors say what is wrong; OpenCV and FFmpeg would write it to stderr. A frame of which data is missing is
# left out, not made up. Only formats that hold their own pictures are opened: a playlist would have FFmpeg
# open the files that it names. FFmpeg takes its settings from the environment alone.
_FORMATS = "mov,avi,matroska,mpeg,mpegts,mpegvideo,asf,flv,ogg,m4v,h264,hevc"
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault(
    "OPENCV_FFMPEG_CAPTURE_OPTIONS",
    f"fflags;discardcorrupt|protocol_whitelist;file|format_whitelist;{_FORMATS}",
)

_HEAD = 64
"""Bytes in which every video has one that no text has."""

_CODECS = {".mp4": ("avc1", "mp4v"), ".avi": ("MJPG",)}


class FrameSource(Protocol):
    """The origin of frames: a `Video` or a `Camera`."""

    @property
    def name(self) -> str:
        """The name in messages."""

    @property
    def total(self) -> int | None:
        """The number of frames; None if it is not known."""

    @property
    def rate(self) -> float:
        """Frames per second."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of its frames."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """An image of a video; `suite_images.reading.read` takes it.

    Attributes:
        source: the video or camera.
        index: counted from 0.
        time: seconds since the beginning.
        pixels: uint8 (height, width, 3), RGB, upright.
    """

    source: FrameSource
    index: int
    time: float
    pixels: np.ndarray

    @property
    def name(self) -> str:
        """The name of the video, `#`, and the index."""
        return f"{self.source.name}#{self.index}"


class Video:
    """The frames of a file, upright, each read when iteration reaches it.

    If the file cannot be read, iteration raises an error; making the object does not.

    Attributes:
        path: the file.
        name: the path as given.
        total: the number of frames that the file declares; None if it declares none.
        rate: frames per second.
        size: (height, width), upright; (0, 0) if the file cannot be read.
        live: False: frames are read a few batches ahead.
    """

    live = False

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.name = str(path)
        count = rate = height = width = 0.0
        with suppress(UserError), ExitStack() as closing:
            capture = self._open(closing)
            count, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
            height, width = capture.get(cv2.CAP_PROP_FRAME_HEIGHT), capture.get(cv2.CAP_PROP_FRAME_WIDTH)
        self.total = int(count) if 0 < count < 2**40 else None
        self.rate = _sensible(rate)
        self.size = int(height), int(width)

    def __iter__(self) -> Iterator[Frame]:
        """The frames in their order; a single one is in memory.

        Raises:
            UserError: at once, if there is no file, it is no video, or no frame can be read; after the last
                whole frame, if the file is cut off.
        """
        index, seconds = 0, 0.0
        with ExitStack() as closing:
            capture = self._open(closing)
            while (pixels := _next(capture)) is not None:
                seconds = max(0.0, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
                yield Frame(self, index, seconds, pixels)
                index += 1
        expected = (self.total or 0) / self.rate
        # Many files only estimate how long they are.
        ends_early = expected - seconds > max(1.0, expected / 10)
        if index == 0 or ends_early or is_cut_off(self.path):
            of = f" of its {self.total:,}" if self.total and self.total >= index else ""
            raise UserError(
                f"{self.name} is damaged or cut off: {index:,}{of} frames could be read, which are all used"
                if index
                else f"{self.name} is damaged: none{of} frames can be read"
            )

    def _open(self, closing: ExitStack) -> cv2.VideoCapture:
        try:
            length = self.path.stat().st_size
            refuse_special(self.path)
            if not self.path.is_file():
                raise UserError(f"{self.name} is no file, so it is no video")
            if _is_text(self.path):
                raise UserError(
                    f"{self.name} is no video but a text: a playlist, which names files and addresses, is not"
                    " read"
                )
            capture = cv2.VideoCapture(_name_for_opencv(self.path), cv2.CAP_FFMPEG)
            closing.callback(capture.release)
            if capture.isOpened():
                height, width = (
                    int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH)
                )
                frame = f"{self.name} has frames of {width:,} x {height:,} pixels"
                check_memory(frame, height * width * _BYTES_OF_PIXEL)
                return capture
            if length == 0:
                raise UserError(f"{self.name} is empty")
            if is_cut_off(self.path):
                raise UserError(
                    f"{self.name} is cut off, and without what is missing none of its frames can be read"
                )
        except OSError as error:
            raise UserError(f"{self.name} cannot be read: {reason(error)}") from None
        raise UserError(f"{self.name} is no video, or of a kind that is not read")


class Camera:
    """The frames of a camera, as they come, without end.

    Attributes:
        name: "camera:0".
        total: None.
        rate: frames per second, as the camera says.
        size: (height, width).
        live: True: each frame is predicted before the next one is read.

    Raises:
        UserError: if there is no such camera, or it may not be used.
    """

    total: None = None
    live = True

    def __init__(self, index: int) -> None:
        self.name = f"camera:{index}"
        self._capture = cv2.VideoCapture(index)
        if not self._capture.isOpened():
            raise UserError(f"there is no camera {index}, or it may not be used, or something else uses it")
        self.rate = _sensible(self._capture.get(cv2.CAP_PROP_FPS))
        self.size = (
            int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
        )

    def __iter__(self) -> Iterator[Frame]:
        """The frames from now on. To be called once.

        Raises:
            UserError: if the camera stops giving frames.
        """
        index, start = 0, time.monotonic()
        try:
            while (pixels := _next(self._capture)) is not None:
                yield Frame(self, index, time.monotonic() - start, pixels)
                index += 1
        finally:
            self._capture.release()
        raise UserError(f"{self.name} gives no more frames after {index:,}: is it still connected?")


def camera_index(word: str) -> int | None:
    """The index of the camera that a word names, `0` or `camera:0`; None if it names none."""
    digits = word.removeprefix("camera:")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else None


class VideoWriter:
    """Writes a video. The file appears when `close` returns, with all frames that were added by then.

    An .mp4 is H.264 if this OpenCV has an encoder for it (those of PyPI have none), else MPEG-4 part 2,
    which players play and browsers do not. An .avi is Motion JPEG.

    Args:
        path: its ending chooses the format.
        size: (height, width) of the frames. Odd sizes are filled up to even ones, which the formats need.
        rate: frames per second.

    Raises:
        UserError: if the format is not known, or the file cannot be written.
    """

    def __init__(self, path: Path, size: tuple[int, int], rate: float) -> None:
        self.path = path
        self._size = size
        self._count = 0
        codecs = _CODECS.get(path.suffix.lower())
        if codecs is None:
            raise UserError(f"{path}: videos are written as {' or '.join(_CODECS)}, not as '{path.suffix}'")
        height, width = size[0] + size[0] % 2, size[1] + size[1] % 2
        with ExitStack() as stack:
            self._temporary = stack.enter_context(atomic_path(path))
            name = _name_for_opencv(self._temporary)
            for codec in codecs:
                code = cv2.VideoWriter.fourcc(*codec)
                self._writer = cv2.VideoWriter(name, cv2.CAP_FFMPEG, code, _sensible(rate), (width, height))
                if self._writer.isOpened():
                    break
            else:
                raise UserError(f"{path} cannot be written: {_why_not(self._temporary)}")
            self._closing = stack.pop_all()

    def add(self, pixels: np.ndarray) -> None:
        """Write the next frame: uint8 (height, width, 3), RGB."""
        if pixels.shape[:2] != self._size:
            raise ValueError(f"a frame of {pixels.shape} in a video of {self._size}")
        image = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        odd_rows, odd_columns = self._size[0] % 2, self._size[1] % 2
        if odd_rows or odd_columns:
            image = cv2.copyMakeBorder(image, 0, odd_rows, 0, odd_columns, cv2.BORDER_REPLICATE)
        self._writer.write(image)
        self._count += 1

    def close(self) -> None:
        """Finish the video and give it its name.

        Raises:
            UserError: if the file is not whole: the disk is full, say.
        """
        with self._closing:
            self._writer.release()
            check = cv2.VideoCapture(_name_for_opencv(self._temporary), cv2.CAP_FFMPEG)
            written = check.get(cv2.CAP_PROP_FRAME_COUNT) if check.isOpened() else 0
            check.release()
            if written < self._count - 1:
                raise UserError(
                    f"{self.path} could not be written whole ({written:.0f} of {self._count} frames): is the"
                    " disk full?"
                )


def _name_for_opencv(path: Path) -> str:
    """A path as OpenCV takes it: absolute, so that FFmpeg takes no name for an address.

    Raises:
        UserError: if it is no text, which ends the process.
    """
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "backslashreplace").decode()
        raise UserError(
            f"{shown}: this path is not UTF-8 text, and videos are found by text: rename it"
        ) from None
    return name


def _is_text(path: Path) -> bool:
    """Whether a file begins as texts do. FFmpeg would open what a playlist names."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return bool(head) and not any(byte < 9 or 13 < byte < 32 for byte in head)


def _next(capture: cv2.VideoCapture) -> np.ndarray | None:
    got, image = capture.read()
    if not got:
        return None
    rgb: np.ndarray = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return rgb


def _sensible(rate: float) -> float:
    return rate if math.isfinite(rate) and 0.01 <= rate <= 1000 else USUAL_RATE


def _why_not(path: Path) -> str:
    try:
        path.touch()
    except OSError as error:
        return reason(error)
    return "this OpenCV has no encoder for it"
