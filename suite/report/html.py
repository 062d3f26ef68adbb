"""What all pages share: one file of HTML without scripts and requests, its sections and its figures."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

from suite.errors import UserError
from suite.figures import Figure
from suite.regular_files import read_regular
from suite.report.figures import figure_html
from suite.shown_addresses import with_addresses

MADE_BY = "Made by suite "
"""How the footer of a page begins, by which a page is known again."""


def page_html(title: str, subtitle: str, sections: Iterable[str], footer: str) -> str:
    """A page.

    Args:
        title: its heading, text.
        subtitle: a line below it, text.
        sections: HTML.
        footer: a line at the end, text.
    """
    template = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    body = with_addresses("\n".join(sections))
    title, subtitle = with_addresses(title), with_addresses(subtitle)
    return template.substitute(
        title=escape(title), subtitle=escape(subtitle), body=body, footer=escape(footer)
    )


def section(title: str, body: str) -> str:
    """A section; `title` is text, `body` HTML."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def grid(figures: Iterable[Figure]) -> str:
    """Figures beside each other, if the page is wide enough."""
    return f'<div class="grid">{"".join(map(figure_html, figures))}</div>'


def check_page_path(path: Path, option: str) -> None:
    """Refuse to write a page where it cannot be, or over anything but an earlier page.

    Args:
        path: of the page.
        option: that names it, "--preview" say.

    Raises:
        UserError: saying why.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file for the page, {path / (option[2:] + '.html')}")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent} to write {path.name} to")
    if path.exists() and MADE_BY.encode() not in read_regular(path)[-400:]:
        raise UserError(f"{path} exists already and is no page of suite: give another name with {option}")
