"""The public interface, frozen in api.txt: a change of it is a change of that file, for a reader to judge.

Within v1, fields and parameters are only added, and with defaults. Where a change is meant, renew the file:

    python tests/test_api.py
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
SNAPSHOT = TESTS / "api.txt"
PUBLIC = [
    "suite",
    "suite.contributions",
    "suite.data",
    "suite.errors",
    "suite.evaluation",
    "suite.hookspecs",
    "suite.host",
    "suite.data.inspection",
    "suite.options",
    "suite.pipeline",
    "suite.prediction.predictor",
    "suite.sources",
]


def interface() -> str:
    """The public names of the public modules with their signatures and fields."""
    return "\n\n".join("\n".join([module, *_module(module)]) for module in PUBLIC) + "\n"


def _module(name: str) -> Iterator[str]:
    path = TESTS.parent / name.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(source.read_text(encoding="utf-8"))
    exported = _exported(tree)
    if name == "suite":
        yield from (f"    {one}" for one in exported or ())
        return
    for node in tree.body:
        for line, defined in _statement(node):
            if exported is None or defined in exported:
                yield f"    {line}"


def _exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def _statement(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """The lines of a public definition, each with the name that is defined."""
    match node:
        case ast.FunctionDef(name=name) if _public(name):
            yield _function(node), name
        case ast.ClassDef(name=name) if _public(name):
            arguments = [ast.unparse(one) for one in (*node.bases, *node.keywords)]
            decorated = "".join(f"@{ast.unparse(one)} " for one in node.decorator_list)
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
    decorated = "".join(f"@{ast.unparse(one)} " for one in node.decorator_list)
    return f"{decorated}def {node.name}({ast.unparse(node.args)}){returned}"


def _public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__", "__len__", "__getitem__")


def test_the_public_interface_is_the_one_written_down():
    assert interface() == SNAPSHOT.read_text(encoding="utf-8"), "meant? then: python tests/test_api.py"


if __name__ == "__main__":
    SNAPSHOT.write_text(interface(), encoding="utf-8")
    print(f"wrote {SNAPSHOT}")
