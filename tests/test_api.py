"""The public interface, frozen in api.txt: a change of it is a change of that file, for a reader to judge.

Within v1, fields and parameters are only added, and with defaults. Where a change is meant, renew the file:

    python tests/test_api.py
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SNAPSHOT = TESTS / "api.txt"
PUBLIC = [
    "suite",
    "suite.data",
    "suite.evaluation",
    "suite.figures",
    "suite.kit",
    "suite.options",
    "suite.pipeline",
    "suite.sources",
    "suite.testing",
    "suite.widgets",
]
"""Of the host; of each task plugin it is the module `api`."""


def interface() -> str:
    """The public names of the public modules with their signatures and fields."""
    modules = {name: _path(name) for name in PUBLIC}
    modules |= {_name(path): path for path in sorted(ROOT.glob("plugins/*/suite_*/**/api.py"))}
    return "\n\n".join("\n".join([name, *_module(path)]) for name, path in modules.items() if path) + "\n"


def _path(name: str) -> Path | None:
    """The file of a module of the host or of a plugin; None if it is of somebody else."""
    below = name.replace(".", "/")
    for root in (ROOT, *ROOT.glob("plugins/*")):
        for path in (root / below / "__init__.py", root / f"{below}.py"):
            if path.is_file():
                return path
    return None


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts[2:])


def _module(path: Path) -> Iterator[str]:
    """What a module defines, and what it exports of others: each with its signature and fields."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = [line for node in tree.body for line, name in _statement(node) if name != "__all__"]
    yield from (f"    {line}" for line in defined)
    for name, home in sorted(_exported(tree)):
        source = _path(home)
        of_home = ast.parse(source.read_text(encoding="utf-8")).body if source else []
        lines = [line for node in of_home for line, found in _statement(node) if found == name]
        yield from (f"    {line}" for line in lines or [f"{home}.{name}"])


def _exported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that a module exports of others (`from module import name as name`), with those modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.name, node.module) for alias in node.names if alias.asname == alias.name)


def _statement(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """The lines of a public definition, each with the name that is defined."""
    match node:
        case ast.FunctionDef(name=name) if _public(name):
            yield _function(node), name
        case ast.ClassDef(name=name) if _public(name):
            arguments = [ast.unparse(base) for base in (*node.bases, *node.keywords)]
            decorated = "".join(f"@{ast.unparse(decorator)} " for decorator in node.decorator_list)
            yield f"{decorated}class {name}({', '.join(arguments)})", name
            for statement in node.body:
                for line, _ in _statement(statement):
                    yield f"    {line}", name
        case ast.AnnAssign(target=ast.Name(id=name)) if _public(name):
            yield ast.unparse(node), name
        case ast.Assign(targets=[ast.Name(id=name)]) if _public(name):
            yield f"{name} = {ast.unparse(node.value)}", name


def _function(node: ast.FunctionDef) -> str:
    returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    decorated = "".join(f"@{ast.unparse(decorator)} " for decorator in node.decorator_list)
    return f"{decorated}def {node.name}({ast.unparse(node.args)}){returned}"


def _public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__", "__len__", "__getitem__")


def test_the_public_interface_is_the_one_written_down():
    assert interface() == SNAPSHOT.read_text(encoding="utf-8"), "meant? then: python tests/test_api.py"


if __name__ == "__main__":
    SNAPSHOT.write_text(interface(), encoding="utf-8")
    print(f"wrote {SNAPSHOT}")
