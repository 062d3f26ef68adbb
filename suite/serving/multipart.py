"""The parts of a `multipart/form-data` body, cut out of it in memory."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

from suite.serving.problems import RequestError

# It would warn of each form that is wrong, whose sender is told so.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

_MORE_FIELDS = 16
"""Parts that are no inputs (`options`), and some to spare."""


@dataclass(slots=True)
class Part:
    """A part of a form.

    Attributes:
        field: the name of the form's field.
        filename: as the client says; None for a part that is no file.
        content_type: of the part, lower case without parameters; empty if it has none.
        content: its bytes.
    """

    field: str
    filename: str | None
    content_type: str
    content: bytes


def parts_of(content_type: str, body: bytes, max_inputs: int) -> list[Part]:
    """The parts of a form.

    Args:
        content_type: of the request, with the boundary.
        body: all of it.
        max_inputs: how many parts are inputs at most.

    Raises:
        RequestError: if it is no form, is cut off, or has too many parts.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise _malformed("its Content-Type names no boundary")
    form = _Form(max_inputs + _MORE_FIELDS)
    try:
        parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise _malformed(str(error)) from None
    if parser.state != MultipartState.END:
        raise _malformed("it is cut off: the last boundary is missing")
    return form.parts


class _Form:
    """Gathers the parts while they are parsed."""

    def __init__(self, most: int) -> None:
        self.parts: list[Part] = []
        self._most = most
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._pieces: list[bytes] = []

    def callbacks(self) -> dict[str, object]:
        """What `MultipartParser` calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) >= self._most:
            message = f"the form has more than {self._most} parts: send less at once"
            raise RequestError(413, "too_many_inputs", message)
        self._headers, self._pieces = {}, []

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def _end(self) -> None:
        disposition, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if disposition != b"form-data":
            raise _malformed("a part has no 'Content-Disposition: form-data'")
        filename = options.get(b"filename")
        kind = parse_options_header(self._headers.get(b"content-type", b""))[0]
        self.parts.append(
            Part(
                field=options.get(b"name", b"").decode("utf-8", "replace"),
                filename=None if filename is None else filename.decode("utf-8", "replace"),
                content_type=kind.decode("latin-1"),
                content=self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces),
            )
        )


def _malformed(why: str) -> RequestError:
    return RequestError(400, "malformed_form", f"the body is no multipart/form-data that can be read: {why}")
