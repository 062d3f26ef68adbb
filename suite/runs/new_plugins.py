"""`suite new`: a distribution with a plugin that works as it stands, written from templates.

Those for a task are in its own plugin (`Task.templates`); a task, and what is for any task of plain JSON, are
in `suite/templates`.

Templates are files with the made-up name "acorn". What becomes of it depends on where it stands:
"suite-acorn" is the distribution, "suite_acorn" the package, "Acorn" begins the name of a class, and "acorn"
alone is the name of the contribution.
"""

from __future__ import annotations

import importlib.util
import keyword
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import suite
from suite.contributions import Contributed, DataLoader, Evaluator, ModelBuilder, Task
from suite.data.checks import check_json
from suite.errors import PluginError, UserError, attributed, nearest
from suite.files import atomic_folder, atomic_write, refuse_existing
from suite.host import Host

TEMPLATES = Path(suite.__file__).parent / "templates"
KINDS = ("task", "model", "format", "evaluator")
"""What there is to begin with."""

_ENDING = ".template"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_LINES = 40
_PLACES = {
    "test_acorn.py": "tests/test_acorn.py",
    "workflow.yml": ".github/workflows/test.yml",
    "gitignore": ".gitignore",
}
"""Where the files that all have lie, if that is not beside the others."""

_SUMMARIES = {
    "task": "A task of its own",
    "model": "A model for {task}",
    "format": "A data format for {task}",
    "evaluator": "An evaluator for {task}",
}
_TYPES = {"model": ModelBuilder, "format": DataLoader, "evaluator": Evaluator}
_COMMANDS = {
    "task": "suite train {name} --sample",
    "model": "suite train {task} --sample --model {name}",
    "format": "suite inspect {task} DATA --loader {name}",
    "evaluator": "suite train {task} --sample --evaluator {name}",
}


@dataclass(frozen=True)
class NewPlugin:
    """A distribution that was written.

    Attributes:
        folder: that it is in.
        distribution: its name, which is that of the plugin.
        files: what was written, relative to the folder, what is to be edited first.
        command: what uses it.
    """

    folder: Path
    distribution: str
    files: list[str]
    command: str


def write_new_plugin(host: Host, name: str, kind: str, task: str | None, parent: Path) -> NewPlugin:
    """Write a distribution into a new folder `suite-NAME`.

    Args:
        host: says which tasks there are.
        name: of what is contributed, in lower case with hyphens.
        kind: one of `KINDS`.
        task: the task that it is for; None for a task of its own.
        parent: where the folder is made.

    Raises:
        UserError: for a name that is none or is taken, a task or a template that is not there, and a folder
            that exists.
    """
    if kind not in KINDS:
        raise UserError(f"--kind {kind}: {nearest(kind, KINDS)}")
    name = _checked_name(name)
    of = _checked_task(host, kind, task)
    _refuse_taken(host, name, kind, of)
    template = _template(kind, of)
    folder = parent / f"suite-{name}"
    refuse_existing(folder, "choose another name, or remove it")
    words = _words(name, kind, of)
    texts = _texts(template, words)
    with atomic_folder(folder) as temporary:
        for place, text in texts.items():
            file = temporary / place
            file.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(file, text)
    return NewPlugin(folder, f"suite-{name}", list(texts), words["acorn-command"])


def _checked_name(name: str) -> str:
    given, name = name, name.removeprefix("suite-")
    if not _NAME.fullmatch(name) or len(name) > _LINES:
        like = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")[:_LINES] or "my-model"
        raise UserError(
            f"'{given}' is no name of a plugin: lower case letters, digits and hyphens, like '{like}'"
        )
    if keyword.iskeyword(name) or name == "acorn":
        raise UserError(f"'{name}' means something else: choose another name, like 'my-{name}'")
    return name


def _checked_task(host: Host, kind: str, task: str | None) -> Contributed[Task] | None:
    tasks = ", ".join(dict.fromkeys(each.name for each in host.tasks())) or "none is installed"
    if kind == "task":
        if task is not None:
            raise UserError(f"a new task is for no other: leave out --task {task}, or choose another --kind")
        return None
    if task is None:
        raise UserError(f"say which task the {kind} is for: --task TASK, one of {tasks}")
    return host.find_task(task)


