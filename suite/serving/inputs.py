"""What a request holds, as what a codec reads: bytes with a name, texts and arrays; never a path.

Nothing that a client sends is taken as the path of a file or as an address: many codecs would open a string.
Files become bytes in memory, and a string reaches a codec only if texts are its inputs.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import msgspec

from suite.errors import UserError
from suite.pipeline.codec import Codec
from suite.prediction.encoding import name_of
from suite.serving.arrays import array_of
from suite.serving.multipart import parts_of
from suite.serving.problems import RequestError
from suite.serving.settings import ServerSettings
from suite.sources import BytesSource

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LONGEST_NAME = 200
"""Bytes, of the 255 that a file's name may have."""
_LONGEST_TYPE = 500

_SUFFIXES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/gzip": ".gz",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/x-msvideo": ".avi",
    "video/x-matroska": ".mkv",
    "video/webm": ".webm",
    "video/mpeg": ".mpg",
    "video/ogg": ".ogv",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/wave": ".wav",
    "audio/mpeg": ".mp3",
    "audio/flac": ".flac",
    "audio/x-flac": ".flac",
    "audio/ogg": ".ogg",
    "audio/webm": ".webm",
    "audio/mp4": ".m4a",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "application/octet-stream": "",
}
"""What a body is called that has no name, by its content type."""

_KINDS = ("image/", "audio/", "video/")


@dataclass(slots=True)
class Given:
    """An input of a request.

    Attributes:
        name: for people.
        raw: for the codec; None if there is a `stream` or an `error`.
        stream: a file that holds many inputs, as its bytes.
        error: why it cannot be read.
        quick: whether it is encoded faster than it is handed to another thread.
    """

    name: str
    raw: Any = None
    stream: bytes | None = None
    error: str | None = None
    quick: bool = False


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON body of a request for predictions.

    Attributes:
        inputs: each a text, a file as `{"base64": ..., "name": ...}`, or an array as nested lists or as
            `{"array": ..., "dtype": ..., "sampling_rate": ...}`.
        options: of the prediction, by name.
    """

    inputs: list[Any]
    options: dict[str, Any] = {}


class Base64Input(msgspec.Struct, forbid_unknown_fields=True):
    """A file in JSON.

    Attributes:
        base64: its bytes.
        name: its name, whose ending may say what it is.
    """

    base64: str
    name: str = ""


class ArrayInput(msgspec.Struct, forbid_unknown_fields=True):
    """An array in JSON.

    Attributes:
        array: nested lists of numbers, all of one length; null is a missing value.
        dtype: of the array, "uint8" say; empty chooses one.
        sampling_rate: of a recording, samples per second.
    """

    array: list[Any]
    dtype: str = ""
    sampling_rate: float | None = None


@dataclass(slots=True)
class Parsed:
    """What a request asks for.

    Attributes:
        inputs: in their order, one at least.
        options: of the prediction.
    """

    inputs: list[Given]
    options: dict[str, Any]


_request = msgspec.json.Decoder(Request)
_options = msgspec.json.Decoder(dict[str, Any])


def parsed_request(
    content_type: str, body: bytes, name: str, codec: Codec, settings: ServerSettings
) -> Parsed:
    """What the body of a request asks for.

    Args:
        content_type: of the body.
        body: all of it.
        name: what the client calls a body that is one file; may be empty.
        codec: that will read the inputs.
        settings: of the server.

    Raises:
        RequestError: if the request as a whole cannot be read; what is wrong with one input is an error of
            its own.
    """
    if len(content_type) > _LONGEST_TYPE:
        raise RequestError(415, "content_type", "the Content-Type of the request is too long")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _of_json(body, codec, settings)
    if kind == "multipart/form-data":
        return _of_form(content_type, body, codec, settings)
    if not body:
        raise RequestError(400, "no_input", "the request has no body: send a file, a form or JSON")
    if kind == "text/plain" and codec.accepts_text:
        return Parsed([_text(_decoded(body), 0, codec, settings)], {})
    if kind in _SUFFIXES or kind.startswith(_KINDS) or kind in ("text/plain", "text/csv"):
        named = cleaned(name) or f"input{_SUFFIXES.get(kind, '')}"
        return Parsed([_file(named, body, codec, settings)], {})
    given = f"'{kind[:100]}'" if kind else "no Content-Type"
    raise RequestError(
        415,
        "content_type",
        f"the request has {given}: send multipart/form-data (curl -F file=@FILE), application/json, or a file"
        " with its own type (curl -H 'Content-Type: image/jpeg' --data-binary @FILE)",
    )


def cleaned(name: str) -> str:
    """A name from outside, as the name of a file: without folders and control characters, not long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    last = _CONTROLS.sub("", last).strip()
    if last.strip(".") == "":
        return ""
    encoded = last.encode()
    if len(encoded) > _LONGEST_NAME:
        suffix = PurePosixPath(last).suffix.encode()[:20]
        last = (encoded[: _LONGEST_NAME - len(suffix)] + suffix).decode(errors="ignore")
    return last


MAX_ELEMENTS = 4_000_000
"""Of lists in JSON: each takes thirty bytes and more of memory, in a file or a binary tensor one to four."""


