"""How the documentation is built: `make docs`. Strict: a warning is an error."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from generated_pages import write_pages  # noqa: E402 - beside this file

import suite  # noqa: E402

project = "suite"
author = "the authors of suite"
version = release = suite.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
# Docstrings name a class by its short name, which several modules export.
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = f"suite {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88


def links_to_the_root(app: Any, document: str, source: list[str]) -> None:
    """Point links to the README and the changelog, which lie outside of docs/, at their pages here."""
    up = "../" * document.count("/")
    for name, page in (("README", "getting-started"), ("CHANGELOG", "changelog")):
        source[0] = re.sub(rf"\]\((?:\.\./)+{name}\.md", f"]({up}generated/{page}.md", source[0])


def plain_docstring(app: Any, kind: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    """Make reStructuredText of a docstring that is written for people who read the code.

    Names are in single quotes of their own, and an indented block after an empty line is code.
    """
    made: list[str] = []
    in_code = False
    before = 0
    for index, line in enumerate(lines):
        indentation = len(line) - len(line.lstrip())
        if line.strip() and in_code and indentation <= before:
            in_code = False
        if line.strip() and not in_code:
            if index and not lines[index - 1].strip() and indentation > before and made:
                made += [f"{' ' * before}::", ""]
                in_code = True
            else:
                before = indentation
                line = re.sub(r"`([^`]+)`(?=(\w?))", _literal, line)
        made.append(line)
    lines[:] = made


def _literal(quoted: re.Match[str]) -> str:
    return f"``{quoted[1]}``" + ("\\ " if quoted[2] else "")


def setup(app: Any) -> None:
    """Write the pages that are made from the code, before anything is read."""
    app.connect("builder-inited", lambda app: write_pages(HERE / "generated"))
    app.connect("source-read", links_to_the_root)
    app.connect("autodoc-process-docstring", plain_docstring, priority=100)  # before napoleon
