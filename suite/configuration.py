"""A run's configuration: what the user chose, and what became of every "auto".

The same words in a file, on the command line and in Python:

    task = "..."            # suite train TASK DATA
    data = "/data/birds"    # or sample = true: the made-up examples of the task, suite train TASK --sample
    [loader]                # --loader NAME, --set loader.KEY=VALUE
    name = "folder"
    [split]                 # --set split.validation=0.2
    [model]                 # --model NAME, --set model.KEY=VALUE
    name = "residual"
    [training]              # --epochs, --batch-size, --seed, --set training.KEY=VALUE
    [runtime]               # --backend, --device, --precision
    [evaluators.NAME]       # --set evaluators.NAME.KEY=VALUE
    [log.NAME]              # --log NAME, --set log.NAME.KEY=VALUE
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from suite.documents import parse_toml
from suite.errors import UserError, nearest
from suite.options import Options, as_dict, parse, parse_value
from suite.other_words import key_meant
from suite.regular_files import read_regular
from suite.sources.addresses import is_address, kept_address
from suite.training_options import (
    DEFAULT_LEARNING_RATE,
    LimitOptions,
    RuntimeOptions,
    SplitOptions,
    TrainingOptions,
)
from suite.wording import shown

_TYPED: dict[str, type[Options]] = {
    "split": SplitOptions,
    "training": TrainingOptions,
    "runtime": RuntimeOptions,
}
_TABLES = ("loader", "split", "model", "training", "runtime", "evaluators", "log")
_OF_SEVERAL = ("evaluators", "log")  # tables of tables of options, by name
_PLAIN = ("task", "data", "init", "pretrained")
_WRITTEN_ONLY = ("plugins",)
_MAX_KEYS = 12  # named in a message


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything that decides a run.

    Attributes:
        task: the task's name.
        data: where the data is; empty for data in memory and for the task's sample.
        sample: whether the data is the task's sample.
        init: a run whose weights to start from, or None.
        pretrained: the name of weights to start from that somebody else trained; "auto" for those that suit
            the data best, of those that are on this machine. It becomes a model and its options.
        loader_name: the data loader's name, or None to let the data decide.
        loader: options of the loader, as given.
        split: how missing splits are made.
        model_name: the model builder's name, or None for the task's default.
        model: options of the builder, as given; after resolving, all of them.
        training: how to train.
        runtime: on what to train.
        evaluators: options of evaluators by their name; the names are those to use if not empty.
        log: options of the listeners of plugins that hear of the training, by their name.
        plugins: names and versions of the plugins that take part; written, not read.
    """

    task: str
    data: str
    sample: bool = False
    init: str | None = None
    pretrained: str | None = None
    loader_name: str | None = None
    loader: Mapping[str, Any] = field(default_factory=dict)
    split: SplitOptions = SplitOptions()
    model_name: str | None = None
    model: Mapping[str, Any] = field(default_factory=dict)
    training: TrainingOptions = TrainingOptions()
    runtime: RuntimeOptions = RuntimeOptions()
    evaluators: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    log: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)

    @property
    def data_name(self) -> str:
        """How people call the data: its path, or that it is a sample; empty for data in memory."""
        return f"the sample of the task '{self.task}'" if self.sample else self.data

    def to_toml(self) -> str:
        """The text of `config.toml`; reading it gives an equal configuration."""
        import tomli_w

        return tomli_w.dumps(self.to_mapping())

    def to_mapping(self) -> dict[str, Any]:
        """What `config.toml` holds: tables of plain values. `from_mapping` reads it."""
        document: dict[str, Any] = {"task": self.task, "data": self.data}
        if self.sample:
            document["sample"] = True
        if self.init:
            document["init"] = self.init
        if self.pretrained:
            document["pretrained"] = self.pretrained
        document["loader"] = _named(self.loader_name, self.loader)
        document["split"] = as_dict(self.split)
        document["model"] = _named(self.model_name, self.model)
        document["training"] = as_dict(self.training)
        document["runtime"] = as_dict(self.runtime)
        document["evaluators"] = {name: dict(options) for name, options in self.evaluators.items()}
        if self.log:
            document["log"] = {name: dict(options) for name, options in self.log.items()}
        document["plugins"] = dict(self.plugins)
        plain: dict[str, Any] = _without_none(document)
        return plain


