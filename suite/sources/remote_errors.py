"""What goes wrong with what is elsewhere, whichever library says so, in one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from suite.errors import UserError, reason
from suite.sources.addresses import without_secrets

_TEMPORARY_STATUS = {408, 425, 429, 500, 502, 503, 504}
_TEMPORARY_NAMES = {
    "ChunkedEncodingError", "ClientConnectionError", "ClientConnectorError", "ClientOSError",
    "ClientPayloadError", "ConnectTimeoutError", "ConnectionClosedError", "ConnectionError",
    "ContentLengthError", "EndpointConnectionError", "HTTPClientError", "IncompleteReadError",
    "ProxyConnectionError", "ReadTimeoutError", "RequestException", "ResponseStreamingError",
    "ServerDisconnectedError", "ServerTimeoutError", "Timeout",
}  # fmt: skip

_CREDENTIALS = {
    "s3": "give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE in the environment, or for a"
    " public bucket FSSPEC_S3_ANON=true",
    "gs": "log in with 'gcloud auth application-default login', or give GOOGLE_APPLICATION_CREDENTIALS in the"
    " environment",
    "hf": "log in with 'hf auth login', or give HF_TOKEN in the environment",
}


_NO_CREDENTIALS = {
    *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "NoAuthTokenError")
}


class MissingError(UserError):
    """There is nothing at an address."""


class CutError(OSError):
    """Fewer bytes came than were promised."""


def explained(error: Exception, what: str, protocol: str, tries: int, done: str) -> UserError:
    """The sentence on an error of a file system, for people.

    Args:
        error: of whatever library.
        what: the address that it is about.
        protocol: `s3`, say, for the advice.
        tries: how often it was tried.
        done: what could not be done: "read", "written" or "removed".
    """
    status = _status(error)
    where = {"s3a": "s3", "gcs": "gs"}.get(protocol, protocol)
    advice = _CREDENTIALS.get(where, "check what you are allowed to do there")
    names = {type(cause).__name__ for cause in _causes(error)}
    if names & _NO_CREDENTIALS:
        return UserError(f"{what} cannot be {done} without credentials, and none were found: {advice}")
    if status in (401, 403, 407) or isinstance(error, PermissionError):
        said = f" (status {status})" if status else ""
        return UserError(f"{what} may not be {done} with these credentials, or without any{said}: {advice}")
    missing = isinstance(error, FileNotFoundError) and status is None and _is_told(error)
    if done == "written" and (missing or status == 404):
        return UserError(f"{what} cannot be written: there is no such bucket")
    if missing or status in (404, 410):
        return MissingError(f"there is nothing at {what}: check the address, in which capitals count")
    if status is not None:
        return UserError(f"{what} cannot be {done}: the server answered with status {status}{_times(tries)}")
    if is_temporary(error):
        return UserError(
            f"{what} cannot be {done}: {_why(error)}{_times(tries)}: check the connection, try again"
        )
    return UserError(f"{what} cannot be {done}: {_why(error)}")


def _why(error: Exception) -> str:
    cause = list(_causes(error))[-1]
    if isinstance(cause, TimeoutError):
        return "no answer came in time"
    text = cause if isinstance(cause, Exception) else error
    return without_secrets(reason(text).splitlines()[0]).rstrip(".")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        seen.append(each)
        yield each
        each = each.__cause__ or each.__context__


def _status(error: BaseException) -> int | None:
    """The status of HTTP that an error is about."""
    for cause in _causes(error):
        # Parsers of HTTP have a code 400 for what they cannot read.
        status = getattr(cause, "code" if type(cause).__name__ == "HttpError" else "status", None)
        if isinstance(status, int) and 400 <= status < 600:
            return status
        response = getattr(cause, "response", None)
        if isinstance(response, dict):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if isinstance(status, int) and status >= 400:
                return status
        status = getattr(response, "status_code", None)
        if isinstance(status, int) and status >= 400:
            return status
    return None


def _is_told(error: BaseException) -> bool:
    """Whether somebody looked and found nothing: fsspec says the same of a server that is not there."""
    return not any(_is_broken(cause) for cause in _causes(error))


def _is_broken(error: BaseException) -> bool:
    if isinstance(error, CutError | ConnectionError | TimeoutError | asyncio.TimeoutError):
        return True
    return any(kind.__name__ in _TEMPORARY_NAMES for kind in type(error).__mro__)


def is_temporary(error: BaseException) -> bool:
    """Whether it may be otherwise when it is tried again."""
    status = _status(error)
    if status is not None:
        return status in _TEMPORARY_STATUS
    return any(_is_broken(cause) for cause in _causes(error))


def _times(tries: int) -> str:
    return f" ({tries} times)" if tries > 1 else ""
