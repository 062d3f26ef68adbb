"""A server in a thread, and requests to it, for tests."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from suite.serving.asgi import application_of
from suite.serving.loading import load_models
from suite.serving.server import Server, bound_socket
from suite.serving.settings import ServerSettings

KEPT = Path(__file__).parent / "data" / "kept" / "0.1.0"


@dataclass
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def code(self) -> str:
        return self.json["error"]["code"]

    @property
    def message(self) -> str:
        return self.json["error"]["message"]


@dataclass
class Served:
    """A running server."""

    port: int
    server: Server
    models: Mapping[str, Any]

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = msgspec.json.encode(body)
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(
                response.status,
                {key.lower(): value for key, value in response.getheaders()},
                response.read(),
            )
        finally:
            connection.close()

    def predict(self, model: str, *inputs: Any, **options: Any) -> Answer:
        body = {"inputs": inputs, "options": options} if options else {"inputs": inputs}
        return self("POST", f"/v1/models/{model}/predict", body)

    def send_raw(self, content: bytes, seconds: float = 10) -> bytes:
        """Send bytes as they are; all that comes back until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(content)
            return received(connection)


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    pieces = []
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionError:
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)


def form(*parts: tuple[str, str | None, bytes]) -> tuple[bytes, dict[str, str]]:
    """The body and headers of a form; each part has a field, a file name or None, and content."""
    body = b""
    for field, filename, content in parts:
        named = "" if filename is None else f'; filename="{filename}"'
        head = f'--limit\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + b"--limit--\r\n", {"Content-Type": "multipart/form-data; boundary=limit"}


@contextmanager
def serving(models: Mapping[str, Path], host: Any = None, **settings: Any) -> Iterator[Served]:
    """Serve models until the end of the block."""
    chosen = ServerSettings(**settings)
    loaded = load_models(models, chosen, host=host, threads=1)
    with running(application_of(loaded, chosen), chosen, loaded) as served:
        yield served


@contextmanager
def running(
    app: Any, settings: ServerSettings | None = None, models: Mapping[str, Any] | None = None
) -> Iterator[Served]:
    """Serve an application until the end of the block."""
    sock = bound_socket("127.0.0.1", 0)
    started = threading.Event()
    server = Server(app, settings or ServerSettings(), started.set)
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    thread.start()
    assert started.wait(20)
    try:
        yield Served(sock.getsockname()[1], server, models or {})
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
