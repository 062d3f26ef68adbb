"""XML read safely by lxml, with the line of each element (`element.sourceline`)."""

from __future__ import annotations

from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from suite import UserError
from suite.sources import Source

Element = Any
"""An element as lxml has it: `tag`, `sourceline`, `find`, `findall`, `findtext`."""


def read_xml(source: Source) -> Element:
    """The root of an XML file, without comments and namespaces.

    Nothing is loaded from elsewhere, and no entity is expanded.

    Raises:
        UserError: if it is broken, or declares a document type, whose entities could fill the memory.
    """
    content = source.read()
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise UserError(f"{source.name}, line {line} is not XML: {_plain(error)}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        line = content[: max(0, content.find(b"<!DOCTYPE"))].count(b"\n") + 1
        raise UserError(f"{source.name}, line {line} declares a document type, which is not read: remove it")
    if b"xmlns" in content:
        for element in root.iter("{*}*"):
            element.tag = etree.QName(element).localname
    return root


def text_of(element: Element, tag: str) -> str | None:
    """The text of the first child called `tag`, without blanks around it; None if there is none."""
    child = element.find(tag)
    return None if child is None else "".join(child.itertext()).strip()


def _plain(error: Exception) -> str:
    """The message without the line, which the sentence has already."""
    message = str(error).partition(", line ")[0]
    return f"{message[:1].lower()}{message[1:]}"
