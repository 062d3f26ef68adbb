"""Plugins of one file, which are given by their paths: `suite --plugin FILE.py ...`, `Host.from_file`.

Such a plugin is called as its file is, and its version is the checksum of the file: "sha256:" and 12 digits.
A run that was trained with it names both. Nothing runs the file because a run names it; it is given again.
"""

from __future__ import annotations

import importlib.util
import keyword
import shlex
import sys
import traceback
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from suite.declarations import mistyped_argument
from suite.errors import SuiteError, UserError, reason
from suite.regular_files import read_regular

_VERSION = "sha256:"
_DIGITS = 12
_MARK = "__suite_sha256__"
"""The attribute of a module that was loaded here: the checksum of its file."""


def load_plugin_file(path: Path) -> ModuleType:
    """The module of a file, which is executed unless it has been already, as if it were imported.

    Args:
        path: of a Python file whose name is an identifier.

    Raises:
        UserError: if there is no such file, it cannot be imported (with the line), or its name means another
            module.
    """
    path = path.expanduser().resolve()
    name = path.stem
    if path.suffix != ".py" or not path.is_file():
        what = "it is no file that ends in .py" if path.exists() else "there is no such file"
        raise UserError(f"--plugin {path}: {what}: give the file of a plugin, like my_model.py")
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UserError(f"{path}: rename it, for a plugin is imported by its name: {_identifier(name)}.py")
    try:
        content = read_regular(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {reason(error)}") from None
    checksum = sha256(content).hexdigest()
    present = sys.modules.get(name)
    if present is None:
        _refuse_other(path, _origin(name))
    else:
        _refuse_other(path, getattr(present, "__file__", None) or "built into Python")
        if getattr(present, _MARK, checksum) == checksum:
            return present
    return _executed(path, name, content, checksum)


def _executed(path: Path, name: str, content: bytes, checksum: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    setattr(module, _MARK, checksum)
    sys.modules[name] = module
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)  # noqa: S102 - the user names this very file
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise refused_file(path, error) from error
    return module


def refused_file(path: Path, error: BaseException) -> UserError:
    """What to say of a file that raises when it is executed or its hooks are called."""
    kind, text = type(error).__name__, " ".join(str(getattr(error, "msg", None) or error).split())
    text += mistyped_argument(error)
    line = _line(path, error)
    if isinstance(error, SuiteError):
        return UserError(f"{path}: {text}")
    what = f"{kind}: {text}" if text else kind
    return UserError(f"{path}{f', line {line}' if line else ''}: {what}")


def _line(path: Path, error: BaseException) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), None)


def _origin(name: str) -> str:
    """Where Python would import a module of this name from; "" from nowhere."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    return "" if spec is None else spec.origin or "a folder"


def _refuse_other(path: Path, origin: str) -> None:
    """Refuse a file whose name means another module, of which one would get the layers of the other."""
    if origin and (not Path(origin).is_file() or not Path(origin).samefile(path)):
        raise UserError(f"{path}: rename it, for '{path.stem}' is the name of another module ({origin})")


def _identifier(name: str) -> str:
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name)
    return f"my_{plain}" if not plain.isidentifier() or keyword.iskeyword(plain) else plain


def file_version(module: ModuleType) -> str:
    """The version of the plugin of a module that `load_plugin_file` gave; "" for any other module."""
    checksum = getattr(module, _MARK, "")
    return f"{_VERSION}{checksum[:_DIGITS]}" if checksum else ""


def is_file_version(version: str) -> bool:
    """Whether the version of a plugin says that it is a file."""
    return version.startswith(_VERSION)


def files_of_modules(names: Iterable[str]) -> list[str]:
    """The files of those of some modules that `load_plugin_file` loaded, for another process to load."""
    modules = [sys.modules.get(name) for name in names]
    return [str(module.__file__) for module in modules if module is not None and hasattr(module, _MARK)]


def refuse_missing_files(
    plugins: Mapping[str, str], known: Iterable[str], whose: str, paths: Mapping[str, str] | None = None
) -> None:
    """Refuse to go on without a plugin that was a file.

    Args:
        plugins: versions by the names of the plugins that are needed.
        known: the names of the plugins that there are.
        whose: what needs them.
        paths: where the files were, by the names of their plugins.

    Raises:
        UserError: which names the file, and says how to give it.
    """
    present = set(known)
    for name, version in plugins.items():
        if is_file_version(version) and name not in present:
            path = shlex.quote((paths or {}).get(name, f"{name}.py"))
            raise UserError(
                f"{whose} needs the plugin '{name}', which is a file that was not given: add --plugin {path}"
                " if you trust whoever wrote it, for a plugin is code"
            )
