"""How a task's inputs and predictions are shown on a page that tries a model: what `Task.widgets` declares.

A widget is a declaration, not code: it says of which kind an input is and which fields of a prediction hold
what, and the page of `suite serve` does the rest. So a task of any plugin has a page, and no page knows a
task.

A field is a name in the prediction as JSON; `""` is the prediction itself, and None says that there is no
such field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec


class InputWidget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What people give the model on the page.

    Attributes:
        label: what it is, in a few words ("A photo of a bird"); empty for what the kind is called.
    """

    label: str = ""


class ImageInput(InputWidget, frozen=True, kw_only=True, tag="image"):
    """An image: dropped, chosen, pasted or taken by the camera. The file is sent as it is."""


class AudioInput(InputWidget, frozen=True, kw_only=True, tag="audio"):
    """A recording: a file that is sent as it is, or recorded from the microphone and sent as WAV.

    Attributes:
        rate: samples per second of what the page records.
    """

    rate: int = 16_000


class TextInput(InputWidget, frozen=True, kw_only=True, tag="text"):
    """A text that is typed or pasted. It is sent as text if the codec accepts texts, else as a file.

    Attributes:
        placeholder: what the empty field shows.
    """

    placeholder: str = ""


class TableInput(InputWidget, frozen=True, kw_only=True, tag="table"):
    """Lines of a table, pasted or from a file; sent as a file.

    Attributes:
        suffix: the ending of the file that pasted lines are sent as.
        placeholder: what the empty field shows: a few lines of such a table.
    """

    suffix: str = ".csv"
    placeholder: str = ""


class FileInput(InputWidget, frozen=True, kw_only=True, tag="file"):
    """A file of any kind that the codec reads; sent as it is."""


class OutputWidget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """How a prediction, or some fields of it, are shown.

    Attributes:
        shapes: the type that each field of the prediction must have, by the attribute that names the field.
    """

    shapes: ClassVar[Mapping[str, Any]] = {}


class LabelsOutput(OutputWidget, frozen=True, kw_only=True, tag="labels"):
    """A class or several, with the share of each as a bar.

    Attributes:
        label: the field with the name of the class, or with a list of names.
        scores: the field with numbers from 0 to 1 by the name of the class.
    """

    label: str = "label"
    scores: str | None = None

    shapes: ClassVar[Mapping[str, Any]] = {"label": str | list[str], "scores": dict[str, float]}


class BoxesOutput(OutputWidget, frozen=True, kw_only=True, tag="boxes"):
    """Boxes over the image that was given, each with the name of its class.

    Attributes:
        boxes: the field with a list of boxes: x1, y1, x2, y2 in pixels of the upright image.
        labels: the field with a name for each box.
        scores: the field with a number from 0 to 1 for each box.
    """

    boxes: str = "boxes"
    labels: str | None = "labels"
    scores: str | None = "scores"

    shapes: ClassVar[Mapping[str, Any]] = {
        "boxes": list[tuple[float, float, float, float]],
        "labels": list[str],
        "scores": list[float],
    }


class TimedWord(msgspec.Struct, frozen=True, kw_only=True):
    """A word of a transcript, as `TranscriptOutput.words` has it. More fields may follow.

    Attributes:
        text: the word.
        start: seconds from the beginning.
        end: the same.
        confidence: from 0 to 1.
    """

    text: str
    start: float
    end: float
    confidence: float | None = None


class TranscriptOutput(OutputWidget, frozen=True, kw_only=True, tag="transcript"):
    """What is said in a recording; a click on a word plays it from there.

    Attributes:
        text: the field with the text.
        words: the field with a list of `TimedWord`; it may be empty.
    """

    text: str = "text"
    words: str | None = "words"

    shapes: ClassVar[Mapping[str, Any]] = {"text": str, "words": list[TimedWord]}


class TextOutput(OutputWidget, frozen=True, kw_only=True, tag="text"):
    """A text, which may grow while it is written.

    Attributes:
        text: the field with the text.
        alternatives: the field with a list of texts, of which the first is the same.
        continues: it goes on where the input ends, and is shown behind it.
    """

    text: str = "text"
    alternatives: str | None = None
    continues: bool = False

    shapes: ClassVar[Mapping[str, Any]] = {"text": str, "alternatives": list[str]}


class SeriesOutput(OutputWidget, frozen=True, kw_only=True, tag="series"):
    """How a series goes on: a line with intervals around it, behind the table that was given.

    Attributes:
        values: the field with a list of numbers for each of `levels`; without levels, with one list.
        levels: the field with the quantiles, rising from above 0 to below 1.
        start: the field with the time of the first step in ISO 8601, or its number.
        frequency: the field with the time between steps, as pandas calls it.
        name: the field with the name of the series.
    """

    values: str = "values"
    levels: str | None = "levels"
    start: str | None = "start"
    frequency: str | None = "frequency"
    name: str | None = "name"

    shapes: ClassVar[Mapping[str, Any]] = {
        "values": list[list[float] | float],
        "levels": list[float],
        "start": str | float,
        "frequency": str,
        "name": str,
    }


class JsonOutput(OutputWidget, frozen=True, kw_only=True, tag="json"):
    """The fields of a prediction with their values; what a task without widgets has."""


Input = ImageInput | AudioInput | TextInput | TableInput | FileInput
Output = LabelsOutput | BoxesOutput | TranscriptOutput | TextOutput | SeriesOutput | JsonOutput


class Widgets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a page shows a task.

    Attributes:
        input: what people give.
        outputs: how a prediction is shown, from top to bottom.
    """

    input: Input
    outputs: tuple[Output, ...] = (JsonOutput(),)
