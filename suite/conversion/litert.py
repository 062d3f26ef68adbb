"""A network for LiteRT, by way of a SavedModel: in the process that converts."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.conversion.saved_model import write_frozen
from suite.conversion.traced import Traced
from suite.errors import UserError
from suite.pipeline.runtimes.saved_model import SIGNATURE

_OPERATOR = re.compile(r"'tf\.([A-Z]\w+)' op")
_LISTED = re.compile(r"^(?:TF Select|Custom) ops: (.+)$", re.MULTILINE)


class _RefusedError(Exception):
    """The converter does not convert a network."""


def write_litert(traced: Traced, target: Path) -> None:
    """Write a network as `.tflite`, of operators that LiteRT itself has.

    LiteRT cannot hold a loop over time (a recurrent layer) and some slices whose batch axis is dynamic. Such
    a network is written for one example at a time, and `suite.pipeline.runtimes.litert` runs batches so.

    What the network says of itself is in `metadata.json`, in a zip archive at the end of the file, as is
    usual with these.

    Args:
        traced: the network.
        target: the file to write.

    Raises:
        UserError: if LiteRT lacks an operator of the network.
    """
    try:
        content = _converted(traced, target.parent)
    except _RefusedError as refused:
        try:
            content = _converted(_of_one_example(traced), target.parent)
        except Exception as error:
            why = error if isinstance(error, _RefusedError) else refused
            raise UserError(
                f"LiteRT cannot hold this network, {why}: export it with --format onnx or openvino"
            ) from error
    target.write_bytes(content)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("metadata.json", json.dumps(dict(traced.metadata), ensure_ascii=False, indent=2))


def _converted(traced: Traced, scratch: Path) -> bytes:
    import tensorflow as tf

    with tempfile.TemporaryDirectory(dir=scratch) as folder, _with_atanh():
        write_frozen(traced, Path(folder) / "saved")
        converter: Any = tf.lite.TFLiteConverter.from_saved_model(
            str(Path(folder) / "saved"), signature_keys=[SIGNATURE]
        )
        try:
            content: bytes = converter.convert()
        except Exception as error:
            raise _RefusedError(_reason(str(error))) from error
    return content


@contextmanager
def _with_atanh() -> Iterator[None]:
    """Within it, what is traced has the inverse of tanh by operators that LiteRT has: it has none for it.

    Near 0, where the logarithm of a number near 1 is imprecise, it is the series, to within float32.
    """
    import tensorflow as tf

    def atanh(x: Any, name: str | None = None) -> Any:
        square = x * x
        series = x * (1 + square * (1 / 3 + square * (1 / 5 + square * (1 / 7 + square / 9))))
        return tf.where(tf.abs(x) < 0.2, series, 0.5 * tf.math.log((1 + x) / (1 - x)), name=name)

    own = tf.math.atanh
    tf.math.atanh = atanh
    try:
        yield
    finally:
        tf.math.atanh = own


def _of_one_example(traced: Traced) -> Traced:
    """The network with a batch axis of one."""
    import tensorflow as tf

    specs = {name: ((1, *shape[1:]), dtype) for name, (shape, dtype) in traced.specs.items()}
    fixed = replace(traced, specs=specs)
    return replace(
        fixed, function=tf.function(traced.function.python_function, input_signature=fixed.signature)
    )


def _reason(printed: str) -> str:
    """Why LiteRT cannot hold a network, from what the converter says in many lines."""
    names = set(_OPERATOR.findall(printed))
    for listed in _LISTED.findall(printed):
        names |= {name.strip() for name in listed.split(",")}
    if names:
        return f"it has no operator for {', '.join(sorted(names)[:5])}"
    return printed.strip().partition("\n")[0][:200]
