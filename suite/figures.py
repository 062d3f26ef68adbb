"""What a report can show: images, tables, galleries, recordings and texts with highlights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from suite.charts import Axes as Axes
from suite.charts import Band as Band
from suite.charts import Line as Line
from suite.charts import line_chart as line_chart
from suite.charts import thinned as thinned
from suite.matrix_charts import matrix_chart as matrix_chart


@dataclass(frozen=True, kw_only=True)
class Image:
    """A figure that is an image: SVG text or PNG/JPEG/WebP bytes.

    Attributes:
        title: a few words.
        content: SVG as text, or an encoded image as bytes.
        caption: a sentence on how to read it.
    """

    title: str
    content: str | bytes
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A figure that is a table of text and numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | int]]
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """A figure that is a row of small images, each encoded (PNG, JPEG, WebP) with a caption.

    Attributes:
        title: a few words.
        items: the images and their captions, lines of text; the first one is shown as a heading.
        caption: a sentence on how to read it.
        large: whether details matter (boxes, say), so that the images are shown in twice the size.
    """

    title: str
    items: Sequence[tuple[bytes, str]]
    caption: str = ""
    large: bool = False


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """Two texts that belong together: the target, and below it the prediction.

    Attributes:
        upper: text, empty if there is only `lower`.
        lower: text, empty if there is only `upper`.
        mark: what is wrong with them, in a word; empty if nothing is.
    """

    upper: str
    lower: str
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A recording, and two rows of text that are aligned with each other.

    Attributes:
        sound: encoded audio that browsers play (MP3, Ogg, WAV, FLAC); empty if it is not at hand.
        caption: lines of text; the first one is shown as its heading.
        rows: the names of the upper and the lower row.
        aligned: the columns of the two rows, in order.
    """

    sound: bytes
    caption: str
    rows: tuple[str, str] = ("", "")
    aligned: Sequence[Aligned] = ()


@dataclass(frozen=True, kw_only=True)
class Clips:
    """A figure that is a list of recordings."""

    title: str
    items: Sequence[Clip]
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Highlight:
    """A text of which some segments weigh more than others.

    Attributes:
        caption: lines of text; the first one is shown as its heading.
        segments: all of the text in order, with the spaces between words, each with a weight from -1
            (against what the caption says) over 0 to 1 (for it).
    """

    caption: str
    segments: Sequence[tuple[str, float]]


@dataclass(frozen=True, kw_only=True)
class Highlights:
    """A figure that is a list of texts, shaded by the weights of their segments."""

    title: str
    items: Sequence[Highlight]
    caption: str = ""


Figure = Image | Table | Gallery | Clips | Highlights