def _named(name: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    return ({"name": name} if name else {}) | dict(options)


def _without_none(value: Any) -> Any:
    """TOML has no null: an option that is None is left out, and None is its default."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


def from_mapping(document: Mapping[str, Any], where: str) -> Configuration:
    """Check a mapping of the shape of `config.toml`.

    Options of loaders, builders and evaluators are checked later, when it is known which plugins they
    belong to, but still before Keras is imported.

    Args:
        document: the mapping.
        where: how a message calls it: the file's name, say.

    Raises:
        UserError: for unknown keys, missing ones, and values that are not allowed.
    """
    known = (*_PLAIN, "sample", *_TABLES, *_WRITTEN_ONLY)
    for key, value in document.items():
        if key not in known:
            raise UserError(f"{where} has no key '{key}': {nearest(key, known)}")
        if key in _TABLES and not isinstance(value, Mapping):
            raise UserError(f"{where}: '{key}' is a table of options ([{key}]), not {shown(value)}")
        if key in _PLAIN and not isinstance(value, str):
            raise UserError(f"{where}: '{key}' is text, not {shown(value)}")
    for table in ("loader", "model"):
        if not isinstance(document.get(table, {}).get("name", ""), str):
            raise UserError(f"{where}: '{table}.name' is text, not {shown(document[table]['name'])}")
    plugins = document.get("plugins", {})
    if not isinstance(plugins, Mapping) or not all(isinstance(value, str) for value in plugins.values()):
        raise UserError(
            f"{where}: 'plugins' is a table of versions, as suite writes it, not {shown(plugins)}"
        )
    sample = document.get("sample", False)
    if not isinstance(sample, bool):
        raise UserError(f"{where}: 'sample' is true or false, not {shown(sample)}")
    if sample and document.get("data"):
        raise UserError(f"{where}: with sample = true the data is the task's sample: leave 'data' out")
    if not document.get("task") or ("data" not in document and not sample):
        missing = "data" if document.get("task") else "task"
        raise UserError(f"{where}: '{missing}' is missing")
    document = {key: _kept(value) for key, value in document.items()}
    loader = dict(document.get("loader", {}))
    model = dict(document.get("model", {}))
    for table in _OF_SEVERAL:
        for name, options in document.get(table, {}).items():
            if not isinstance(options, Mapping):
                raise UserError(f"{where}: '{table}.{name}' is a table of options, not {shown(options)}")
    typed = {name: parse(kind, document.get(name, {}), f"[{name}]") for name, kind in _TYPED.items()}
    return Configuration(
        task=document["task"],
        data=document.get("data", ""),
        sample=sample,
        init=document.get("init"),
        pretrained=document.get("pretrained"),
        loader_name=loader.pop("name", None),
        loader=loader,
        model_name=model.pop("name", None),
        model=model,
        evaluators=document.get("evaluators", {}),
        log=document.get("log", {}),
        plugins=plugins,
        **typed,  # type: ignore[arg-type]
    )


def _kept(value: Any) -> Any:
    """A value of a configuration in which addresses are as they may be written into files."""
    if isinstance(value, str) and ":/" in value and is_address(value):
        return kept_address(value)
    return {key: _kept(item) for key, item in value.items()} if isinstance(value, dict) else value


def read_toml(path: Path) -> dict[str, Any]:
    """The mapping in a TOML file.

    Raises:
        UserError: if the file cannot be read or is not TOML, with the line.
    """
    try:
        text = read_regular(path).decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"there is no configuration file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the configuration {path}: {error}") from None
    return parse_toml(text, str(path))


def apply_settings(
    document: dict[str, Any],
    settings: Sequence[str],
    known: Sequence[str] = _TABLES,
    others: Callable[[], Sequence[str]] = tuple,
) -> dict[str, Any]:
    """Put `--set key=value` words into a mapping of the shape of `config.toml`.

    A key is `table.name`, or a bare name if only one of [split], [training] and [runtime] has it.

    Args:
        document: is not changed.
        settings: the words.
        known: the tables that can be set.
        others: gives further keys of these tables, for the message about a bare name that is none.
    """
    result = {key: dict(value) if isinstance(value, Mapping) else value for key, value in document.items()}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise UserError(f"--set takes key=value, not '{setting}'")
        *tables, name = key.strip().split(".")
        if not tables:
            owners = [table for table, kind in _TYPED.items() if name in kind.__struct_fields__]
            if len(owners) != 1:
                keys = [*option_keys(), *others()]
                keys = [key for key in keys if key.partition(".")[0] in known]
                raise UserError(f"--set {setting}: {_which(name, text, keys)}")
            tables = owners
        if tables[0] not in known:
            what = "cannot be set here" if tables[0] in _TABLES else "is no table"
            raise UserError(f"--set {setting}: '{tables[0]}' {what}: {nearest(tables[0], known)}")
        place = result
        for table in tables:
            place = place.setdefault(table, {})
            if not isinstance(place, dict):
                raise UserError(f"--set {setting}: '{table}' is not a table")
        place[name] = parse_value(text)
    return result


def _which(name: str, value: str, keys: Sequence[str]) -> str:
    """The end of a sentence about a bare name that is no option, or several."""
    ends = [key for key in keys if key.endswith(f".{name}")]
    if not ends and (same := key_meant(name, keys)) is not None:
        ends = [same]
    if ends:
        return "write " + " or ".join(f"--set {key}={value}" for key in ends)
    import difflib  # here, since most commands end well and start faster without it

    lasts = {key.rpartition(".")[2]: key for key in keys}
    close = difflib.get_close_matches(name, lasts, n=1, cutoff=0.6)
    if close:
        return f"there is no option '{name}': did you mean '{lasts[close[0]]}'?"
    keys = sorted(set(keys))
    rest = ", ...: 'suite show TASK NAME' lists those of a loader or a model" if len(keys) > _MAX_KEYS else ""
    return f"there is no option '{name}': known: {', '.join(keys[:_MAX_KEYS])}{rest}"


def training_key(name: str) -> str | None:
    """The key of the option of every training that is called so, here or in other tools."""
    return key_meant(name, option_keys())


def option_keys() -> list[str]:
    """The keys of the options that every training has: "training.epochs", ..."""
    return [f"{table}.{name}" for table, kind in _TYPED.items() for name in kind.__struct_fields__]


def option_settings(settings: Sequence[str]) -> dict[str, Any]:
    """What `--set key=value` words say if all are options of one contribution."""
    options = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise UserError(f"--set takes key=value, not '{setting}'")
        options[key.strip()] = parse_value(text)
    return options


def take_limits(options: dict[str, Any]) -> LimitOptions:
    """The limits among options, `runtime.max_input_gb` or `max_input_gb`, which are taken out of them.

    Raises:
        UserError: for a value that is not allowed, and for other options of `[runtime]`.
    """
    keys = [key for key in options if key.startswith("runtime.") or key in LimitOptions.__struct_fields__]
    return parse(LimitOptions, {key.removeprefix("runtime."): options.pop(key) for key in keys}, "[runtime]")


def with_limits(configuration: Configuration, given: Mapping[str, Any]) -> Configuration:
    """The configuration with other limits.

    Args:
        configuration: of a run.
        given: limits by name.

    Raises:
        UserError: for a value that is not allowed, and for other options of `[runtime]`.
    """
    parse(LimitOptions, given, "[runtime]")
    runtime = parse(RuntimeOptions, {**as_dict(configuration.runtime), **given}, "[runtime]")
    return replace(configuration, runtime=runtime)


def resolve_training(
    options: TrainingOptions,
    recipe: Mapping[str, Any],
    count: int,
    *,
    device_kind: str,
    builder: str,
    backend: str = "",
) -> TrainingOptions:
    """Training options with no "auto" left: the user's value, else the builder's, else the host's.

    Args:
        options: what the user chose.
        recipe: what the model builder recommends.
        count: the number of training examples.
        device_kind: "cpu" or "gpu".
        backend: on which it will run.
        builder: how a message calls the builder whose recipe is at fault.
    """
    unknown = [name for name in recipe if name not in TrainingOptions.__struct_fields__]
    if unknown:
        raise TypeError(f"{builder} recommends a training option '{unknown[0]}' that does not exist")
    chosen: dict[str, Any] = {
        "epochs": max(10, min(300, 30_000 // max(1, count))),
        "batch_size": min(32, count),
        "optimizer": "adamw",
        "learning_rate": DEFAULT_LEARNING_RATE,
        "momentum": 0.9,
        "schedule": "cosine",
        "warmup": 0.05,
        "final_learning_rate": 0.0,
        "weight_decay": 0.0,
        "clip_norm": 0.0,
        "ema": 0.0,
        "validation_every": 1,
        "early_stopping": 0,
        "steps_per_execution": 1 if device_kind == "cpu" or backend == "torch" else 8,
    }
    chosen.update((name, value) for name, value in recipe.items() if value != "auto")
    given = {name: value for name, value in as_dict(options).items() if value != "auto"}
    resolved = parse(TrainingOptions, chosen | given, "[training]")
    if backend == "torch" and resolved.steps_per_execution != 1:
        raise UserError(
            f"[training]: steps_per_execution = {resolved.steps_per_execution} is not possible on torch,"
            " where Keras runs one step at a time"
        )
    return resolved
