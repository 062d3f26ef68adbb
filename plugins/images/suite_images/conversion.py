"""Decoded arrays of any accepted type as uint8 with the channels that are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from suite import UserError
from suite.kit import counted, unimportable

OWN = 0
"""For `bits`: as many as the image's own largest value needs, so that people see something."""

_BLOCK = 1 << 18  # values: what is computed of them fits into a cache

DEPTHS = (8, 10, 12, 14, 16)
"""The bits per value that cameras and scanners give, of which files hold 16."""


@dataclass(frozen=True)
class Conversion:
    """What becomes of an array.

    Attributes:
        bits: how many of the 16 bits of a value are used; `OWN`: as many as the image needs.
        channels: of the result; see `reading.read`.
    """

    bits: int = 16
    channels: int = 3

    def from_rgb(self, image: np.ndarray, name: str) -> np.ndarray:
        """An image that is RGB already, uint8."""
        return image if self.channels == 3 else self.apply(image, name)

    def apply(
        self, array: np.ndarray, name: str, *, premultiplied: bool = False, alpha: bool = True
    ) -> np.ndarray:
        """An array (height, width) or (height, width, channels) of any accepted type.

        Args:
            array: to be converted.
            name: how a message calls it.
            premultiplied: whether colors are multiplied by alpha already.
            alpha: whether a fourth channel is transparency; if not, it is one more like the others.

        Raises:
            UserError: if it has other channels than wanted, or values that are no image.
        """
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim != 3 or not array.size:
            raise UserError(
                f"{name} has the shape {array.shape}: an image is (height, width) or (height, width,"
                " channels)"
            )
        given = array.shape[2]
        as_stored = self.channels not in (1, 3)
        if given != self.channels if as_stored else given not in ((1, 3, 4) if alpha else (1, 3)):
            wanted = f"{self.channels}" if as_stored else "1, 3, or 4 of which one is transparency"
            raise UserError(f"{name} has {counted(given, 'channel', 'channels')}, not {wanted}")
        array = eight_bits(array, name, self.bits)
        if as_stored:
            return np.ascontiguousarray(array)
        rgb = _on_white(array, premultiplied)
        if self.channels == 3:
            return rgb
        gray: np.ndarray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[:, :, None]
        return np.ascontiguousarray(gray)


def _on_white(array: np.ndarray, premultiplied: bool) -> np.ndarray:
    """RGB of uint8 with one, three or four channels."""
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    if array.shape[2] == 3:
        return np.ascontiguousarray(array)
    on_white = np.empty((*array.shape[:2], 3), np.uint8)
    for rows in _blocks(array):
        color, alpha = array[rows, :, :3].astype(np.uint16), array[rows, :, 3:].astype(np.uint16)
        if not premultiplied:
            color = (color * alpha + 127) // 255
        on_white[rows] = np.minimum(color + (255 - alpha), 255)
    return on_white


def _blocks(array: np.ndarray) -> Iterator[slice]:
    """Rows of an image, a few megabytes at a time: what is computed on the way is far larger."""
    step = max(1, _BLOCK // max(1, array[:1].size))
    for start in range(0, len(array), step):
        yield slice(start, start + step)


def as_rgb(image: np.ndarray) -> np.ndarray:
    """An image (height, width, channels) for people to look at: the first three channels, or the first."""
    if image.shape[2] == 3:
        return image
    shown = image[:, :, :3] if image.shape[2] > 2 else np.repeat(image[:, :, :1], 3, axis=2)
    return np.ascontiguousarray(shown)


def widen_bits(array: np.ndarray, bits: int) -> None:
    """Make values of fewer bits 16, in place: white becomes 65,535."""
    highest = 2**bits - 1
    for rows in _blocks(array):
        widened = (array[rows].astype(np.uint32) * 65535 + highest // 2) // highest
        array[rows] = np.minimum(widened, 65535)


def depth_of(highest: int) -> int:
    """The bits that a largest value needs: the first of `DEPTHS` that has room for it."""
    return next((bits for bits in DEPTHS if highest < 2**bits), DEPTHS[-1])


def eight_bits(array: np.ndarray, name: str, bits: int = 16) -> np.ndarray:
    """The values of an array as uint8.

    Args:
        array: of uint8, uint16, bool, floats from 0 to 1, or other integers from 0 to 255.
        name: how a message calls it.
        bits: see `Conversion`; only of uint16.

    Raises:
        UserError: if the values are no image's.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "buif":
        raise UserError(f"{name} has values of type {array.dtype}, which are no image")
    eight = np.empty(array.shape, np.uint8)
    if array.dtype == np.uint16:
        if bits == OWN:
            bits = depth_of(int(array.max()))
        highest = 2**bits - 1
        for rows in _blocks(array):
            scaled = (array[rows].astype(np.uint32) * 255 + highest // 2) // highest
            eight[rows] = np.minimum(scaled, 255)
    elif array.dtype.kind == "b":
        np.multiply(array, np.uint8(255), out=eight)
    else:
        low, high = array.min(), array.max()
        if low != low:
            raise UserError(f"{name} has values that are no numbers (NaN)")
        highest = 1 if array.dtype.kind == "f" else 255
        if not (low >= 0 and high <= highest):
            holds = "which hold these values" if low >= 0 and high <= 65535 else "from 0 to 65,535"
            raise UserError(
                f"{name} has {array.dtype} values from {low:g} to {high:g}: images of this type are from 0"
                f" (black) to {highest} (white). Scale them so, or save them as 16 bits (uint16), {holds}"
            )
        for rows in _blocks(array):
            eight[rows] = np.rint(array[rows] * 255) if highest == 1 else array[rows]
    return eight


def many_channels(content: bytes, name: str) -> np.ndarray:
    """A TIFF of two, or more than four channels, by tifffile, which is an extra.

    Raises:
        UserError: if tifffile is not installed, with the line that installs it, or the file is damaged.
    """
    try:
        import tifffile
    except ImportError as error:
        missing = (
            f"{name} is a TIFF of more channels than OpenCV reads, which needs tifffile:"
            ' pip install "suite-images[channels]"'
        )
        raise unimportable(error, "tifffile", missing) from None
    from io import BytesIO

    try:
        with tifffile.TiffFile(BytesIO(content)) as file:
            page = file.pages[0]
            array = np.asarray(page.asarray())
            planes_first = getattr(page, "planarconfig", 1) == 2
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever else the library raises, the file is the reason
        raise UserError(f"{name} is a damaged or unusual TIFF: {error}") from None
    return np.moveaxis(array, 0, -1) if planes_first and array.ndim == 3 else array
