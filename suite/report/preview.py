"""The page of `suite inspect --preview`: what data holds and what is wrong with it, and examples as read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from suite.figures import Figure, Table
from suite.report.formatting import plain_text
from suite.report.html import grid, page_html, section

_MAX_LOCATIONS = 5


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Figures of examples that belong together.

    Attributes:
        title: what they have in common.
        figures: of the examples.
        lines: what is said of them, a line each.
    """

    title: str
    figures: Sequence[Figure]
    lines: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A finding on the data: a sentence, whether it should be put right, and its locations."""

    text: str
    wrong: bool
    locations: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class PreviewContent:
    """What the page shows; whatever is empty is not shown.

    Attributes:
        title: the data.
        subtitle: what it is, in a line.
        facts: a few words or numbers each, shown large.
        remarks: what is wrong or odd.
        notes: sentences on the page itself.
        suspicious: sheets of the examples that remarks name.
        typical: sheets of others.
        tables: what the data holds.
        footer: a line at the end.
    """

    title: str
    subtitle: str = ""
    facts: Mapping[str, float | str] = field(default_factory=dict)
    remarks: Sequence[Remark] = ()
    notes: Sequence[str] = ()
    suspicious: Sequence[Sheet] = ()
    typical: Sequence[Sheet] = ()
    tables: Sequence[Table] = ()
    footer: str = ""


def render_preview(content: PreviewContent) -> str:
    """The page as HTML; equal content gives equal text."""
    return page_html(content.title, content.subtitle, _sections(content), content.footer)


def _sections(content: PreviewContent) -> Iterator[str]:
    wrong = sum(remark.wrong for remark in content.remarks)
    odd = len(content.remarks) - wrong
    counts = [f"{wrong:,} to put right" if wrong else "", f"{odd:,} worth a look" if odd else ""]
    verdict = ", ".join(filter(None, counts)) if wrong else "Nothing is wrong." if not odd else ""
    verdict = verdict or f"Nothing is wrong; {counts[1]}."
    doubt = " doubt" if wrong else ""
    yield f'<div class="verdict{doubt}"><p>{escape(verdict)}</p></div>'
    if content.facts:
        items = "".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(plain_text(value))}</dd></div>"
            for name, value in content.facts.items()
        )
        yield f'<dl class="facts">{items}</dl>'
    if content.notes:
        yield section("Notes", f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in content.notes)}</ul>")
    for heading, kind in (("To put right", True), ("Worth a look", False)):
        items = "".join(_remark(remark) for remark in content.remarks if remark.wrong == kind)
        if items:
            yield section(heading, f"<ul>{items}</ul>")
    if content.suspicious:
        yield section("Suspicious examples, as read", "".join(map(_sheet, content.suspicious)))
    if content.typical:
        yield section("Examples, as read", "".join(map(_sheet, content.typical)))
    if content.tables:
        yield section("What the data holds", grid(content.tables))


def _remark(remark: Remark) -> str:
    lines = "".join(
        f'<br><span class="quiet">{escape(location)}</span>' for location in remark.locations[:_MAX_LOCATIONS]
    )
    more = len(remark.locations) - _MAX_LOCATIONS
    if more > 0:
        lines += f'<br><span class="quiet">and {more:,} more</span>'
    return f"<li>{escape(remark.text)}{lines}</li>"


def _sheet(sheet: Sheet) -> str:
    lines = "<br>".join(escape(line) for line in sheet.lines)
    caption = f'<p class="caption">{lines}</p>' if lines else ""
    return f'<div class="sheet"><h3>{escape(sheet.title)}</h3>{caption}{grid(sheet.figures)}</div>'
