"""How much memory a network's file may ask for: no more than a small multiple of what it holds.

A zip file of nine megabytes can unpack to gigabytes, an HDF5 file can declare arrays that it does not hold,
and a configuration can describe layers whose weights are in no file. Networks do not compress: what is far
larger than its file is damaged or hostile.
"""

from __future__ import annotations

import math
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suite.errors import UserError
from suite.limits import FREE, check_model_bytes

_GB = 10**9
_WEIGHTS_FACTOR = 8  # a layer that is quantized is made twice, and held in a quarter


def check_unpacked(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a `.keras` file whose members unpack to far more than it has, or to more than the limit.

    Raises:
        UserError: saying how much it would be.
    """
    unpacked = sum(member.file_size for member in archive.infolist())
    check_model_bytes(path, unpacked, path.stat().st_size, "unpacks to")


@contextmanager
def weights_up_to(path: Path, held: int) -> Iterator[None]:
    """Refuse to make a network with far more weights than its file holds, before they take any memory.

    Keras makes the weights that a configuration describes before it looks whether the file has them.

    Args:
        path: the file, for the message.
        held: bytes of weights in the file.

    Raises:
        UserError: when the block makes more.
    """
    import keras

    kind: Any = keras.Variable
    make, own = kind.__init__, "__init__" in vars(kind)
    thread = threading.get_ident()
    made = 0
    refusal: UserError | None = None

    def counted(self: Any, initializer: Any, shape: Any = None, *arguments: Any, **named: Any) -> None:
        nonlocal made, refusal
        if threading.get_ident() == thread and shape is not None:
            made += 4 * math.prod(side for side in shape if isinstance(side, int))
            if made > FREE + _WEIGHTS_FACTOR * held:
                refusal = UserError(
                    f"{path} is refused: its configuration describes weights of {made / _GB:,.3g} GB or more,"
                    f" and it holds {held / 1e6:,.3g} MB of them"
                )
                raise refusal
        make(self, initializer, shape, *arguments, **named)

    with _LOCK:
        kind.__init__ = counted
        try:
            yield
        except Exception:
            if refusal is not None:  # which Keras has wrapped
                raise refusal from None
            raise
        finally:
            if own:
                kind.__init__ = make
            else:
                del kind.__init__


_LOCK = threading.RLock()
