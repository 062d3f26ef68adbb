"""What plugins need of keras-hub, which is an extra and imported when asked for."""

from __future__ import annotations

from typing import Any

from suite.errors import UserError


def import_keras_hub() -> Any:
    """The module keras_hub.

    Raises:
        suite.UserError: where it is not installed, saying how to.
    """
    try:
        import keras_hub
    except ImportError as error:
        raise UserError(
            f'presets need keras-hub, which cannot be imported ({error}): pip install "keras-suite[presets]"'
        ) from error
    return keras_hub
