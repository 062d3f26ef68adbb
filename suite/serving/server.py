"""Running the application: a socket, uvicorn, and an end that keeps what was promised."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn

from suite.errors import UserError, reason
from suite.serving.accepting import Acceptor
from suite.serving.protocol import protocol_class
from suite.serving.settings import ServerSettings

_BACKLOG = 2048


class Server(uvicorn.Server):
    """A uvicorn server that ends well: 0 after a first signal, at once after a second one.

    Args:
        app: an ASGI application.
        settings: of the server.
        on_start: is called when it listens.
    """

    def __init__(
        self, app: Any, settings: ServerSettings, on_start: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol_class(settings.header_seconds, settings.send_seconds, settings.max_connections),
                ws="none",
                log_config=None,
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=int(max(1, settings.shutdown_seconds)),
            )
        )
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        if sys.platform == "win32":  # its event loop watches no sockets
            await super().startup(sockets)
        else:
            await super().startup([])
            acceptors: Any = [Acceptor(sock, self.config.backlog, self._protocol) for sock in sockets or ()]
            self.servers = acceptors
        if self.started:
            self._on_start()

    def _protocol(self) -> Any:
        config = self.config
        assert isinstance(config.http_protocol_class, type)
        return config.http_protocol_class(
            config=config,  # type: ignore[call-arg]
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The first signal lets what was accepted end; a second one ends the process at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handled = (signal.SIGINT, signal.SIGTERM)
        before = {each: signal.signal(each, self.handle_exit) for each in handled}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if self.should_exit:
            os._exit(130 if sig == signal.SIGINT else 143)
        self.should_exit = True
        os.write(2, b"suite: ending what was accepted; once more ends at once\n")


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that is bound and not listening yet.

    Raises:
        UserError: if the address cannot be had.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError, OverflowError):
        raise UserError(f"--host {host}: there is no such address") from None
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {port} is taken by another program: give another one (--port {port + 1}), or --port 0"
                " for any that is free"
            ) from None
        raise UserError(f"{host}:{port} cannot be listened on: {reason(error)}") from None
    sock.setblocking(False)
    sock.set_inheritable(True)
    return sock


def raise_file_limit(wanted: int) -> None:
    """Let the process have as many open files as connections need, as far as the system lets it."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