def _refuse_taken(host: Host, name: str, kind: str, task: Contributed[Task] | None) -> None:
    """Refuse a name that another plugin has, so that nobody has to say which one is meant."""
    module = f"suite_{name.replace('-', '_')}"
    if importlib.util.find_spec(module) is not None:
        raise UserError(f"there is a package '{module}' already: choose another name")
    offered: Iterable[Contributed] = host.tasks()
    if task is not None:
        offered = [each for each in host.contributions(task.full_name) if isinstance(each.item, _TYPES[kind])]
    for other in offered:
        if other.name == name:
            raise UserError(f"there is a {other} already: choose another name")


def _template(kind: str, task: Contributed[Task] | None) -> Path:
    if task is None:
        return TEMPLATES / kind
    own = templates_of(task)
    if own is not None and (own / kind).is_dir():
        return own / kind
    generic = TEMPLATES / kind
    if generic.is_dir() and _is_plain(kind, task):
        return generic
    raise UserError(
        f"there is no template of a {kind} for {task}, whose inputs and outputs are its own: see the module"
        " api of that plugin, and what its own models and formats do"
    )


def templates_of(task: Contributed[Task]) -> Path | None:
    """The folder with the templates of a task; None if it has none.

    Raises:
        PluginError: if the package that it names is not there.
    """
    if not task.item.templates:
        return None
    try:
        found = importlib.util.find_spec(task.item.templates)
    except ImportError:
        found = None
    if found is None or not found.submodule_search_locations:
        raise PluginError(f"{task} has its templates in '{task.item.templates}', which is no package")
    return Path(next(iter(found.submodule_search_locations)))


def _is_plain(kind: str, task: Contributed[Task]) -> bool:
    """Whether a template can be for any task with plain JSON values: of predictions, or of examples."""
    if kind == "evaluator":
        return task.item.prediction_type is None
    with attributed(f"the sample of {task}"):
        example = task.item.sample().train[0]
    try:
        check_json({"input": example.input, "target": example.target}, "examples", str(task))
    except PluginError:
        return False
    return True


def _words(name: str, kind: str, task: Contributed[Task] | None) -> dict[str, str]:
    """What takes the place of which word of a template, longer words first."""
    least = ".".join(suite.__version__.split(".")[:2])
    needed, tested = [f"keras-suite>={least},<1"], ["pytest", "keras-suite[tensorflow,export]"]
    if task is None:
        needed.append("numpy")
    elif "train" in _extras(task.plugin):
        needed.append(task.plugin)
        tested.append(f"{task.plugin}[train]")
    else:
        needed.append(task.plugin)
    of = {"name": name, "task": "" if task is None else task.name}
    return {
        '"acorn-test-dependencies"': ", ".join(f'"{package}"' for package in tested),
        '"acorn-dependencies"': ", ".join(f'"{package}"' for package in needed),
        "acorn-modules": "packages" if kind == "task" else "py-modules",
        "acorn-summary": _SUMMARIES[kind].format_map(of),
        "acorn-command": _COMMANDS[kind].format_map(of),
        "acorn-task": of["task"],
        "acorn_metric": name.replace("-", "_"),
        "suite_acorn": f"suite_{name.replace('-', '_')}",
        "test_acorn": f"test_{name.replace('-', '_')}",
        "Acorn": name.title().replace("-", ""),
        "acorn": name,
    }


def _extras(distribution: str) -> Collection[str]:
    try:
        return metadata.metadata(distribution).get_all("Provides-Extra") or ()
    except metadata.PackageNotFoundError:
        return ()


def _texts(template: Path, words: Mapping[str, str]) -> dict[str, str]:
    """The files of a new distribution by their paths: the plugin first."""
    texts = {}
    for folder in (template, TEMPLATES / "common"):
        for file in sorted(folder.rglob(f"*{_ENDING}")):
            place = file.relative_to(folder).as_posix().removesuffix(_ENDING)
            place = _PLACES.get(place, place)
            texts[_replaced(place, words)] = _replaced(file.read_text(encoding="utf-8"), words)
    return texts


def _replaced(text: str, words: Mapping[str, str]) -> str:
    return re.sub("|".join(map(re.escape, words)), lambda match: words[match[0]], text)
