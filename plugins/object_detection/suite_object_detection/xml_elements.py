"""XML read safely, with the line of each element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from suite import UserError
from suite.sources import Source


@dataclass
class Element:
    """An element of an XML file.

    Attributes:
        tag: its name.
        line: where it begins.
        children: the elements directly in it.
        pieces: of its own text.
    """

    tag: str
    line: int
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[Element]:
        """The elements directly in it that are called `tag`."""
        return (child for child in self.children if child.tag == tag)

    def first(self, tag: str) -> Element | None:
        """The first one of them, if there is any."""
        return next(self.all(tag), None)

    def text_of(self, tag: str) -> str | None:
        """The text of the first one of them, without blanks around it."""
        child = self.first(tag)
        return "".join(child.pieces).strip() if child is not None else None


class _DeclarationError(Exception):
    pass


def read_xml(source: Source) -> Element:
    """The root of an XML file.

    Raises:
        UserError: where it is broken, or declares a document type, whose entities could fill the memory.
    """
    parser = expat.ParserCreate()
    top = Element("", 0)
    open_elements = [top]

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        del attributes
        element = Element(tag, parser.CurrentLineNumber)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(tag: str) -> None:
        del tag
        open_elements.pop()

    def text(piece: str) -> None:
        open_elements[-1].pieces.append(piece)

    def declaration(*_: object) -> None:
        raise _DeclarationError

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = declaration
    try:
        parser.Parse(source.read(), True)
    except _DeclarationError:
        raise UserError(
            f"{source.name}, line {parser.CurrentLineNumber} declares a document type, which is not"
            " read: remove it"
        ) from None
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code]
        raise UserError(f"{source.name}, line {error.lineno} is not XML: {reason}") from None
    except (ValueError, LookupError) as error:
        raise UserError(f"{source.name}, line {parser.CurrentLineNumber} is not XML: {error}") from None
    return top.children[0]
