"""HTTP to a server of models, with the standard library alone; what goes wrong is a sentence."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from suite.errors import RunError, SuiteError, UserError
from suite.stopping import check_stop

_MAX_RESPONSE = 1 << 30
"""Bytes of one answer; of a line of a stream a sixteenth."""

_TOKEN = re.compile(r"[\x21-\x7e]+", re.ASCII)
_BUSY = (429, 503)
_LONGEST_WAIT = 30.0
_GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, http.client.CannotSendRequest)
"""What a connection raises that the other side has closed in the meantime."""


@dataclass
class Server:
    """A server, and the open connections to it. Any number of threads may use it.

    Redirections are never followed: they would carry the token and the inputs to somebody else.

    Args:
        url: `http://HOST:PORT`, with the path under which the server is, if any.
        token: that requests bear; None for none.
        timeout: seconds that the server may be silent, and that are waited in all for a server that is busy.

    Raises:
        UserError: if the address or the token is none.
    """

    url: str
    token: str | None = field(repr=False)
    timeout: float
    _idle: deque[http.client.HTTPConnection] = field(default_factory=deque, init=False, repr=False)
    _closed: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        parts = _checked(self.url)
        self.url = self.url.rstrip("/")
        self._secure, self._address, self._below = (
            parts.scheme == "https",
            parts.netloc,
            parts.path.rstrip("/"),
        )
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise UserError("the token is letters, digits and signs without spaces")
        if not 0 < self.timeout <= 1e6:
            raise UserError(f"timeout = {self.timeout} is not allowed: seconds, more than 0")

    def get(self, path: str) -> Any:
        """The JSON at a path."""
        return self._json(self._answered("GET", path, b"", {}))

    def post(self, path: str, body: bytes, content_type: str, also: tuple[int, ...] = ()) -> Any:
        """The JSON that answers a body.

        Args:
            path: below the server's address.
            body: the request's.
            content_type: of the body.
            also: statuses of errors whose JSON is an answer too.
        """
        return self._json(self._answered("POST", path, body, {"Content-Type": content_type}, also))

    def lines(self, path: str, body: bytes, content_type: str) -> Iterator[Any]:
        """The JSON lines that answer a body, as they come."""
        connection, response = self._answered("POST", path, body, {"Content-Type": content_type})
        try:
            with self._attributed():
                while line := response.readline(_MAX_RESPONSE // 16):
                    check_stop()
                    if line.strip():
                        yield self._decoded(line)
            if response.will_close or self._closed:
                connection.close()
            else:
                self._idle.append(connection)
        except GeneratorExit:
            connection.close()  # what is still to come is for nobody, and the server need not go on
            raise
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close all connections; a request that is under way may still end."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _answered(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], also: tuple[int, ...] = ()
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """The connection and its response, of which the body is still to be read; again if it is busy."""
        until = time.monotonic() + self.timeout
        while True:
            connection, response = self._sent(method, path, body, headers)
            if response.status == 200 or response.status in also:
                return connection, response
            content = self._read(connection, response)
            wait = _seconds(response.headers.get("Retry-After"))
            if response.status not in _BUSY or wait is None or time.monotonic() + wait > until:
                raise self._refusal(response, content)
            self._sleep(wait)

    def _sent(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        if self._closed:
            raise UserError(f"the connection to {self.url} is closed")
        headers = {"Accept": "application/json", "User-Agent": "suite", **headers}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        while True:
            try:
                connection, fresh = self._idle.pop(), False
            except IndexError:
                connection, fresh = self._connection(), True
            try:
                with self._attributed():
                    try:
                        connection.request(method, self._below + path, body, headers)
                    except (BrokenPipeError, ConnectionResetError):
                        # A server that takes no more of a body may have said why.
                        if not fresh:
                            raise
                    return connection, connection.getresponse()
            except SuiteError as error:
                connection.close()
                if fresh or not isinstance(error.__cause__, _GONE):
                    raise
            except BaseException:
                connection.close()
                raise

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(
                self._address, timeout=self.timeout, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(self._address, timeout=self.timeout)

    def _json(self, answered: tuple[http.client.HTTPConnection, http.client.HTTPResponse]) -> Any:
        return self._decoded(self._read(*answered))

    def _read(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> bytes:
        """All of a response; the connection is then free for another request, if the server lets it be."""
        try:
            with self._attributed():
                content = response.read(_MAX_RESPONSE + 1)
        except BaseException:
            connection.close()
            raise
        if len(content) > _MAX_RESPONSE:
            connection.close()
            raise RunError(f"the answer of {self.url} is larger than {_MAX_RESPONSE >> 20} MiB")
        if response.length:  # what was promised and did not come
            connection.close()
            raise RunError(f"the connection to {self.url} broke off in the middle of an answer")
        if response.will_close or self._closed:
            connection.close()
        else:
            self._idle.append(connection)
        return content

    def _decoded(self, content: bytes) -> Any:
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UserError(f"what answers at {self.url} is no server of suite: it gives no JSON") from None

    def _refusal(self, response: http.client.HTTPResponse, content: bytes) -> SuiteError:
        """What the server's error means for the user."""
        status, said = response.status, _sentence(content)
        if 300 <= status < 400:
            to = response.headers.get("Location", "another address")[:200]
            return UserError(
                f"{self.url} sends on to {to!r}, which is not followed: name that address if you trust it"
            )
        if status in (401, 403):
            given = "refuses the token" if self.token is not None else "needs a token"
            if status == 401:
                return UserError(f"the server at {self.url} {given}: token=... in a program, or SUITE_TOKEN")
            return UserError(f"the server at {self.url} refuses: {said or 'it is not allowed'}")
        if status in _BUSY:
            return RunError(f"the server at {self.url} is busy: {said or 'try again later'}")
        if status == 404 and not said:
            return UserError(f"what answers at {self.url} is no server of suite: there is no /v1/models")
        if 400 <= status < 500:
            return UserError(f"the server at {self.url} refuses: {said or f'status {status}'}")
        return RunError(f"the server at {self.url} failed: {said or f'status {status}'}")

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            check_stop()
            time.sleep(min(left, 0.2))

    def _attributed(self) -> _Sentences:
        return _Sentences(self.url, self.timeout)


