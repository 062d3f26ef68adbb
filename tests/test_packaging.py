"""What lies beside the code is part of what is installed: a file that is left out is missed by users only."""

from __future__ import annotations

import configparser
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLUGINS = sorted(folder for folder in (ROOT / "plugins").iterdir() if (folder / "pyproject.toml").is_file())
IGNORED = {".py", ".pyc"}


def left_out(package: Path, patterns: list[str]) -> list[str]:
    """The files of a package that are neither code nor named by its data patterns."""
    named = {file for pattern in patterns for file in package.glob(pattern)}
    files = {file for file in package.rglob("*") if file.is_file() and file.suffix not in IGNORED}
    return sorted(str(file.relative_to(package)) for file in files - named)


def test_all_files_of_the_host_are_installed():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert left_out(ROOT / "suite", setup["options.package_data"]["suite"].split()) == []


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_all_files_of_a_plugin_are_installed(folder):
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    ((package, patterns),) = project["tool"]["setuptools"]["package-data"].items()
    assert left_out(folder / package, patterns) == []
