"""Predictions in parts that are kept until all are there, so that who is killed goes on where they were.

A part is so many inputs, one after the other, and a file beside the result. What is predicted for a part does
not depend on the others, nor on who predicts it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from suite.errors import UserError
from suite.files import atomic_write, make_folder, writing

ENDING = ".parts"
"""What the folder of the parts is called after the name of the result."""

_NAME_FILE = "prediction.txt"
_MOST_BATCHES = 8
_ENOUGH_PARTS = 64


def part_size(total: int, batch_size: int) -> int:
    """How many inputs a part has: whole batches, more of them if there are many inputs."""
    return batch_size * min(max(1, total // (batch_size * _ENOUGH_PARTS)), _MOST_BATCHES)


def fingerprint(words: Sequence[str], inputs: Iterable[Any], settings: Mapping[str, Any]) -> str:
    """A name for a prediction: another one if an input, the model or an option is another.

    Args:
        words: of the command line; archives are among them.
        inputs: what they stand for. Of a file its size and time count, not its content.
        settings: plain values by which predictions may differ.
    """
    found = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for word in words:
        found.update(repr((word, _stamp(word))).encode("utf-8", "backslashreplace"))
    for raw in inputs:
        path = getattr(raw, "path", None)
        if isinstance(path, Path):
            called: Any = (str(path), _stamp(path))
        else:
            called = getattr(raw, "name", raw)
        found.update(repr(called).encode("utf-8", "backslashreplace"))
    return found.hexdigest()


def _stamp(path: str | Path) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):  # a text
        return None
    return found.st_size, found.st_mtime_ns


class Parts:
    """The folder of the parts that are there.

    Args:
        out: the result.
        name: of the prediction, see `fingerprint`.
        count: how many parts there are in all.
        kind: of the predictions, `Task.prediction_class`.

    Attributes:
        folder: where they are.
        found: how many there were from before.
        are_others: whether there were some of another prediction, which are gone.
    """

    def __init__(self, out: Path, name: str, count: int, kind: Any) -> None:
        self.folder = out.with_name(f"{out.name}{ENDING}")
        self.count = count
        self.found = 0
        self.are_others = False
        self._name = name
        self._decoder = msgspec.msgpack.Decoder(list[tuple[str | None, Any]])
        self._kind = Any if kind is None else kind

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep the parts for as long as the block runs; they are removed when it ends well.

        Raises:
            UserError: if another process predicts the same, or there is something else.
        """
        if self.folder.exists() and not (self.folder / _NAME_FILE).is_file():
            if not self.folder.is_dir() or any(self.folder.iterdir()):
                raise UserError(f"{self.folder} is there and holds no parts of predictions: remove it")
        make_folder(self.folder)
        with self._locked():
            kept = self.folder / _NAME_FILE
            if kept.is_file() and kept.read_text(encoding="utf-8") != self._name:
                self.are_others = any(self._files())
                for file in self._files():
                    file.unlink()
            atomic_write(kept, self._name)
            self.found = sum(map(self.is_there, range(self.count)))
            yield
            shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> Iterator[Path]:
        return self.folder.glob("*.part")

    def _file(self, index: int) -> Path:
        return self.folder / f"{index:08}.part"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            import fcntl
        except ImportError:
            yield
            return
        with writing(self.folder):
            descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another process predicts into {self.folder}: wait for it, or stop it") from None
        except OSError:
            pass  # a disk that knows no locks
        try:
            yield
        finally:
            with suppress(OSError):
                os.close(descriptor)

    def check_shared(self) -> None:
        """Refuse another folder than the one that was opened, as another machine may have.

        Raises:
            UserError: if it is one.
        """
        kept = self.folder / _NAME_FILE
        if not kept.is_file() or kept.read_text(encoding="utf-8") != self._name:
            raise UserError(
                f"{self.folder} is not the same folder on the machine {platform.node()}: --out, the model and"
                " the inputs have to lie on a path that all machines share"
            )

    def is_there(self, index: int) -> bool:
        """Whether a part is complete."""
        return self._file(index).is_file()

    def write(self, index: int, results: Iterable[tuple[str | None, Any]]) -> None:
        """Write a part: the error or the prediction of each input."""
        atomic_write(self._file(index), msgspec.msgpack.encode(list(results)))

    def read(self, index: int) -> list[tuple[str | None, Any]]:
        """What `write` got, with predictions of their type.

        Raises:
            UserError: if the file is damaged.
        """
        file = self._file(index)
        try:
            return [
                (error, None if error is not None else msgspec.convert(prediction, self._kind))
                for error, prediction in self._decoder.decode(file.read_bytes())
            ]
        except (OSError, msgspec.DecodeError) as error:
            raise UserError(f"{file} is damaged ({error}): remove it, and predict again") from None
