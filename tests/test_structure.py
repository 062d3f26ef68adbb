"""The shape of the house: packages in a stack, no import circle, plugins through the front door only."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

STACK = (
    "core",
    "data",
    "evaluation",
    "pipeline",
    "prediction",
    "training",
    "conversion",
    "runs",
    "serving",
    "cli",
)
"""Each package imports from those before it only. `core` is the modules that lie in `suite/` itself."""

BESIDE = {"report": ("core", "evaluation"), "kit": ("core", "data"), "testing": STACK[:-1]}
"""What stands beside the stack, and what of it each may import. `runs` and `cli` may import `report`, and
`cli` `testing`."""

PUBLIC = {
    "suite",
    "suite.data",
    "suite.pipeline",
    "suite.evaluation",
    "suite.figures",
    "suite.options",
    "suite.sources",
    "suite.kit",
    "suite.testing",
    "suite.widgets",
}
"""What a plugin may import of the host: `tests/api.txt` freezes what is in it."""

HOST = sorted((ROOT / "suite").rglob("*.py"))
PLUGINS = sorted(path for path in ROOT.glob("plugins/*/suite_*/**/*.py") if "egg-info" not in str(path))

PROGRAMS = sorted([*ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("examples/**/*.py")])


def module_of(path: Path) -> str:
    """`plugins/text/suite_text/words.py` is `suite_text.words`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "plugins":
        parts = parts[2:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in [*HOST, *PLUGINS]}


def imports(path: Path, *, types_too: bool = False) -> set[str]:
    """The modules that a file imports, within functions too; those for types alone if `types_too`."""
    at_run_time, for_types = imports_of(path)
    return at_run_time | for_types if types_too else at_run_time


@cache
def imports_of(path: Path) -> tuple[set[str], set[str]]:
    """The modules that a file imports when it runs, and those that it imports for types."""
    found: tuple[set[str], set[str]] = (set(), set())
    waiting: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text(encoding="utf-8")), False)]
    while waiting:
        node, for_types = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in (test := ast.unparse(node.test)):
            of_types, others = (node.orelse, node.body) if "not" in test else (node.body, node.orelse)
            waiting += [(statement, True) for statement in of_types]
            waiting += [(statement, for_types) for statement in others]
            continue
        if isinstance(node, ast.Import):
            found[for_types].update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found[for_types].update(inner & MODULES, {node.module} if inner - MODULES else ())
        if not isinstance(node, ast.expr):  # in which nothing is imported
            waiting += [(child, for_types) for child in ast.iter_child_nodes(node)]
    return found


def package_of(module: str) -> str:
    """The package of the stack that a module of the host belongs to."""
    first = module.split(".")[1] if "." in module else ""
    return first if first in STACK or first in BESIDE else "core"


@pytest.mark.parametrize("path", HOST, ids=module_of)
def test_a_package_of_the_host_imports_only_from_those_below_it(path):
    own = package_of(module_of(path))
    if path.name in ("__init__.py", "__main__.py"):
        allowed = set(STACK) | set(BESIDE)  # what it imports is what it stands for
    elif own in BESIDE:
        allowed = {own, *BESIDE[own]}
    else:
        allowed = set(STACK[: STACK.index(own) + 1])
        allowed |= {"report"} if own in ("runs", "cli") else set()
        allowed |= {"testing"} if own == "cli" else set()
    above = {module for module in imports(path) if module in MODULES and module.split(".")[0] == "suite"}
    assert [module for module in sorted(above) if package_of(module) not in allowed] == []


def test_there_is_no_import_circle():
    # Imports for types count too, but for those of packages that export lazily and name all that is in them.
    graph = {
        module_of(path): imports(path, types_too=path.name != "__init__.py") & MODULES
        for path in HOST + PLUGINS
    }
    done: set[str] = set()
    circles = []

    def visit(module: str, above: tuple[str, ...]) -> None:
        if module in above:
            circles.append(" -> ".join((*above[above.index(module) :], module)))
        elif module not in done:
            for imported in sorted(graph[module] - {module}):
                visit(imported, (*above, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())
    assert circles == []


@pytest.mark.parametrize("path", PLUGINS, ids=module_of)
def test_a_plugin_of_this_repository_imports_only_what_any_other_may(path):
    of_host = {name for name in imports(path, types_too=True) if name.split(".")[0] == "suite"}
    of_host.discard("suite.kit.tables")  # `from suite.kit import tables`
    private = of_host - PUBLIC
    assert sorted(private) == []


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_benchmarks_and_examples_import_what_there_is(path):
    """They are run by hand, so nobody would notice that a name has changed."""
    missing = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("suite"):
            module = importlib.import_module(node.module)
            missing += [
                f"{node.module}.{name.name}"
                for name in node.names
                if not hasattr(module, name.name) and f"{node.module}.{name.name}" not in MODULES
            ]
    assert missing == []


def test_the_host_imports_no_plugin():
    of_plugins = {name.split(".")[0] for name in map(module_of, PLUGINS)}
    assert [path for path in HOST if {name.split(".")[0] for name in imports(path)} & of_plugins] == []


@pytest.mark.parametrize("path", [*HOST, *PLUGINS], ids=module_of)
def test_no_file_outgrows_its_reader(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 420
