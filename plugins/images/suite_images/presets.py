"""The preprocessing of images that presets of keras-hub expect."""

from __future__ import annotations

from typing import Any


def image_converter(hub: Any, source: str) -> Any:
    """The preset's own scaling of images; None for a preset that has none, which takes 0 to 255."""
    try:
        return hub.layers.ImageConverter.from_preset(source)
    except (ValueError, FileNotFoundError):
        return None


def scaled(inputs: Any, converter: Any) -> Any:
    """Images (a Keras tensor, 0 to 255) as the preset expects them, in float32."""
    from keras import layers

    return layers.Rescaling(
        _plain(getattr(converter, "scale", None), 1.0),
        _plain(getattr(converter, "offset", None), 0.0),
        dtype="float32",
        name="preprocessing",
    )(inputs)


def _plain(value: Any, default: float) -> float | list[float]:
    if value is None:
        return default
    if isinstance(value, list | tuple):
        return [float(factor) for factor in value]
    return float(value)
