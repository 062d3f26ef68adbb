"""`suite show RUN`: what a run's model, a model folder or an export is, reads and writes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.cli.tables import aligned, wrapped
from suite.documents import expanded
from suite.wording import some

if TYPE_CHECKING:
    from suite.host import Host
    from suite.prediction.description import Description, InputKinds

_MAX_NAMES = 12


def is_model(host: Host, word: str) -> bool:
    """Whether a word is the path of something and no task's name."""
    if word in {name for task in host.tasks() for name in (task.name, task.full_name)}:
        return False
    return "/" in word or os.sep in word or Path(word).exists()


def shown_model(host: Host, word: str) -> tuple[str, Any]:
    """What a model is, as text and as JSON."""
    from suite.prediction.loading import describe

    description = describe(expanded(word), host=host).description()
    return _text(word, description), description.to_json()


def _text(word: str, description: Description) -> str:
    facts = {
        "task": f"{description.task}: {description.summary}",
        "model": f"{description.builder} {description.plugin.get('version', '')}".rstrip(),
        "network": description.network,
        "unfinished": description.unfinished,
        "classes": _value(description.classes),
        **{name.replace("_", " "): _value(value) for name, value in description.properties.items()},
        "reads": _inputs(description.inputs),
        "formats": ", ".join(description.formats),
    }
    lines = [f"the model of {word}", "", aligned([[name, text] for name, text in facts.items() if text])]
    if description.options:
        lines += ["", "at prediction, suite predict RUN ... --set OPTION=VALUE:", ""]
        for option in description.options:
            lines.append(f"  {option.name} = {json.dumps(option.value, ensure_ascii=False)}   {option.type}")
            lines.append(wrapped("      ", option.help))
    lines += ["", "--json prints all of it, with the JSON Schema of what 'suite predict --json' prints"]
    return "\n".join(lines)


def _inputs(inputs: InputKinds) -> str:
    kinds = [
        f"files ({' '.join(inputs.files)})" if inputs.files else "",
        f"streams ({' '.join(inputs.streams)})" if inputs.streams else "",
        "texts" if inputs.text else "",
        f"arrays of up to {inputs.array_axes} axes" if inputs.array_axes is not None else "",
    ]
    return ", ".join(filter(None, kinds))


def _value(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return f"{len(value):,}: {some(value, _MAX_NAMES, quoted=False)}" if value else ""
    if isinstance(value, list):
        return " x ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(item)}" for name, item in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
