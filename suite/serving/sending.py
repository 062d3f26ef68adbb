"""Inputs as a server takes them: each as a file or as JSON, several together in requests of bounded size."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import msgspec

from suite.errors import UserError
from suite.prediction.encoding import UNREADABLE, name_of, reason_of
from suite.serving.remote_model import RemoteModel
from suite.sources import source

MAX_INPUTS = 32
MAX_BYTES = 8_000_000
"""Of one request; a larger input has a request to itself."""

_OVERHEAD = 1000
"""Bytes around each file of a form, its name among them, and around all of it."""


@dataclass(frozen=True)
class Sent:
    """An input as it is sent.

    Attributes:
        raw: the input itself.
        name: how a message calls it.
        value: what JSON has of it, if it is no file.
        file: its bytes, if it is one.
        filename: the name of the file.
        many: a file of many inputs, with a prediction for each.
        error: why it cannot be sent.
    """

    raw: Any
    name: str
    value: Any = None
    file: bytes | None = None
    filename: str = ""
    many: bool = False
    error: str | None = None

    @property
    def size(self) -> int:
        """Bytes of the request that are for it, about."""
        if self.file is not None:
            return len(self.file) + _OVERHEAD
        return 4 * len(self.value) if isinstance(self.value, str) else 20 * _count(self.value)

    @property
    def kind(self) -> str:
        """What shares a request."""
        return "many" if self.many else "file" if self.file is not None else "json"


def sent_inputs(raws: Iterable[Any], model: RemoteModel) -> Iterator[Sent]:
    """Each raw input, read; one that cannot be read has its error."""
    limit = model.limits.get("max_body_mb")
    for index, raw in enumerate(raws):
        name = name_of(raw, index)
        try:
            sent = _sent(raw, name, model)
        except UNREADABLE as error:
            sent = Sent(raw, name, error=reason_of(error))
        if limit and sent.size > limit * 1e6:
            sent = Sent(
                raw,
                name,
                error=f"it has {sent.size / 1e6:,.0f} MB, and the server takes {limit:g} MB at once",
            )
        yield sent


def requests_of(inputs: Iterable[Sent], model: RemoteModel) -> Iterator[list[Sent]]:
    """The inputs in their order, as many together as make a request; what cannot be sent is alone."""
    most = max(1, min(MAX_INPUTS, int(model.limits.get("max_inputs", MAX_INPUTS))))
    together: list[Sent] = []
    size = 0
    for sent in inputs:
        alone = sent.error is not None or sent.many
        full = together and (
            alone or together[0].kind != sent.kind or len(together) == most or size + sent.size > MAX_BYTES
        )
        if full:
            yield together
            together, size = [], 0
        if alone:
            yield [sent]
            continue
        together.append(sent)
        size += sent.size
    if together:
        yield together


def body_of(inputs: Sequence[Sent], options: Mapping[str, Any]) -> tuple[bytes, str]:
    """The body of a request and its content type: a form of files, or JSON."""
    if inputs[0].file is None:
        values: dict[str, Any] = {"inputs": [sent.value for sent in inputs]}
        if options:
            values["options"] = dict(options)
        return msgspec.json.encode(values), "application/json"
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    if options:
        parts += [
            f'--{boundary}\r\nContent-Disposition: form-data; name="options"\r\n\r\n'.encode(),
            msgspec.json.encode(dict(options)),
            b"\r\n",
        ]
    for sent in inputs:
        assert sent.file is not None
        named = f'name="file"; filename="{_quoted(sent.filename)}"'
        head = (
            f"--{boundary}\r\nContent-Disposition: form-data; {named}"
            "\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        parts += [head.encode("utf-8", "replace"), sent.file, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def is_single(raw: Any, model: RemoteModel) -> bool:
    """Whether a list or a tuple is one input: an array with its rate, or a series of numbers."""
    if isinstance(raw, tuple) and len(raw) == 2 and hasattr(raw[0], "ndim"):
        return True
    numbers = isinstance(raw, list | tuple) and raw and all(_is_number(value) for value in raw)
    return bool(numbers) and not model.inputs.text


def _sent(raw: Any, name: str, model: RemoteModel) -> Sent:
    if isinstance(raw, str) and model.inputs.text:
        return Sent(raw, name, value=raw)
    text = getattr(raw, "text", None)  # a line of a file of texts
    if model.inputs.text and isinstance(text, str):
        return Sent(raw, name, value=text)
    array = _array(raw)
    if array is not None:
        return Sent(raw, name, value=array)
    try:
        read = source(raw)
    except TypeError as error:
        raise UserError(f"{error}, a text, or an array") from None
    filename = PurePath(str(getattr(read, "name", ""))).name or "input"
    suffix = PurePath(filename).suffix.lower()
    many = suffix in model.inputs.streams and suffix not in model.inputs.files
    return Sent(raw, name, file=read.read(), filename=filename, many=many)


def _array(raw: Any) -> Any:
    """An array as JSON has it; None for what is none."""
    rate = None
    if isinstance(raw, Mapping) and set(raw) == {"array", "sampling_rate"}:
        raw, rate = raw["array"], raw["sampling_rate"]
    elif isinstance(raw, tuple) and len(raw) == 2 and hasattr(raw[0], "ndim"):
        raw, rate = raw
    if isinstance(raw, list | tuple):
        values: dict[str, Any] = {"array": list(raw)}
    elif hasattr(raw, "tolist") and hasattr(raw, "dtype"):
        values = {"array": raw.tolist()}
        if raw.dtype.kind in "biuf":
            values["dtype"] = raw.dtype.name
    else:
        return None
    if rate is not None:
        values["sampling_rate"] = rate
    return values


def _count(value: Any) -> int:
    if isinstance(value, Mapping):
        return _count(value.get("array"))
    if isinstance(value, list):
        return len(value) * _count(value[0]) if value else 1
    return 1


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _quoted(filename: str) -> str:
    """As browsers write a name within quotation marks."""
    return filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
