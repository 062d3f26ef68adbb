"""`.keras` files: written whole and in float32, read without executing anything that they carry."""

from __future__ import annotations

import importlib
import json
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.devices import dtype_policy
from suite.documents import parse_json
from suite.errors import UserError, first_line, reason
from suite.files import atomic_path
from suite.outside_files import check_keras_weights
from suite.pipeline.model_sizes import check_unpacked, weights_up_to

if TYPE_CHECKING:
    import keras

_WEIGHTS = "model.weights.h5"
_MEMBERS = ("config.json", "metadata.json", _WEIGHTS)
_CONFIG_LIMIT = 256 << 20
_REDUCED = ("float16", "bfloat16")

# What Keras can only rebuild by running code or opening files that the model file names.
_CODE_CARRIERS = {"Lambda", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer", "__lambda__"}
_PACKAGES = {"keras", "keras_hub", "builtins"}


def save_keras(
    model: keras.Model, path: Path, before_it_is_there: Callable[[Path], None] = lambda temporary: None
) -> None:
    """Write `model` to `path` (ending in `.keras`): computing in float32, and whole or not at all.

    Args:
        model: a built model.
        path: the file.
        before_it_is_there: called with the path of the complete file before that takes the place of `path`.
    """
    shipped = as_float32(model)
    with atomic_path(path) as temporary:
        shipped.save(temporary)
        before_it_is_there(temporary)


def load_keras(path: Path, packages: Iterable[str] = ()) -> keras.Model:
    """Read a `.keras` file, not compiled.

    The file is checked before Keras sees it: its configuration may name what Keras, keras-hub and
    `packages` define and nothing else, and no function may travel in it. So a file from anywhere can be
    opened; Keras's own safe mode is a second lock.

    Args:
        path: the file.
        packages: import names of installed packages whose registered layers it may use; the module of
            such a layer is imported if it is not yet.

    Raises:
        UserError: if it is not such a file, is damaged, or carries code.
    """
    for module, name in check_keras(path, packages):
        try:
            # A class that its module makes when it is asked for, by __getattr__, is registered by that.
            getattr(importlib.import_module(module), name, None)
        except ImportError as error:
            raise UserError(
                f"{path} needs {module}, which cannot be imported ({error}): install the version of the"
                " plugin that it was trained with"
            ) from None
    declared = check_keras_weights(path, _WEIGHTS)
    import keras

    try:
        with dtype_policy("float32"), weights_up_to(path, declared):
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # whatever a backend raises of its own
        raise UserError(
            f"{path} could not be read as a Keras model, it may be damaged or of another version:"
            f" {first_line(error)[:200]}"
        ) from error
    return model


def check_keras(path: Path, packages: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Look at a file as `load_keras` does first, importing nothing.

    Returns:
        The layers of `packages` that it uses, each as its module and its class.
    """
    if not path.is_file():
        raise UserError(f"{path} is not there: the model folder is incomplete")
    try:
        with zipfile.ZipFile(path) as archive:
            missing = [name for name in _MEMBERS if name not in archive.namelist()]
            if missing:
                raise UserError(f"{path} is not a Keras model: it is a zip file without {missing[0]}")
            if archive.getinfo("config.json").file_size > _CONFIG_LIMIT:
                raise UserError(f"{path} is refused: its config.json unpacks to more than 256 MB")
            check_unpacked(path, archive)
            config = parse_json(archive.read("config.json"), f"{path}: config.json", any_number=True)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, zlib.error, RecursionError) as error:
        raise UserError(
            f"{path} is not a Keras model or is damaged ({reason(error)}): copy it again, or train again"
        ) from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise UserError(f"{path} is not a Keras model: its config.json describes none")
    return check_config(config, packages, str(path))


def check_config(config: Any, packages: Iterable[str], where: str) -> list[tuple[str, str]]:
    """Refuse a network's configuration that names what may not be in a file, importing nothing.

    Args:
        config: what Keras's serialization gives.
        packages: as for `load_keras`.
        where: how a message calls it.

    Returns:
        The layers of `packages` that it uses, each as its module and its class.

    Raises:
        UserError: if it carries code, or names anything else than Keras, keras-hub and `packages` define.
    """
    packages = set(packages)
    used = set()
    for named in _objects(config):
        class_name = str(named.get("class_name"))
        module = named.get("module") or "keras"
        if class_name in _CODE_CARRIERS:
            what = "a lambda" if "lambda" in class_name.lower() else f"a {class_name}"
            raise UserError(
                f"{where} is refused: it carries code ({what}), which is never executed;"
                " rebuild the network from layers that are registered with Keras"
            )
        root = str(module).partition(".")[0]
        if root in packages and root not in _PACKAGES:
            if all(part.isidentifier() and not part.startswith("__") for part in str(module).split(".")):
                used.add((str(module), class_name))
                continue
        elif root in _PACKAGES:
            continue
        raise UserError(
            f"{where} is refused: it names {module}.{class_name}, and only what Keras, keras-hub"
            f"{''.join(f', {name}' for name in sorted(packages))} define may be in it"
        )
    return sorted(used)


def as_float32(model: keras.Model) -> keras.Model:
    """`model` itself if it is not compiled and all of it computes in float32, else a copy that is so.

    A network trained under `mixed_bfloat16` has float32 variables but computes in bfloat16, which other
    processors and runtimes do slowly or not at all. A compiled one would be saved with its optimizer.
    """
    import keras

    if not model.compiled and not any(_is_reduced(layer) for layer in model._flatten_layers()):
        return model
    with dtype_policy("float32"):
        rebuilt = keras.saving.deserialize_keras_object(
            _in_float32(keras.saving.serialize_keras_object(model)), safe_mode=True
        )
    rebuilt.set_weights([_plain(value) for value in model.get_weights()])
    return rebuilt


def _described_layers(model: keras.Model) -> Iterator[Any]:
    """The layers that a configuration describes: not those that a layer makes within itself."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _described_layers(layer)
        else:
            yield layer


def check_rebuilt(model: keras.Model, packages: Iterable[str] = ()) -> None:
    """Make a network again from its configuration, as `load_keras` does with a file, and compare.

    Of a network of Keras's own layers alone, each layer is made again, but not built, in milliseconds. Any
    other network is built a second time, without its weights.

    Args:
        model: a built model.
        packages: as for `load_keras`.

    Raises:
        UserError: if the configuration carries code, or names what may not be in a file.
        ValueError: if what is made again has other weights.
        Exception: whatever Keras, or a layer of its own, raises.
    """
    import keras

    config = _in_float32(keras.saving.serialize_keras_object(model))
    plain = json.loads(json.dumps(config))
    packages = set(packages)
    for named in _objects(plain):
        module = str(named.get("module") or "keras")
        class_name = str(named.get("class_name"))
        if module.partition(".")[0] not in packages | _PACKAGES and class_name not in _CODE_CARRIERS:
            raise UserError(_outside(module, class_name, packages))
    own = check_config(plain, packages, "its configuration")
    for module, name in own:
        if any(_is_hidden(type(layer), module, name) for layer in _described_layers(model)):
            raise ValueError(
                f"its layer {name} is made in a function, where a new process does not find it: make it in a"
                f" module of its own, or let {module} have a function __getattr__ that gives it"
            )
    with dtype_policy("float32"):
        if not own:
            for layer in _described_layers(model):
                type(layer).from_config(layer.get_config())
            return
        rebuilt = keras.saving.deserialize_keras_object(config, safe_mode=True)
    shapes, wanted = ([tuple(weight.shape) for weight in each.weights] for each in (rebuilt, model))
    if shapes != wanted:
        raise ValueError(
            f"made again from its get_config(), it has {len(shapes)} weights instead of {len(wanted)}"
            if len(shapes) != len(wanted)
            else "made again from its get_config(), it has weights of other shapes"
        )


def _outside(module: str, class_name: str, packages: set[str]) -> str:
    """What to do about a layer of a module that no other process may import for a model."""
    nearest = max(sorted(packages), key=module.startswith, default="")
    advice = f"move it to {nearest}/layers.py"
    if nearest and not hasattr(sys.modules.get(nearest), "__path__"):
        advice = (
            f'make {nearest}.py a folder, {nearest}/__init__.py with packages = ["{nearest}"] in'
            f" pyproject.toml, and move it to {nearest}/layers.py"
        )
    return f"{module}.{class_name} is outside of the plugin's package: {advice}"


def _is_hidden(layer: type, module: str, name: str) -> bool:
    """Whether a layer is the class of that name, and nobody who imports its module can have it."""
    of_function = (layer.__module__, layer.__name__) == (module, name) and "<locals>" in layer.__qualname__
    return of_function and getattr(importlib.import_module(module), name, None) is None


def _plain(value: Any) -> Any:
    return value.astype("float32") if value.dtype.name in _REDUCED else value


def _is_reduced(layer: Any) -> bool:
    return layer.compute_dtype in _REDUCED or layer.variable_dtype in _REDUCED


def _in_float32(config: Any) -> Any:
    """The configuration with every reduced dtype and dtype policy replaced, and without its compilation."""
    if isinstance(config, dict):
        return {key: _in_float32(value) for key, value in config.items() if key != "compile_config"}
    if isinstance(config, (list, tuple)):
        return [_in_float32(value) for value in config]
    if isinstance(config, str) and config.removeprefix("mixed_") in _REDUCED:
        return "float32"
    return config


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every part of a configuration that names something to be looked up."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "class_name" in part or "module" in part:
                yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
