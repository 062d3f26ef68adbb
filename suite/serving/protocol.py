"""HTTP as uvicorn speaks it, with the deadlines and limits that it lacks: for heads and for connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_HEAD = 1 << 16
"""Bytes of the head of a request."""

_SILENT = 1.0
"""Seconds without a byte after which the rest of a body is not waited for that is answered already."""

_REASONS = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Busy",
}


class LateClosing:
    """The transport of a connection for a response that may come before the end of its request.

    Args:
        transport: the connection's.
        close: closes it when the request has been read.
    """

    def __init__(self, transport: Any, close: Callable[[], None]) -> None:
        self._transport = transport
        self.write = transport.write
        self.close = close

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def protocol_class(
    header_seconds: float, send_seconds: float, max_connections: int
) -> type[HttpToolsProtocol]:
    """The protocol of a server.

    Args:
        header_seconds: in which the head of a request must have come, counted from the connection or from the
            request's first byte.
        send_seconds: in which a client must have taken a response.
        max_connections: that are open at once. If there is one more, the one that has waited longest for the
            head of a request is closed, so that idle ones keep nobody out; else the new one is.
    """
    idle: dict[LimitedProtocol, None] = {}

    class LimitedProtocol(HttpToolsProtocol):
        """One connection."""

        _deadline: asyncio.TimerHandle | None = None
        _head_bytes = 0
        _in_head = True
        _in_body = False
        _body_bytes = 0
        _closes = False

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > max_connections:
                longest = next(iter(idle), self)
                longest._end(503, "too_many_connections", "the server has too many connections: try again")
                if longest is self:
                    return
            self._expect_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget_deadline()
            idle.pop(self, None)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            if self._in_head:
                self._head_bytes += len(data)
                before = self._head_bytes
                super().data_received(data)
                if self._in_head and before > _MAX_HEAD:
                    self._end(431, "head_too_large", "the head of the request is larger than 64 KiB")
                if self._in_body:  # the answer may come before all of it
                    cycle: Any = self.cycle
                    cycle.transport = LateClosing(self.transport, self._close_late)
                return
            self._body_bytes += len(data)
            super().data_received(data)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self._deadline is None:
                self._expect_head()

        def on_headers_complete(self) -> None:
            self._forget_deadline()
            idle.pop(self, None)
            self._in_head = False
            super().on_headers_complete()
            self._in_body, self._body_bytes = True, 0

        def on_message_complete(self) -> None:
            self._in_body = False
            super().on_message_complete()
            if self._closes:
                self.transport.close()
            elif self.cycle.response_complete and not self.transport.is_closing():
                self._forget_deadline()
                self._in_head, self._head_bytes = True, 0
                self._unset_keepalive_if_required()
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

        def on_response_complete(self) -> None:
            if self.transport.get_write_buffer_size():
                self.loop.call_later(send_seconds, self._drop_unless_taken)
            super().on_response_complete()
            if self.transport.is_closing():
                return
            if self._in_body:
                self._linger(self.loop.time() + header_seconds, -1)
            else:
                self._in_head, self._head_bytes = True, 0
                if not self.pipeline:
                    idle[self] = None

        def _close_late(self) -> None:
            """Close the connection after the body: if it were not read, the client would lose the answer."""
            if self._in_body:
                self._closes = True
            else:
                self.transport.close()

        def _linger(self, until: float, seen: int) -> None:
            """Let the rest of a body come that is answered already, unless it comes too slowly."""
            if not self._in_body or self.transport.is_closing():
                return
            if self._body_bytes == seen or self.loop.time() >= until:
                self.transport.close()
                return
            self._forget_deadline()
            self._deadline = self.loop.call_later(
                min(_SILENT, header_seconds), self._linger, until, self._body_bytes
            )

        def send_400_response(self, msg: str) -> None:
            self._end(400, "malformed_http", "this is no HTTP request that can be read")

        def _drop_unless_taken(self) -> None:
            if self.transport.get_write_buffer_size():
                self.transport.abort()

        def _expect_head(self) -> None:
            self._in_head, self._head_bytes = True, 0
            idle[self] = None
            self._deadline = self.loop.call_later(header_seconds, self._too_slow)

        def _forget_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_slow(self) -> None:
            self._deadline = None
            self._end(
                408, "slow_head", f"the head of the request did not come within {header_seconds:g} seconds"
            )

        def _end(self, status: int, code: str, message: str) -> None:
            """Say why, and close the connection."""
            self._forget_deadline()
            idle.pop(self, None)
            if self.transport.is_closing():
                return
            cycle = self.cycle
            if cycle is not None and not cycle.response_started:
                # A body that cannot be read, say: what is at work gives up, and this is the answer.
                cycle.disconnected = True
                cycle.message_event.set()
            if cycle is None or cycle.response_complete or not cycle.response_started:
                body = msgspec.json.encode({"error": {"code": code, "message": message}})
                self.transport.write(
                    b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
                    b"connection: close\r\n\r\n%b" % (status, _REASONS[status], len(body), body)
                )
            self.transport.close()

    return LimitedProtocol
