"""Finding and loading the presets of keras-hub, for all tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suite import UserError
from suite.errors import nearest


def listed(families: tuple[str, ...]) -> str:
    """The names of families in a sentence."""
    return ", ".join(families[:-1]) + " or " + families[-1]


def source_of(preset: str, classes: Mapping[str, Any]) -> str:
    """What keras-hub takes for a preset.

    Args:
        preset: a name that keras-hub knows, which it downloads once, an address, or the folder of a preset.
        classes: keras-hub's, by their families.

    Raises:
        suite.UserError: for a name that is none of the classes'.
    """
    folder = Path(preset).expanduser()
    if folder.is_dir():
        return str(folder)
    known = {name for one in classes.values() for name in one.presets}
    if "://" not in preset and preset not in known:
        raise UserError(
            f"'{preset}' is neither the folder of a preset nor a {listed(tuple(classes))} that keras-hub"
            f" knows: {nearest(preset, known)}"
        )
    return preset


@contextmanager
def loading(preset: str) -> Iterator[None]:
    """What goes wrong within is the preset's: raises `suite.UserError`, in a line."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # keras-hub, and what downloads for it, raise of every kind
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"preset '{preset}' could not be loaded: {reason[:300]}") from error
