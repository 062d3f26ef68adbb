"""`suite plugins --check`: whether every plugin can be loaded, with all that it declares by an address."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from suite.contributions import Contributed, Lazy
from suite.errors import UserError, first_line
from suite.host import Host, Plugin
from suite.testing.declarations import lazies


@dataclass(frozen=True)
class Defect:
    """Something of a plugin that cannot be loaded.

    Attributes:
        text: what, and why.
        raised: with its traceback.
        missing: a package is not installed that only some uses need: no defect of the plugin.
    """

    text: str
    raised: BaseException | None
    missing: bool = False


def defects(plugin: Plugin) -> list[Defect]:
    """What of a plugin cannot be loaded. Slow: it imports all that it declares by an address."""
    if plugin.error:
        return [Defect(f"could not be loaded: {plugin.error}", plugin.raised)]
    return [defect for contributed in plugin.contributions for defect in _unresolved(contributed)]


def broken_texts(plugin: Plugin) -> list[str]:
    """The defects of a plugin as sentences."""
    return [defect.text for defect in defects(plugin) if not defect.missing]


def _unresolved(contributed: Contributed) -> Iterator[Defect]:
    of = f"{contributed.kind} '{contributed.listed_name}'"
    for attribute, address in _addresses(contributed.item):
        try:
            Lazy(address).resolve() if ":" in address else importlib.import_module(address)
        except UserError as error:
            yield Defect(f"the {attribute} of its {of}: {error}", error, missing=True)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - shown
            what = f"{type(error).__name__}: {first_line(error)}"
            yield Defect(
                f"the {attribute} of its {of} is '{address}', which cannot be imported: {what}", error
            )


def _addresses(item: Any) -> Iterator[tuple[str, str]]:
    """The addresses in a declaration, each with the attribute that it is in."""
    types = getattr(item, "types", "")
    if types:
        yield "types", types
    for attribute, found in lazies(item):
        yield attribute, found.address


def checked_text(plugin: Plugin, found: list[Defect]) -> str:
    """A line for a plugin, and one for each thing that cannot be loaded."""
    broken = [defect for defect in found if not defect.missing]
    addresses = len({pair for each in plugin.contributions for pair in _addresses(each.item)})
    good = f"ok: {len(plugin.contributions)} contributions, {addresses} addresses"
    lines = [f"{plugin.name} {plugin.version}".rstrip() + ("" if broken else f"  {good}")]
    lines += [f"    {'note: ' if defect.missing else ''}{defect.text}" for defect in found]
    return "\n".join(lines)


def check(host: Host, *, debug: bool) -> int:
    """Print what cannot be loaded; the exit status."""
    status = 0
    for plugin in host.plugins:
        found = defects(plugin)
        print(checked_text(plugin, found))
        if any(not defect.missing for defect in found):
            status = 1
        if debug:
            show_tracebacks(found)
    if not host.plugins:
        print("no plugin is installed")
    return status


def show_tracebacks(found: list[Defect]) -> None:
    """Print where each thing was raised that cannot be loaded."""
    sys.stdout.flush()
    for defect in found:
        if defect.raised is not None:
            traceback.print_exception(defect.raised)
