"""From `--pretrained` to a model builder and its options; the builders say what they can start from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from suite.configuration import Configuration
from suite.contributions import Contributed, ModelBuilder, Pretrained, Task
from suite.documents import expanded
from suite.errors import PluginError, UserError, attributed, nearest
from suite.host import Host
from suite.training.progress import Listener
from suite.wording import some

if TYPE_CHECKING:
    from suite.data.dataset import Dataset

AUTO = "auto"

FEW_EXAMPLES = 1000
"""With fewer training examples, weights that were trained on others usually win."""

_SHOWN = 4

_Offer = tuple[Contributed[ModelBuilder[Any]], Pretrained]


def with_pretrained(
    host: Host, task: Contributed[Task], configuration: Configuration, dataset: Dataset, listener: Listener
) -> Configuration:
    """The configuration with the model and the options that start from the weights that it names.

    Args:
        host: where builders are looked up. Keras has its backend by now.
        task: the task.
        configuration: with `pretrained`.
        dataset: the data.
        listener: hears of what was chosen.

    Raises:
        UserError: if there are no such weights, or none on this machine if no name was given.
    """
    wanted = configuration.pretrained or AUTO
    if configuration.init is not None:
        raise UserError("--init and --pretrained both say which weights to start from: give one of them")
    offers = list(_offers(host, task, configuration.model_name, "" if wanted == AUTO else wanted, dataset))
    if not offers:
        model = configuration.model_name
        of = f"model builder '{model}'" if model else f"task '{task.name}'"
        raise UserError(f"{of} has no pretrained weights to start from: leave out --pretrained")
    builder, chosen = _here(offers, task) if wanted == AUTO else _named(offers, wanted, task)
    where = "which are on this machine" if chosen.here else "which are downloaded now, once"
    listener.note(f"starts from the weights '{chosen.name}', {where} (--model {builder.name})")
    return replace(
        configuration,
        pretrained=None,
        model_name=builder.full_name if builder.plugin != task.plugin else builder.name,
        model={**chosen.options, **configuration.model},
    )


def _offers(
    host: Host, task: Contributed[Task], model: str | None, name: str, dataset: Dataset
) -> Iterator[_Offer]:
    builders = [host.builder(model, task.full_name)] if model else host.builders(task.full_name)
    # What the task's own plugin offers comes first.
    for builder in sorted(builders, key=lambda builder: builder.plugin != task.plugin):
        if builder.item.pretrained is None:
            continue
        with attributed(str(builder)):
            found = builder.item.pretrained(name, dataset)
        for each in found:
            if not isinstance(each, Pretrained):
                raise PluginError(f"{builder} offers {each!r} as pretrained weights, not a suite.Pretrained")
            yield builder, each


def _here(offers: Sequence[_Offer], task: Contributed[Task]) -> _Offer:
    for offer in offers:
        if offer[1].here:
            return offer
    names = [offer[1].name for offer in offers]
    raise UserError(
        f"no pretrained weights for the task '{task.name}' are on this machine. Name some, and they are"
        f" downloaded once: --pretrained {names[0]} (there are {some(names, _SHOWN, quoted=False)}); or give"
        " a folder or file with weights"
    )


def _named(offers: Sequence[_Offer], wanted: str, task: Contributed[Task]) -> _Offer:
    for same in (lambda name: name == wanted, lambda name: _plain(name) == _plain(wanted)):
        found = [offer for offer in offers if same(offer[1].name)]
        if found:
            return next((offer for offer in found if offer[1].here), found[0])
    path = expanded(wanted)
    if (path / "config.toml").is_file():
        raise UserError(f"{wanted} is a run of your own: to start from its weights, --init {wanted}")
    if path.exists():
        raise UserError(f"{wanted} holds no weights that a model for the task '{task.name}' can start from")
    names = [offer[1].name for offer in offers]
    alike = [name for name in names if _plain(wanted) in _plain(name)][:_SHOWN]
    hint = f"did you mean {' or '.join(alike)}?" if alike else nearest(wanted, names)
    if hint.startswith("known: "):
        hint = f"there are {some(names, _SHOWN, quoted=False)}"
    raise UserError(f"there are no pretrained weights '{wanted}' for the task '{task.name}': {hint}")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def model_hint(host: Host, task: Contributed[Task], name: str, dataset: Dataset) -> str:
    """What to say if the user took the name of a network for that of a model builder; "" if it is none."""
    for builder, offered in _offers(host, task, None, name, dataset):
        if name == offered.name or _plain(offered.name) == _plain(name):
            text = f"\nThere is a network '{offered.name}': to start from its weights,"
            text += f" --pretrained {offered.name}"
            if offered.untrained:
                settings = " ".join(f"--set model.{key}={value}" for key, value in offered.untrained.items())
                text += f"; from scratch, --model {builder.name} {settings}"
            return text
    return ""


def mention(
    host: Host, task: Contributed[Task], configuration: Configuration, count: int, listener: Listener
) -> None:
    """Say that there are pretrained weights, if there are few examples and the user chose no model."""
    if count >= FEW_EXAMPLES or configuration.model_name is not None or configuration.init is not None:
        return
    if any(builder.item.pretrained is not None for builder in host.builders(task.full_name)):
        listener.note(
            f"{count:,} training examples are few: to start from weights that were trained on others, if you"
            " have some, add --pretrained"
        )
