"""A prediction as a line: for people, or as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suite.prediction.results import Result

_ESCAPES = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"})


def json_line(result: Result) -> str:
    """`{"input", "prediction"}`, or `{"input", "error"}`."""
    import msgspec

    line: dict[str, Any] = {"input": result.name.encode("utf-8", "backslashreplace").decode()}
    if result.error is None:
        line["prediction"] = result.prediction
    else:
        line["error"] = result.error
    return msgspec.json.encode(line).decode()


def text_line(result: Result, width: int = 0) -> str:
    """The name of the input and its prediction on one line.

    Args:
        result: with a prediction.
        width: of the column of names; 0 puts a tab between name and prediction instead.
    """
    name, text = result.name.translate(_ESCAPES), text_of(result.prediction).translate(_ESCAPES)
    return f"{name:<{width}}  {text}" if width else f"{name}\t{text}"


def text_of(prediction: Any) -> str:
    """What `str()` of its type says for people, else JSON."""
    if has_text(prediction):
        return str(prediction)
    import msgspec

    return msgspec.json.encode(prediction).decode()


def has_text(prediction: Any) -> bool:
    """Whether the type of a prediction says how people read it."""
    of_its_type: Any = type(prediction).__str__
    return of_its_type is not object.__str__
