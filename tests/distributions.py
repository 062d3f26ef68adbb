"""Made-up distributions, as pip would install them."""

from __future__ import annotations

from pathlib import Path


def write_distribution(folder: Path, name: str, entry_points: str, version: str = "1.0") -> Path:
    """What pip would write for a distribution: enough for `importlib.metadata` to find it in `folder`."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(entry_points)
    return info