@dataclass
class _Sentences:
    """Turns what a connection raises into sentences."""

    url: str
    timeout: float

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, TimeoutError):
            raise RunError(
                f"the server at {self.url} has said nothing for {self.timeout:g} seconds: it is busy, or the"
                " input is long; timeout=... waits longer"
            ) from error
        if isinstance(error, ssl.SSLError):
            raise UserError(f"{self.url} cannot be reached safely: {error.reason or error}") from error
        if isinstance(error, ConnectionRefusedError | socket.gaierror):
            reason = "no such host is known" if isinstance(error, socket.gaierror) else "nobody listens there"
            raise UserError(
                f"no server answers at {self.url} ({reason}): is 'suite serve' running, and at this address?"
            ) from error
        if isinstance(error, OSError | http.client.HTTPException):
            raise RunError(
                f"the connection to {self.url} broke off: {error or type(error).__name__}"
            ) from error


def _checked(url: str) -> Any:
    """The parts of a server's address. Raises `UserError` if it is none."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError):
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UserError(f"'{url}' is no address of a server: give one such as http://127.0.0.1:8000")
    if "@" in parts.netloc:
        raise UserError("an address of a server has no user and password: give a token")
    if not str(url).isascii() or not str(url).isprintable() or " " in str(url):
        raise UserError(f"{url!r} is no address of a server: write it in ASCII without spaces")
    return parts


def path_of(name: str) -> str:
    """The path of a model."""
    return f"/v1/models/{quote(name, safe='')}"


def _seconds(header: str | None) -> float | None:
    if header is None or not header.isdecimal():
        return None
    return min(float(header), _LONGEST_WAIT)


def _sentence(content: bytes) -> str:
    """The message of an error of the server; "" if it is not from one."""
    try:
        error = msgspec.json.decode(content)["error"]
        message = error if isinstance(error, str) else error["message"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        return ""
    return message if isinstance(message, str) else ""