def check_elements(body: bytes | memoryview) -> None:
    """Refuse JSON of too many elements before it is decoded. Raises `RequestError`."""
    if len(body) > MAX_ELEMENTS and bytes(body).count(b",") > MAX_ELEMENTS:
        raise RequestError(
            413,
            "too_many_elements",
            f"the JSON has lists of more than {MAX_ELEMENTS:,} elements: send arrays as files, or as binary"
            " tensors (/v2)",
        )


def _of_json(body: bytes, codec: Codec, settings: ServerSettings) -> Parsed:
    check_elements(body)
    try:
        request = _request.decode(body)
    except msgspec.ValidationError as error:
        raise RequestError(
            422, "invalid_request", f'{error}: send {{"inputs": [...]}}, with "options" if you like'
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, "malformed_json", f"the body is no JSON that can be read: {error}") from None
    if not request.inputs:
        raise RequestError(422, "no_input", 'there is nothing in "inputs"')
    check_count(len(request.inputs), settings)
    inputs = [_of_value(value, index, codec, settings) for index, value in enumerate(request.inputs)]
    return Parsed(inputs, request.options)


def check_count(count: int, settings: ServerSettings) -> None:
    """Refuse a request of too many inputs. Raises `RequestError`."""
    if count > settings.max_inputs:
        raise RequestError(
            413,
            "too_many_inputs",
            f"the request has {count:,} inputs, more than the limit of {settings.max_inputs}: send several",
        )


def _of_form(content_type: str, body: bytes, codec: Codec, settings: ServerSettings) -> Parsed:
    inputs: list[Given] = []
    options: dict[str, Any] = {}
    for part in parts_of(content_type, body, settings.max_inputs):
        if part.filename is None and part.field == "options":
            try:
                options = _options.decode(part.content)
            except msgspec.DecodeError as error:
                raise RequestError(
                    422, "invalid_request", f"the part 'options' is no JSON object: {error}"
                ) from None
        elif part.filename is None and part.content_type in ("", "text/plain"):
            inputs.append(_text(_decoded(part.content), len(inputs), codec, settings))
        else:
            name = cleaned(part.filename or "") or f"input {len(inputs)}"
            inputs.append(_file(name, part.content, codec, settings))
    if not inputs:
        raise RequestError(422, "no_input", "the form has no file: send one as curl -F file=@FILE does")
    check_count(len(inputs), settings)
    return Parsed(inputs, options)


def _of_value(value: Any, index: int, codec: Codec, settings: ServerSettings) -> Given:
    """An element of `inputs`."""
    name = f"input {index}"
    if isinstance(value, str):
        return _text(value, index, codec, settings)
    try:
        if isinstance(value, list):
            return Given(name, raw=array_of(value))
        if isinstance(value, dict) and "base64" in value:
            encoded = msgspec.convert(value, Base64Input)
            content = base64.b64decode(encoded.base64, validate=True)
            return _file(cleaned(encoded.name) or name, content, codec, settings)
        if isinstance(value, dict) and "array" in value:
            given = msgspec.convert(value, ArrayInput)
            return _array(name, given, codec)
    except (msgspec.ValidationError, binascii.Error, ValueError, UserError) as error:
        return Given(name, error=f"it cannot be read: {error}")
    return Given(
        name,
        error='it is no input: give a text, {"base64": "...", "name": "..."} or {"array": [...]}',
    )


def _array(name: str, given: ArrayInput, codec: Codec) -> Given:
    array = array_of(given.array, given.dtype)
    if given.sampling_rate is None:
        return Given(name, raw=array)
    rate = int(given.sampling_rate) if given.sampling_rate.is_integer() else given.sampling_rate
    if not codec.is_single((array, rate)):
        return Given(name, error="this model takes arrays without a sampling_rate")
    return Given(name, raw=(array, rate))


def _text(text: str, index: int, codec: Codec, settings: ServerSettings) -> Given:
    if not codec.accepts_text:
        reads = " ".join((*codec.suffixes, *codec.stream_suffixes))
        return Given(
            f"input {index}",
            error=f"this model takes no texts: send a file ({reads})"
            if reads
            else "this model takes no texts",
        )
    if len(text) > settings.max_characters:
        return Given(
            name_of(text, index),
            error=f"it has {len(text):,} characters, more than the limit of {settings.max_characters:,}",
        )
    return Given(name_of(text, index), raw=text, quick=len(text) <= _QUICK)


_QUICK = 10_000
"""Characters."""


def _file(name: str, content: bytes, codec: Codec, settings: ServerSettings) -> Given:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in codec.stream_suffixes and suffix not in codec.suffixes:
        return Given(name, stream=content)
    if codec.accepts_text and not codec.suffixes and len(content) > 4 * settings.max_characters:
        return Given(
            name,
            error=f"it has {len(content):,} bytes; a text has {settings.max_characters:,} characters at most",
        )
    return Given(name, raw=BytesSource(content, name))


def given_file_or_text(content: bytes, index: int, codec: Codec, settings: ServerSettings) -> Given:
    """An input without a name: a text if the codec reads texts, else a file."""
    if codec.accepts_text and not codec.suffixes:
        try:
            return _text(content.decode("utf-8-sig"), index, codec, settings)
        except UnicodeDecodeError:
            return Given(f"input {index}", error="the text is not in UTF-8")
    return _file(f"input {index}", content, codec, settings)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestError(400, "encoding", "the text is not in UTF-8") from None
