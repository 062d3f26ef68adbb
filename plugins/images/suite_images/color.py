"""Random brightness, contrast, saturation and hue: one matrix per image."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

LUMINANCE = np.array([0.299, 0.587, 0.114])
HUE_SHARE = 0.125
"""Rotation of the hue, in full circles, at strength 1."""


def draw_colors(count: int, strength: float, grayscale: float, rng: np.random.Generator) -> np.ndarray:
    """Random changes of brightness, contrast, saturation and hue of images: a matrix for each.

    Args:
        count: how many images.
        strength: brightness, contrast and saturation are multiplied by 1 / (1 + strength) to
            1 + strength; the hue turns by up to an eighth of that in full circles.
        grayscale: probability that an image is turned to gray.
        rng: the source of randomness.

    Returns:
        Affine maps of RGB, (count, 3, 4) float64.
    """
    draws = rng.uniform(-1, 1, (4, count))
    brightness, contrast, saturation = (1.0 + strength) ** draws[:3]
    saturation = np.where(rng.random(count) < grayscale, 0.0, saturation)
    return color_matrices(brightness, contrast, saturation, HUE_SHARE * strength * draws[3])


def recolor(images: np.ndarray, matrices: np.ndarray, which: Iterable[int]) -> None:
    """Take the colors of some images through their matrices, in place.

    Args:
        images: (batch, height, width, 3) uint8, RGB.
        matrices: (batch, 3, 4), affine maps of RGB.
        which: the indices of those that are changed.
    """
    for index in which:
        cv2.transform(images[index], matrices[index], dst=images[index])


def color_matrices(
    brightness: np.ndarray, contrast: np.ndarray, saturation: np.ndarray, hue: np.ndarray
) -> np.ndarray:
    """Affine maps of RGB, (batch, 3, 4).

    Saturation blends with the luminance (0 gives gray), contrast scales around middle gray, brightness
    scales, and the hue turns around the gray axis by `hue` full circles. All are (batch,).
    """
    angle = 2 * np.pi * hue[:, None, None]
    cosine, sine = np.cos(angle), np.sin(angle)
    cross = np.sqrt(1 / 3) * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    turn = cosine * np.eye(3) + (1 - cosine) / 3 + sine * cross  # Rodrigues, around (1, 1, 1)
    blend = saturation[:, None, None]
    saturate = blend * np.eye(3) + (1 - blend) * LUMINANCE[None, None, :]
    matrices = np.empty((len(hue), 3, 4))
    matrices[:, :, :3] = (brightness * contrast)[:, None, None] * (saturate @ turn)
    matrices[:, :, 3] = (128 * brightness * (1 - contrast))[:, None]
    return matrices
