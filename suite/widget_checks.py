"""Whether widgets are well formed and can show a prediction, and those of a task that declares none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from suite.widgets import AudioInput, FileInput, ImageInput, TextInput, Widgets

if TYPE_CHECKING:
    from suite.pipeline.codec import Codec

_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
"""If a codec reads any of these, its inputs are taken for images unless the task says what they are."""
_SOUNDS = (".wav", ".flac", ".mp3", ".ogg")
"""The same for recordings."""


def default_widgets(codec: Codec) -> Widgets:
    """The page of a task that declares none: an input of the kind that its codec reads, and bare fields."""
    if codec.accepts_text:
        return Widgets(input=TextInput())
    if set(_IMAGES) & set(codec.suffixes):
        return Widgets(input=ImageInput())
    if set(_SOUNDS) & set(codec.suffixes):
        return Widgets(input=AudioInput())
    return Widgets(input=FileInput())


def widgets_defect(widgets: Any) -> str:
    """What is wrong with a declaration, as the end of a sentence; "" if nothing is."""
    if not isinstance(widgets, Widgets):
        return f"are {widgets!r}, no suite.widgets.Widgets"
    try:
        msgspec.convert(msgspec.to_builtins(widgets), Widgets)
    except (msgspec.ValidationError, TypeError) as error:
        return f"are of a wrong type: {error}"
    if not widgets.outputs:
        return "have no outputs: what a prediction says could not be seen"
    return ""


def prediction_defects(widgets: Widgets, prediction: Any, optional: Collection[str] = ()) -> Iterator[str]:
    """What of a prediction cannot be shown as the widgets say: sentences that name widget and field.

    Args:
        widgets: of the task.
        prediction: as plain JSON values.
        optional: fields that need not be in it.
    """
    for output in widgets.outputs:
        for attribute, shape in output.shapes.items():
            field = getattr(output, attribute)
            if field is None:
                continue
            whose = f"{type(output).__name__}({attribute}={field!r})"
            if field and not isinstance(prediction, Mapping):
                kind = type(prediction).__name__
                yield f"{whose} names a field, and a prediction is a {kind}, which has none"
                continue
            if field in optional and field not in prediction:
                continue
            if field and field not in prediction:
                known = ", ".join(map(str, prediction)) or "none at all"
                yield f"{whose} names a field that predictions lack: they have {known}"
                continue
            try:
                msgspec.convert(prediction[field] if field else prediction, shape)
            except msgspec.ValidationError as error:
                yield f"{whose} names a field that cannot be shown so: {error}"
