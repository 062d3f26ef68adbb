"""The documentation of a module, read from its source: the module itself is not imported.

Shown are its docstring, its classes with their fields, comments and docstrings, and its type aliases.
Functions and methods are left out. A name that the module takes from another one and offers as its own, by
`from module import Name as Name` or by `__all__`, is read there, and so is a class that one of its classes
derives from. What stands below `if TYPE_CHECKING:` is read like the rest.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from suite.errors import PluginError

_INDENT = "    "


def module_documentation(module: str) -> str:
    """The documentation of a module, as text.

    Args:
        module: its name, "suite_birds.types". Only the packages that it is in are imported.

    Raises:
        PluginError: if there is no such module, or it has no source that can be read.
    """
    source = _Source(module)
    docstring = ast.get_docstring(source.tree)
    return "\n\n\n".join([*([docstring] if docstring else []), *source.documented()])


class _Source:
    def __init__(self, module: str) -> None:
        self.module = module
        text, self.is_package = _read(module)
        self.lines = text.splitlines()
        try:
            self.tree = ast.parse(text)
        except SyntaxError as error:
            raise PluginError(f"the module '{module}' is no Python: {error}") from None
        self.body = list(_statements(self.tree))
        self.exported = self._exported()

    def _exported(self) -> Sequence[str]:
        """The names in `__all__`."""
        for statement in self.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as names):
                    return [str(name.value) for name in names.elts if isinstance(name, ast.Constant)]
        return []

    def documented(self, only: str | None = None) -> Iterator[str]:
        """The documentation of each public name that is defined here or taken over; or of `only` one."""
        for statement, following in zip(self.body, [*self.body[1:], None], strict=True):
            match statement:
                case ast.ClassDef(name=name) if _wanted(name, only):
                    yield from self._bases(statement)
                    yield self._class(statement)
                case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]) if (
                    _wanted(name, only)
                ):
                    yield self._with_docstring(statement, following)
                case ast.ImportFrom():
                    yield from self._taken_over(statement, only)

    def _taken_over(self, statement: ast.ImportFrom, only: str | None) -> Iterator[str]:
        """What the module takes from another module and offers as its own, from that module's source."""
        for alias in statement.names:
            name = alias.asname or alias.name
            if name == only or (only is None and (alias.asname == alias.name or name in self.exported)):
                yield from _Source(self._absolute(statement)).documented(only=alias.name)

    def _bases(self, node: ast.ClassDef) -> Iterator[str]:
        """The classes of other modules that a class derives from, by the names that they have here.

        Those of the standard library are known, and what has no Python source is left out.
        """
        names = {base.id for base in node.bases if isinstance(base, ast.Name)}
        imports = (statement for statement in self.body if isinstance(statement, ast.ImportFrom))
        for statement in imports:
            module = self._absolute(statement)
            if module.partition(".")[0] in sys.stdlib_module_names:
                continue
            for alias in statement.names:
                here = alias.asname or alias.name
                offered = alias.asname == alias.name or here in self.exported
                if here in names and not offered:
                    with suppress(PluginError):
                        found = "\n\n\n".join(_Source(module).documented(only=alias.name))
                        yield found.replace(f"class {alias.name}", f"class {here}", 1)

    def _absolute(self, statement: ast.ImportFrom) -> str:
        """The name of the module that a statement imports from."""
        if not statement.level:
            return statement.module or ""
        package = self.module.split(".") if self.is_package else self.module.split(".")[:-1]
        package = package[: len(package) - statement.level + 1]
        return ".".join([*package, *([statement.module] if statement.module else [])])

    def _class(self, node: ast.ClassDef) -> str:
        arguments = ", ".join(ast.unparse(argument) for argument in (*node.bases, *node.keywords))
        body = []
        docstring = ast.get_docstring(node)
        if docstring:
            body.append(docstring)
        fields = []
        for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                    fields.append(self._with_docstring(statement, following))
        if fields:
            body.append("\n".join(fields))
        head = f"class {node.name}({arguments})" if arguments else f"class {node.name}"
        return "\n".join([head, textwrap.indent("\n\n".join(body), _INDENT)]).rstrip()

    def _with_docstring(self, statement: ast.stmt, following: ast.stmt | None) -> str:
        """A definition with the comments above and beside it, and with the docstring after it."""
        first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
        while first > 0 and self.lines[first - 1].lstrip().startswith("#"):
            first -= 1
        text = textwrap.dedent("\n".join(self.lines[first:last]))
        match following:
            case ast.Expr(value=ast.Constant(value=str(docstring))):
                text += "\n" + textwrap.indent(inspect.cleandoc(docstring), _INDENT)
        return text


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements of a module, those for type checkers among them."""
    for statement in tree.body:
        match statement:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                yield from statement.body
            case _:
                yield statement


def _wanted(name: str, only: str | None) -> bool:
    return not name.startswith("_") if only is None else name == only


def _read(module: str) -> tuple[str, bool]:
    """The source of a module, and whether it is a package."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise PluginError(f"there is no module '{module}'")
    if spec.origin is None or not spec.origin.endswith(".py"):
        raise PluginError(f"the module '{module}' has no source to read")
    return Path(spec.origin).read_text(encoding="utf-8"), spec.submodule_search_locations is not None
