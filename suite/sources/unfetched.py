"""How a file in the cache is marked whose content is still elsewhere: by the rights that nobody has."""

from __future__ import annotations

import os
import stat

PLACEHOLDER = 0o200 if os.name == "posix" else 0o600
"""The mode of such a file: nobody may read it."""


def is_placeholder_mode(mode: int) -> bool:
    """Whether a file with this mode may be one whose content is still elsewhere."""
    return os.name == "posix" and stat.S_ISREG(mode) and not mode & 0o444
