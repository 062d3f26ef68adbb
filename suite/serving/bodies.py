"""Reading the body of a request: no more bytes than allowed, in no more time, counted as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from suite.serving.problems import CLOSE, RequestError, busy
from suite.serving.settings import MB, ServerSettings

Result = TypeVar("Result")

_LARGE = 1 << 18
"""Bytes of a body from which on it is read in a thread."""


class ClientGoneError(Exception):
    """The client has closed the connection: nobody waits for an answer."""


class PendingBodies:
    """The bytes of all bodies that are held, and the most that may be.

    Args:
        most: bytes.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self.held = 0

    @contextmanager
    def of_request(self) -> Iterator[Body]:
        """Counts what one request holds until the end of the block."""
        body = Body(self)
        try:
            yield body
        finally:
            self.held -= body.size

    def add(self, size: int) -> None:
        """Count so many bytes more.

        Raises:
            RequestError: if they are too many.
        """
        if self.held + size > self._most:
            raise busy("busy", f"the server holds {self.held / MB:.0f} MB of other requests: try again")
        self.held += size


class Body:
    """The body of one request.

    Args:
        pending: counts its bytes.
    """

    def __init__(self, pending: PendingBodies) -> None:
        self._pending = pending
        self.size = 0

    async def read(self, scope: Any, receive: Any, settings: ServerSettings) -> bytes:
        """All of it.

        Raises:
            RequestError: if it is too large, comes too slowly, or is packed.
            ClientGoneError: if it ends too early.
        """
        self._check_headers(scope, settings.max_body)
        message = None
        try:
            async with asyncio.timeout(settings.body_seconds):
                message = await receive()
                content = self._taken(message, settings.max_body)
                if not message.get("more_body", False):
                    return content
                pieces = [content]
                while message.get("more_body", False):
                    message = await receive()
                    pieces.append(self._taken(message, settings.max_body))
                return b"".join(pieces)
        except TimeoutError:
            raise RequestError(
                408,
                "slow_body",
                f"the body of the request did not come within {settings.body_seconds:g} seconds",
                (CLOSE,),
            ) from None

    def _check_headers(self, scope: Any, most: int) -> None:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > most:
                raise _too_large(most)
            if name == b"content-encoding" and value.lower() not in (b"identity", b""):
                raise RequestError(
                    415,
                    "packed_body",
                    "the body is packed (Content-Encoding), and this server unpacks none: send it as it is",
                )

    def _taken(self, message: Any, most: int) -> bytes:
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        content: bytes = message.get("body", b"")
        if self.size + len(content) > most:
            raise _too_large(most)
        self._pending.add(len(content))
        self.size += len(content)
        return content


def _too_large(most: int) -> RequestError:
    # The rest of the body is not read: the connection cannot be used for another request.
    message = f"the body is larger than the limit of {most / MB:,g} MB: send less at once"
    return RequestError(413, "too_large", message, (CLOSE,))


async def read_apart(size: int, read: Callable[..., Result], *arguments: Any) -> Result:
    """What `read` makes of a body; in a thread if it is large, for it would hold up all other requests.

    Args:
        size: of the body, in bytes.
        read: reads it.
        arguments: of `read`.
    """
    if size < _LARGE:
        return read(*arguments)
    return await asyncio.to_thread(read, *arguments)
