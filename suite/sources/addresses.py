"""Addresses of data that is elsewhere: `s3://bucket/birds`, `https://host/birds.zip`, `zip::https://host/get?id=3`.

What is secret in one stays in this process. A password is refused. The value of a signature is put aside, so
that messages, `config.toml`, reports and logs have the address without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from suite.errors import UserError

_ADDRESS = re.compile(r"(?:(?:zip|tar)::)?[A-Za-z][A-Za-z0-9+.-]+:/")
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/+[^\s'\"<>]+")
_PASSWORD = re.compile(r"(?P<before>:/+)[^/?#@:]*:[^/?#@]*@")
_SECRET = re.compile(
    r"(?P<key>[?&#;](?:[^=&#;]*"
    r"(?:sig(?:nature)?|token|secret|password|passwd|credential|accesskeyid|api-?key|auth)"
    r"|key|pwd|se|sp|policy|key-pair-id))=(?P<value>[^&#;\s]*)",
    re.IGNORECASE,
)
_HIDDEN = "hidden"

_complete: dict[str, str] = {}
"""Addresses with their signatures, by the addresses without, of this process."""


def is_address(path: str | Path) -> bool:
    """Whether a path is an address, and no file or folder that is called so."""
    text = str(path)
    if _ADDRESS.match(text) is None:
        return False
    try:
        return not Path(text).exists()
    except OSError:  # too long for a path
        return True


def is_local(address: str) -> bool:
    """Whether it is a path on this machine, written as an address (`file:///data/birds`)."""
    return protocol_of(address) in ("file", "local")


def local_part(address: str) -> Path:
    """The path that a `file://` address stands for."""
    path = Path(re.sub(r"^[a-z]+:/+", "/", without_archive(address)[0], flags=re.IGNORECASE))
    return path if path.exists() else Path(unquote(str(path)))


def protocol_of(address: str) -> str:
    """`s3` of `s3://bucket/birds`, in lower case."""
    return without_archive(address)[0].partition(":")[0].lower()


def without_archive(address: str) -> tuple[str, str]:
    """The address of the file itself, and the ending of the archive that it is said to be (`zip::`)."""
    kind, mark, inner = address.partition("::")
    return (inner, f".{kind.lower()}") if mark and kind.lower() in ("zip", "tar") else (address, "")


def name_of(address: str) -> str:
    """What the data is called: the last part of the address, or its host or bucket."""
    inner, ending = without_archive(address)
    parts = urlsplit(_with_two_slashes(inner))
    path = parts.path if parts.scheme.startswith("http") else re.sub(r"^[^:]+:/+", "", inner)
    names = [name for name in path.split("/") if name and not {"*", "?", "["} & set(name)]
    name = names[-1] if names else parts.hostname or "data"
    name = unquote(name) if parts.scheme.startswith("http") else name
    name = re.sub(r"[\x00-\x1f/\\]", "-", name)[:120].strip() or "data"
    name = "data" if name in (".", "..") else name
    return name if name.lower().endswith(ending) else f"{name}{ending}"


def kept_address(address: str | Path) -> str:
    """The address as it may be shown and written; what was put aside is known to `complete_address`.

    Raises:
        UserError: if there is a password in it.
    """
    text = _with_two_slashes(str(address))
    if _PASSWORD.search(text):
        shown = _PASSWORD.sub(r"\g<before>", text)
        raise UserError(
            f"the address {without_secrets(shown)} has a user's name and password in it, which would be"
            " written into files: leave them out, and give them as the service has it (AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY or AWS_PROFILE in the environment for s3://, ~/.netrc for https://)"
        )
    shown = without_secrets(text)
    if shown != text:
        _complete[shown] = text
    return shown


def complete_address(address: str) -> str:
    """The address with what `kept_address` has put aside.

    Raises:
        UserError: if that was in another process.
    """
    text = kept_address(address)
    found = _complete.get(text, text)
    if any(match["value"] == _HIDDEN for match in _SECRET.finditer(found)):
        raise UserError(
            f"{text} was kept without its signature, which is secret: give the whole address again (a run"
            " goes on with: suite resume RUN --data ADDRESS)"
        )
    return found


def without_secrets(text: str) -> str:
    """A text in which the signatures of addresses have the value `hidden`, and passwords are left out."""
    if ":/" not in text:
        return text
    return _IN_TEXT.sub(lambda found: _hidden(found[0]), text)


def kept_words(words: list[str]) -> list[str]:
    """Words of a command, with addresses as they may be shown and written.

    Raises:
        UserError: if there is a password in one.
    """
    return [word if ":/" not in word else _kept_word(word) for word in words]


def _kept_word(word: str) -> str:
    pieces = list(_pieces(word))
    return "".join(kept_address(piece) if _IN_TEXT.fullmatch(piece) else piece for piece in pieces)


def _pieces(word: str) -> Iterator[str]:
    end = 0
    for found in _IN_TEXT.finditer(word):
        yield word[end : found.start()]
        yield found[0]
        end = found.end()
    yield word[end:]


def _hidden(address: str) -> str:
    address = _PASSWORD.sub(r"\g<before>", address)
    return _SECRET.sub(lambda found: f"{found['key']}={_HIDDEN}" if found["value"] else found[0], address)


def _with_two_slashes(text: str) -> str:
    """A `pathlib.Path` makes one slash of two."""
    return re.sub(r"^((?:\w+::)?[A-Za-z][A-Za-z0-9+.-]+):/(?!/)", r"\1://", text)
