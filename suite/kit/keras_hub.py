"""What plugins need of keras-hub, which is an extra and imported when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suite.contributions import Pretrained
from suite.devices import importing
from suite.documents import expanded
from suite.errors import UserError, nearest, unimportable

_UNREACHABLE = ("Max retries exceeded", "Failed to resolve", "Name or service not known")
"""What the libraries that download say if there is no network."""


def import_keras_hub() -> Any:
    """The module keras_hub.

    Raises:
        suite.UserError: if it is not installed, saying how to.
    """
    try:
        with importing():
            import keras_hub
    except ImportError as error:
        missing = (
            f'presets need keras-hub, which cannot be imported ({error}): pip install "keras-suite[presets]"'
        )
        raise unimportable(error, "keras_hub", missing) from error
    return keras_hub


def preset_source(
    preset: str, known: Iterable[str], *, kind: str = "one", suggested: Iterable[str] | None = None
) -> str:
    """What keras-hub's `from_preset` takes for a preset.

    Args:
        preset: a name that keras-hub knows, which it downloads once, an address, or the folder of a preset.
        known: the names that may be given.
        kind: what they are called in a sentence, with its article.
        suggested: those to suggest if the name is unknown; by default all.

    Raises:
        suite.UserError: for a name that is not known.
    """
    folder = expanded(preset)
    if folder.is_dir():
        return str(folder)
    known = set(known)
    if "://" not in preset and preset not in known:
        raise UserError(
            f"'{preset}' is neither the folder of a preset nor {kind} that keras-hub knows: "
            + nearest(preset, known if suggested is None else suggested)
        )
    return preset


def pretrained_presets(name: str, classes: Sequence[str], preferred: Iterable[str] = ()) -> list[Pretrained]:
    """What the `pretrained` of a model builder with the options `preset` and `load_weights` gives.

    Args:
        name: as typed: the folder of a preset, the name of one, or empty.
        classes: those of `keras_hub.models` whose presets the builder can start from.
        preferred: names among the presets that come first, the best one first.

    Returns:
        The folder alone if it is one; else all presets, none if keras-hub is not installed. Nothing is
        downloaded.
    """
    try:
        models = import_keras_hub().models
    except UserError:
        return []
    presets: dict[str, Mapping[str, Any]] = {}
    for kind in classes:
        presets |= getattr(models, kind).presets
    folder = expanded(name)
    if name and folder.is_dir():
        is_preset = (folder / "config.json").is_file()
        options = {"preset": str(folder.resolve())}
        return [Pretrained(name=name, options=options, here=True, untrained=_untrained(options))] * is_preset
    names = dict.fromkeys([*(known for known in preferred if known in presets), *presets])
    return [
        Pretrained(
            name=known,
            options={"preset": known},
            here=_is_cached(str(presets[known].get("kaggle_handle", ""))),
            untrained=_untrained({"preset": known}),
        )
        for known in names
    ]


def _untrained(options: Mapping[str, Any]) -> dict[str, Any]:
    return {**options, "load_weights": "false"}


def _is_cached(handle: str) -> bool:
    """Whether a preset lies in the cache of kagglehub, which downloads them for keras-hub.

    A download that failed leaves a folder without the weights.
    """
    from kagglehub.cache import get_cached_path
    from kagglehub.handle import parse_model_handle

    try:
        folder = Path(get_cached_path(parse_model_handle(handle.removeprefix("kaggle://"))))
        return any(folder.glob("*.weights.*"))
    except ValueError:
        return False


@contextmanager
def loading_preset(preset: str) -> Iterator[None]:
    """What goes wrong within is the preset's: raises `suite.UserError`, in a line.

    The weights in the folder of a preset are looked through first: they may lie in no other file.
    """
    from suite.outside_files import check_hdf5

    try:
        folder = expanded(preset)
        if preset and folder.is_dir():
            for weights in sorted(folder.glob("**/*.h5")):
                check_hdf5(weights)
        yield
    except UserError:
        raise
    except Exception as error:  # keras-hub, and what downloads for it, raise of every kind
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if any(sign in reason for sign in _UNREACHABLE):
            raise UserError(
                f"preset '{preset}' is not on this machine and could not be downloaded, for its server cannot"
                " be reached: give the folder of a preset"
            ) from error
        raise UserError(f"preset '{preset}' could not be loaded: {reason[:300]}") from error
