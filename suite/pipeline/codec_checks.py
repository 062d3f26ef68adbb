"""What a codec must satisfy, checked before the first step, or by a plugin's own tests."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

import msgspec
import numpy as np

from suite.data.checks import check_json
from suite.errors import PluginError, UserError, attributed
from suite.options import NoOptions, Options
from suite.pipeline.codec import Codec, Encoded, Signature, StructCodec
from suite.pipeline.comparing import array_defect, same
from suite.pipeline.fitting import described, fit, specs_of

KERAS = ("keras", "keras_hub", "tensorflow", "jax", "torch")
"""What a codec must not import: an exported network predicts without it."""

NOT_DECODED: Any = object()
_ALIKE = 0.85
_MEMBERS = {name for name in dir(StructCodec) if not name.startswith("_")}


def check_codec_class(codec: Any, whose: str, prediction_options: type[Options] = NoOptions) -> None:
    """Refuse what is no codec, or one whose declared members contradict each other. Nothing of it is called.

    Args:
        codec: what a builder gave.
        whose: how a message calls the builder.
        prediction_options: the builder's, which `with_options` takes.
    """
    if not isinstance(codec, Codec):
        kind = "None" if codec is None else f"a {type(codec).__name__}"
        raise PluginError(f"{whose} gave {kind} as its codec, which does not derive from suite.Codec")
    cls = type(codec)
    name = f"{whose} gave a codec ({cls.__name__})"
    for member in ("encode", "decode", "to_json"):
        if getattr(cls, member) is getattr(Codec, member):
            raise PluginError(f"{name} without {member}()")
    for member in ("suffixes", "stream_suffixes"):
        endings = getattr(codec, member)
        if isinstance(endings, str) or not all(_is_suffix(ending) for ending in endings):
            raise PluginError(
                f'{name} whose {member} are {endings!r}: give a tuple of endings in lower case, (".wav",)'
            )
    for member in ("accepts_text", "can_stream"):
        if not isinstance(getattr(codec, member), bool):
            raise PluginError(f"{name} whose {member} is {getattr(codec, member)!r}, not True or False")
    axes: Any = codec.input_ndim
    if axes is not None and (isinstance(axes, bool) or not isinstance(axes, int) or axes < 0):
        raise PluginError(f"{name} whose input_ndim is {axes!r}: it is a number of axes, or None")
    tolerance: Any = codec.export_tolerance
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 < tolerance < math.inf:
        raise PluginError(f"{name} whose export_tolerance is {tolerance!r}: it is a number above 0")
    _check_overridden(cls, name, prediction_options)
    _check_imports(cls, name)


def _is_suffix(ending: Any) -> bool:
    return isinstance(ending, str) and ending.startswith(".") and ending == ending.lower() and len(ending) > 1


def _check_overridden(kind: type[Codec], name: str, prediction_options: type[Options]) -> None:
    overrides = {
        member
        for member in vars(Codec)
        if not member.startswith("_") and vars(Codec)[member] is not getattr(kind, member)
    }
    if kind.can_stream and "next_input" not in overrides:
        raise PluginError(f"{name} with can_stream = True and without next_input(), which says how to go on")
    if not kind.can_stream and overrides & {"next_input", "join"}:
        member = "next_input" if "next_input" in overrides else "join"
        raise PluginError(f"{name} with {member}(), which is never called unless can_stream = True")
    if prediction_options is not NoOptions and "with_options" not in overrides:
        raise PluginError(
            f"{name} without with_options(), so its prediction_options ({prediction_options.__name__}) would"
            " change nothing"
        )
    fields = set(getattr(kind, "__struct_fields__", ())) | set(getattr(kind, "__dataclass_fields__", ()))
    for parent in kind.__mro__:
        if parent in (Codec, StructCodec):
            break
        for member in vars(parent):
            near = None if member.startswith("_") or member in _MEMBERS | fields else _near(member)
            if near:
                raise PluginError(f"{name} with a member '{member}': did you mean '{near}'?")


def _near(member: str) -> str | None:
    """The member of `Codec` that a name is a misspelling of."""
    ratios = {known: SequenceMatcher(None, member, known).ratio() for known in _MEMBERS}
    best = max(ratios, key=lambda known: ratios[known])
    return best if ratios[best] >= _ALIKE else None


def _check_imports(kind: type[Codec], name: str) -> None:
    """Refuse a codec in a module that imports Keras at its top."""
    for parent in kind.__mro__:
        if parent is Codec or parent.__module__.partition(".")[0] == "suite":
            continue
        module = sys.modules.get(parent.__module__)
        for label, value in list(vars(module).items()) if module is not None else ():
            origin = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
            root = str(origin).partition(".")[0]
            if root in KERAS and (
                inspect.ismodule(value) or inspect.isroutine(value) or inspect.isclass(value)
            ):
                raise PluginError(
                    f"{name} whose module {parent.__module__} imports {root} ('{label}'): an exported network"
                    " predicts without it, so import it in the function that needs it, or put the codec into"
                    " a module of its own"
                )


def remade_codec(codec: Codec, remake: Callable[[Mapping[str, Any]], Any], whose: str) -> Codec:
    """The codec made again from its own JSON, as a saved model does it.

    Args:
        codec: that was built.
        remake: `ModelBuilder.codec`.
        whose: how a message calls the builder.

    Raises:
        PluginError: if its description is not JSON, or what is made of it is another codec.
    """
    with attributed(f"the codec of {whose}"):
        description = codec.to_json()
    check_json(description, "to_json() of its codec", whose)
    plain = msgspec.json.decode(msgspec.json.encode(description))
    try:
        with attributed(f"the codec of {whose}"):
            remade = remake(plain)
    except UserError as error:
        raise PluginError(
            f"{whose} cannot make its codec again from what its to_json() gave: {error}"
        ) from error
    if type(remade) is not type(codec):
        raise PluginError(
            f"the `codec` of {whose} makes {type(remade).__name__} from JSON, not the {type(codec).__name__}"
            " that was built"
        )
    with attributed(f"the codec of {whose}"):
        again = remade.to_json()
    if msgspec.json.encode(again, order="sorted") != msgspec.json.encode(description, order="sorted"):
        raise PluginError(
            f"{whose} gave a codec that is another one when made again from its to_json(): {again!r} instead"
            f" of {description!r}"
        )
    return codec_like(codec, remade, whose)


def codec_like(codec: Codec, remade: Codec, whose: str) -> Codec:
    """`remade`, if a codec whose equality is by value says that it is the same."""
    if isinstance(codec, msgspec.Struct) and codec != remade:
        raise PluginError(f"{whose} gave a codec whose to_json() leaves something out: made again it differs")
    return remade


def check_derived(codec: Codec, whose: str, prediction_options: type[Options] = NoOptions) -> None:
    """Refuse a codec whose `for_scoring` or `with_options` gives no codec, or whose facts are none."""
    with attributed(f"the codec of {whose}"):
        derived: dict[str, Any] = {"for_scoring()": codec.for_scoring()}
        if prediction_options is not NoOptions:
            derived["with_options()"] = codec.with_options(prediction_options())
        facts = codec.scoring_facts()
        signature: Any = codec.signature()
        axes = codec.named_axes()
    for member, made in derived.items():
        if not isinstance(made, Codec):
            raise PluginError(f"{whose} gave a codec whose {member} gives {type(made).__name__}, not a codec")
    if not isinstance(signature, Signature):
        raise PluginError(f"{whose} gave a codec whose signature() gives {type(signature).__name__}")
    for member, value in (("scoring_facts()", facts), ("named_axes()", axes)):
        if not isinstance(value, Mapping):
            raise PluginError(
                f"{whose} gave a codec whose {member} gives {type(value).__name__}, not a dictionary"
            )


def check_encoding(codec: Codec, remade: Codec | None, raw: Any, whose: str) -> Any:
    """Encode an input twice, and by the codec made again, and refuse what is not the same.

    Args:
        codec: that was built.
        remade: made from its JSON; None if that is not to be compared.
        raw: an input.
        whose: how a message calls the builder.

    Returns:
        What `encode` gave.

    Raises:
        UserError: if the input cannot be read.
        PluginError: if what is encoded is no array, or another one the second time.
    """
    with attributed(f"the codec of {whose}"):
        chunks = codec.chunks(raw)
        if chunks is not None and not all(hasattr(chunks, name) for name in ("total", "merge", "__iter__")):
            raise PluginError(
                f"{whose} gave a codec whose chunks() gives {type(chunks).__name__}, which has no total,"
                " merge() or __iter__()"
            )
        if chunks is not None:
            raw = next(iter(chunks))
        first, second = codec.encode(raw), codec.encode(raw)
        other = first if remade is None else remade.encode(raw)
    encoded = first if isinstance(first, Encoded) else Encoded(first, None)
    defect = array_defect(encoded.arrays, "what its encode() returns")
    if defect:
        raise PluginError(f"{whose} gave a codec that gives {defect}")
    promised, given = codec.signature().inputs, specs_of(encoded.arrays)
    if not fit(promised, given):
        raise PluginError(
            f"{whose} gave a codec whose encode() gives {described(given)} where its signature() says"
            f" {described(promised)}"
        )
    if not _same_encoding(first, second):
        raise PluginError(
            f"{whose} gave a codec that encodes the same input differently each time: what is random belongs"
            " into the batch maker"
        )
    if not _same_encoding(first, other):
        raise PluginError(
            f"{whose} gave a codec whose to_json() leaves something out: made again from it, it encodes the"
            " same input differently"
        )
    context = (encoded.context,) if isinstance(first, Encoded) else ()
    try:
        inspect.signature(codec.decode).bind(encoded.arrays, *context)
    except TypeError as error:
        raise PluginError(
            f"{whose} gave a codec whose decode() does not take what encode() gives it"
            f" ({'outputs and a context' if context else 'outputs alone'}): {error}"
        ) from None
    except ValueError:  # a signature that Python cannot see
        pass
    return first


def _same_encoding(first: Any, second: Any) -> bool:
    if isinstance(first, Encoded) and isinstance(second, Encoded):
        return same(first.arrays, second.arrays) and same(first.context, second.context)
    return same(first, second)


def check_decoding(codec: Codec, remade: Codec, outputs: Any, encoded: Any, whose: str) -> Any:
    """What a codec decodes of outputs, which the codec made again must decode to the same.

    Returns:
        The prediction; `NOT_DECODED` if the codec cannot decode outputs that are made up.
    """
    context = (encoded.context,) if isinstance(encoded, Encoded) else ()
    try:
        prediction = codec.decode(outputs, *context)
    except Exception:  # noqa: BLE001 - these outputs are made up, and need not be possible
        return NOT_DECODED
    with attributed(f"the codec of {whose}"):
        other = remade.decode(outputs, *context)
    if not same(prediction, other):
        raise PluginError(
            f"{whose} gave a codec whose to_json() leaves something out: made again from it, it decodes the"
            f" same outputs to {other!r} instead of {prediction!r}"
        )
    return prediction


def readable(
    examples: Iterable[Any], limit: int, try_one: Callable[[Any], Any], attempts: int = 16
) -> list[Any]:
    """What `try_one` makes of the first few examples that can be read."""
    made: list[Any] = []
    for _, example in zip(range(attempts), examples, strict=False):
        if len(made) == limit:
            break
        try:
            made.append(try_one(example))
        except (UserError, OSError):
            continue
    return made


def made_up_outputs(symbolic: Any, seed: int = 0) -> Any:
    """Random outputs of one example, of the shapes that a network declares; None if it declares none."""
    if symbolic is None:
        return None
    generator = np.random.default_rng(seed)

    def made(tensor: Any) -> np.ndarray:
        shape = [4 if size is None else size for size in tensor.shape[1:]]
        if "int" in str(tensor.dtype) or "bool" in str(tensor.dtype):
            return np.zeros(shape, tensor.dtype)
        return generator.random(shape, np.float32)

    if isinstance(symbolic, dict):
        return {name: made(tensor) for name, tensor in symbolic.items()}
    return made(symbolic)
