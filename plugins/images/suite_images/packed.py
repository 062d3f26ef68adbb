"""Images in the cells of Parquet tables."""

from __future__ import annotations

from suite import UserError
from suite.kit import FileKind
from suite_images.headers import read_header


def _is_image(content: bytes) -> bool:
    try:
        read_header(content, "")
    except UserError:
        return False
    return True


PACKED_IMAGES = FileKind(
    "Image", ("image", "img", "picture", "photo", "jpg", "jpeg", "png"), _is_image, "images", "image_column"
)
"""What loaders of images look for in such tables."""
