"""The models of a server, by their names, loaded from their folders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from suite.errors import UserError
from suite.host import Host
from suite.pipeline.codec import Arrays, ArraySpec, ArraySpecs
from suite.pipeline.manifest import model_folder
from suite.pipeline.networks import KerasNetwork, sharing_the_processor
from suite.prediction.loading import describe, load
from suite.prediction.predictor import LoadedPipeline
from suite.serving.models import ServedModel, batch_size_of
from suite.serving.settings import ServerSettings

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", re.ASCII)
_FOLDERS_OF_ANY = {"model", "export", "exported"}
"""What folders of models are often called: their parents say more."""


_WARMING = ((1, 64, "a"), (2, 128, "a b c d e f g h"))
"""Examples, their length, and a text."""


def named_models(words: Sequence[str]) -> dict[str, Path]:
    """The folders that words of a command line name, by the name of the model.

    Args:
        words: `PATH`, which is called like its folder, or `NAME=PATH`.

    Raises:
        UserError: for a name that cannot be part of an address, or that is given twice.
    """
    found: dict[str, Path] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if equals and not Path(word).exists():
            if not _NAME.fullmatch(name):
                raise UserError(
                    f"'{name[:100]}' is no name for a model: it is part of an address: give letters, digits,"
                    " '.', '_' and '-'"
                )
            if name in found:
                raise UserError(f"two models are called '{name}'")
            found[name] = Path(path)
        else:
            own = _own_name(Path(word))
            number, unique = 2, own
            while unique in found:
                unique, number = f"{own}-{number}", number + 1
            found[unique] = Path(word)
    return found


def _own_name(path: Path) -> str:
    """What the model in a folder is called if nobody says."""
    folder = path.absolute()
    folder = folder.parent if folder.is_file() else folder
    if folder.name in _FOLDERS_OF_ANY and folder.parent.name:
        folder = folder.parent
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._")[:100].strip("-._")
    return name or "model"


def load_models(
    models: Mapping[str, str | Path],
    settings: ServerSettings,
    *,
    host: Host | None = None,
    options: Mapping[str, Any] | None = None,
    backend: str = "auto",
    device: str = "auto",
    threads: int | None = None,
    runtime: str = "auto",
) -> dict[str, ServedModel]:
    """Load the models of a server.

    Args:
        models: runs, model folders or exports by their names.
        settings: of the server.
        host: has the plugins; None takes those that are installed.
        options: of prediction, for every model.
        backend: for networks of Keras.
        device: the same.
        threads: of one forward pass of an exported network.
        runtime: that runs the networks; "auto": the one of each network's file.

    Raises:
        UserError: if one cannot be loaded.
    """
    host = host if host is not None else Host()
    loaded: dict[str, ServedModel] = {}
    for name, path in models.items():
        folder = model_folder(Path(path)).absolute()
        described = describe(folder, host=host, options=options)
        batch_size = batch_size_of(folder, settings.batch_size)
        with sharing_the_processor():
            pipeline = load(
                folder,
                host=host,
                backend=backend,
                device=device,
                threads=threads,
                runtime=runtime,
                batch_size=batch_size,
                options=options,
                limits=settings.limits,
            )
        warm_up(pipeline)
        loaded[name] = ServedModel(name, pipeline, settings, batch_size, folder, described.codec_with)
    return loaded


def warm_up(pipeline: LoadedPipeline) -> None:
    """Have a network of Keras do before the first request what it does once, which takes seconds.

    It is traced for one example and for two, and for two lengths where it takes any, after which TensorFlow
    traces it for no other shape. Other runtimes are ready as they are.

    Args:
        pipeline: loaded.
    """
    network = pipeline.network
    if not isinstance(network, KerasNetwork):
        return
    for count, length, text in _WARMING:
        with suppress(
            Exception
        ):  # not every network takes what is made up here; its first request then waits
            if pipeline.codec.accepts_text:
                pipeline.predict([text] * count)
            else:
                network(_zeros(network.signature.inputs, count, length))


def _zeros(specs: ArraySpecs | None, count: int, length: int) -> Arrays:
    """A batch of nothing but zeros."""
    if specs is None:
        raise ValueError("the network does not say what it takes")
    if isinstance(specs, ArraySpec):
        sides = [length if side is None else side for side in specs.shape]
        return np.zeros((count, *sides), specs.dtype)
    return {name: np.asarray(_zeros(spec, count, length)) for name, spec in specs.items()}
