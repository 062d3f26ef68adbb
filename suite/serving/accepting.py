"""Taking new connections, as many as there are: uvloop takes one a turn, which keeps newcomers waiting."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

_AT_ONCE = 16
_PAUSE_SECONDS = 1.0
"""If the process has no more files to spare: connections that end give some back."""


class Acceptor:
    """Listens on a socket; takes the place of an `asyncio.Server` in uvicorn.

    Under load a turn of the event loop takes milliseconds, so that with one connection a turn the last of
    hundreds waited for seconds.

    Args:
        sock: bound; closed by whoever made it.
        backlog: connections that the system keeps until they are taken.
        make_protocol: makes the protocol of a connection.
    """

    def __init__(self, sock: socket.socket, backlog: int, make_protocol: Callable[[], Any]) -> None:
        self._sock = sock
        self._make = make_protocol
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pause: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        sock.listen(backlog)
        self._begin()

    def close(self) -> None:
        """Take no more connections."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._sock.fileno())

    async def wait_closed(self) -> None:
        """Wait until connections that were taken have their protocols."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self) -> None:
        self._pause = None
        self._loop.add_reader(self._sock.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                self._loop.remove_reader(self._sock.fileno())
                self._pause = self._loop.call_later(_PAUSE_SECONDS, self._begin)
                return
            task = self._loop.create_task(self._connect(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._make, connection)
        except OSError:  # it has gone already
            connection.close()
