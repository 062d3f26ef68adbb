"""Figures of `suite.figures` as HTML that needs nothing beside it: images and sounds are part of the text."""

from __future__ import annotations

import base64
from html import escape

from suite.figures import Aligned, Clip, Clips, Figure, Highlights, Image, Table
from suite.report.formatting import html_table
from suite.report.highlights import LEGEND, highlight


def figure_html(figure: Figure) -> str:
    """A figure as HTML, complete with everything it shows."""
    caption = f"<figcaption>{escape(figure.caption)}</figcaption>" if figure.caption else ""
    title = f"<h3>{escape(figure.title)}</h3>" if figure.title else ""
    if isinstance(figure, Image):
        wide = (
            ' class="wide"' if isinstance(figure.content, str) and "chart wide" in figure.content[:60] else ""
        )
        return f"<figure{wide}>{title}{_image(figure.content, figure.title)}{caption}</figure>"
    if isinstance(figure, Table):
        return f"<figure>{title}{html_table(figure.columns, figure.rows)}{caption}</figure>"
    if isinstance(figure, Clips):
        clips = "".join(map(_clip, figure.items))
        return f'<figure class="wide">{title}<ol class="clips">{clips}</ol>{caption}</figure>'
    if isinstance(figure, Highlights):
        items = "".join(map(highlight, figure.items))
        caption = f"<figcaption>{escape(' '.join(filter(None, (figure.caption, LEGEND))))}</figcaption>"
        return f'<figure class="wide">{title}<ol class="highlights">{items}</ol>{caption}</figure>'
    kind = "gallery large" if figure.large else "gallery"
    items = "".join(_gallery_item(encoded, text) for encoded, text in figure.items)
    return f'<figure class="wide">{title}<div class="{kind}">{items}</div>{caption}</figure>'


def _image(content: str | bytes, title: str) -> str:
    # Charts of ours are part of the page, so that they take its colors. Any other SVG is shown as an
    # image: its names cannot clash with the page's, and nothing in it runs.
    if isinstance(content, str) and content.startswith('<svg class="chart'):
        return content
    return f'<img src="{_data_address(content)}" alt="{escape(title)}">'


def _data_address(content: str | bytes) -> str:
    encoded = content.encode() if isinstance(content, str) else content
    kinds = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}
    kind = next((kind for start, kind in kinds.items() if encoded.startswith(start)), "svg+xml")
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"


def _gallery_item(encoded: bytes, text: str) -> str:
    first, *rest = text.split("\n")
    lines = "".join(f"<br><span>{escape(line)}</span>" for line in rest[:1])
    lines += "".join(f'<br><span class="source">{escape(line)}</span>' for line in rest[1:])
    return (
        f'<figure><img src="{_data_address(encoded)}" alt="{escape(text)}" loading="lazy">'
        f"<p><strong>{escape(first)}</strong>{lines}</p></figure>"
    )


def _clip(clip: Clip) -> str:
    first, *rest = clip.caption.split("\n")
    text = f"<strong>{escape(first)}</strong>"
    text += "".join(f'<br><span class="quiet">{escape(line)}</span>' for line in rest)
    sound = ""
    if clip.sound:
        address = _sound_address(clip.sound)
        sound = f'<audio controls preload="none" src="{address}" aria-label="{escape(first)}"></audio>'
    aligned = ""
    if clip.aligned:
        upper, lower = clip.rows
        names = f'<span class="rows"><span>{escape(upper)}</span><span>{escape(lower)}</span></span>'
        aligned = f'<div class="aligned">{names}{"".join(map(_aligned, clip.aligned))}</div>'
    return f"<li><p>{text}</p>{sound}{aligned}</li>"


def _aligned(column: Aligned) -> str:
    """A column; words say what is wrong, so that its color is only a help."""
    # A column that is half empty keeps its height, and reads as what it is.
    upper, lower = (escape(text) or "&ndash;" for text in (column.upper, column.lower))
    mark = f"<small>{escape(column.mark)}</small>" if column.mark else ""
    kind = ' class="marked"' if column.mark else ""
    return f'<span{kind}><span dir="auto">{upper}</span><span dir="auto">{lower}</span>{mark}</span>'


def _sound_address(encoded: bytes) -> str:
    # MP3 has no fixed beginning: it begins with a tag or with the first frame's header.
    kinds = {b"OggS": "ogg", b"RIFF": "wav", b"fLaC": "flac"}
    kind = next((kind for start, kind in kinds.items() if encoded.startswith(start)), "mpeg")
    return f"data:audio/{kind};base64,{base64.b64encode(encoded).decode()}"
