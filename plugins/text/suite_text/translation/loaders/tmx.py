"""Translation memories: TMX files, units of segments in several languages."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from suite import UserError
from suite.data import Dataset
from suite.kit import tables
from suite_text.reading.problems import Problems
from suite_text.reading.split_files import DataFile, files_in, split_files
from suite_text.translation.direction import direction
from suite_text.translation.examples import Collector
from suite_text.translation.options import TmxOptions

SUFFIXES = (".tmx", ".tmx.gz")

_LANGUAGE = ("{http://www.w3.org/XML/1998/namespace}lang", "lang")
_CODES = ("bpt", "ept", "ph", "it", "ut")
"""Elements in a segment that hold the codes of a program, not text."""

Unit = dict[str, str]


def detect_tmx(path: Path) -> bool:
    """Whether `path` is a TMX file, or a folder or an archive with some."""
    return bool(files_in(path, SUFFIXES))


def load_tmx(path: Path, options: TmxOptions) -> Dataset:
    """Load the units of translation memories that have a segment in both languages.

    Args:
        path: a file; a folder or an archive with a file for each split.
        options: the languages; without them, the two that there are, from the one that the header names.

    Raises:
        UserError: if there is no such file, it is not XML, or it is not clear which way to translate. Units
            that cannot be used are left out and named in `Dataset.problems`.
    """
    files = {file.name: file for file in files_in(path, SUFFIXES)}
    if not files:
        raise UserError(
            f"{path} is neither a translation memory ({', '.join(SUFFIXES)}) nor a folder with one"
        )
    problems = Problems()
    splits, rest = split_files(path, list(files), options)
    for name in rest:
        problems.note_unused(name)
    collector: Collector | None = None
    source = target = ""
    for split, name in ((split, name) for split, names in splits.items() for name in names):
        units, named = _read(files[name])
        if collector is None:
            source, target = _direction(files[name], units, named, options)
            collector = Collector(path, options, source, target, problems)
        for number, unit in enumerate(units, start=1):
            collector.add(split, name, number, unit.get(source, ""), unit.get(target, ""))
    assert collector is not None
    return collector.dataset()


def _read(file: DataFile) -> tuple[list[Unit], str]:
    """The units of a file, and the language that its header names as the source."""
    content, name = tables.unpacked(file.read(), str(file))
    named = ""
    units = []
    try:
        for element in _elements(content):
            if element.tag == "header":
                named = element.get("srclang", "")
            elif element.tag == "tu":
                units.append(_unit(element))
                element.clear()
    except RecursionError:
        raise UserError(f"{name} is no TMX: its elements are nested too deeply") from None
    except (ET.ParseError, LookupError, ValueError) as error:  # the last two of an unknown encoding
        raise UserError(f"{name} is no TMX: {error}") from None
    return units, named


def _elements(content: bytes) -> Iterator[ET.Element]:
    # Expat itself refuses entities that would grow without end, and the module fetches nothing.
    for _, element in ET.iterparse(io.BytesIO(content)):  # noqa: S314
        element.tag = element.tag.rpartition("}")[2]
        yield element


def _unit(element: ET.Element) -> Unit:
    """The text of each language in a unit; of two segments in one language, the first."""
    unit: Unit = {}
    for variant in element.findall("tuv"):
        language = next((variant.get(name, "") for name in _LANGUAGE if variant.get(name)), "")
        segment = variant.find("seg")
        if segment is not None:
            unit.setdefault(language.lower(), "".join(_texts(segment)))
    return unit


def _texts(element: ET.Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag not in _CODES:
            yield from _texts(child)
        yield child.tail or ""


def _direction(file: DataFile, units: list[Unit], named: str, options: TmxOptions) -> tuple[str, str]:
    counts = Counter(language for unit in units for language in unit)
    languages = [language for language, _ in counts.most_common()]
    if len(languages) < 2:
        raise UserError(f"{file} has no two languages, only {', '.join(languages) or 'none'}")
    chosen = [_of_name(name, languages) for name in (options.source, options.target)]
    if not chosen[0] and len(languages) == 2:
        first = _of_name(named, [language for language in languages if language != chosen[1]])
        chosen[0] = first if first in languages else ""
    return direction(str(file), languages, *chosen)


def _of_name(name: str, languages: list[str]) -> str:
    """The language of a name, whatever its case, and its region if only one has it: en for EN-us."""
    plain = name.lower()
    if not plain or plain in languages:
        return plain
    alike = [language for language in languages if language.split("-")[0] == plain.split("-")[0]]
    return alike[0] if len(alike) == 1 else plain
