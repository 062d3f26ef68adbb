"""What a trained pipeline is: its task, classes and options, what it reads, and what it writes as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from suite.contributions import Contributed, ModelBuilder, Task
from suite.data.checks import not_json
from suite.errors import PluginError, attributed
from suite.options import describe
from suite.pipeline.codec import Codec
from suite.pipeline.manifest import Manifest
from suite.widget_checks import default_widgets


class InputKinds(msgspec.Struct, frozen=True, kw_only=True):
    """What can be predicted for.

    Attributes:
        files: the endings of files that are one input each, lower case with the dot; empty if inputs are not
            files.
        streams: the endings of files that are many inputs, one after the other (a video, lines of text).
        text: whether a string that is no path is an input itself.
        array_axes: the axes of an input that is an array, at most; None if the codec does not say.
    """

    files: list[str]
    streams: list[str]
    text: bool
    array_axes: int | None


class OptionInForce(msgspec.Struct, frozen=True, kw_only=True):
    """An option of prediction.

    Attributes:
        name: as `suite.load(options={name: ...})` takes it.
        type: its type with bounds, for people.
        value: what was given, else the default.
        default: if nothing is given.
        help: what it does.
        from_requests: whether whoever asks a server may set it.
    """

    name: str
    type: str
    value: Any
    default: Any
    help: str
    from_requests: bool = True


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a program needs to know of a pipeline; all of it is JSON.

    Attributes:
        task: the task's name.
        summary: of the task, in a line.
        builder: the model builder as `plugin:name`.
        plugin: `name` and `version` of the plugin, as it was when the model was trained.
        network: the name of the network's file; its ending says which runtime runs it.
        classes: the names of the classes, in the order of the network's outputs; empty if there are none.
        properties: what the codec says of itself besides (`input_size`, `sampling_rate`, ...).
        inputs: what can be predicted for.
        options: those of prediction.
        formats: what `suite predict --format` writes besides lines.
        unfinished: how far the training had come, if it has not ended.
        widgets: how a page shows inputs and predictions: the `suite.widgets.Widgets` of the task as JSON.
        output_schema: the JSON Schema (draft 2020-12) of a line that `suite predict --json` prints;
            `properties.prediction` of its first alternative is that of a prediction.
    """

    task: str
    summary: str
    builder: str
    plugin: dict[str, str]
    network: str
    classes: list[str]
    properties: dict[str, Any]
    inputs: InputKinds
    options: list[OptionInForce]
    formats: list[str]
    unfinished: str
    widgets: dict[str, Any]
    output_schema: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values


def described_pipeline(
    manifest: Manifest,
    codec: Codec,
    builder: Contributed[ModelBuilder[Any]],
    task: Contributed[Task],
    options: Mapping[str, Any],
) -> Description:
    """The description of a pipeline.

    Args:
        manifest: of its folder.
        codec: with `options`.
        builder: that the codec is of.
        task: that the model is for.
        options: those of prediction that were given.
    """
    properties = codec_properties(codec, f"the codec of {builder}")
    return Description(
        task=manifest.task,
        summary=task.item.summary,
        builder=manifest.builder,
        plugin=dict(manifest.plugin),
        network=manifest.network,
        classes=list(properties.pop("classes", [])),
        properties=properties,
        inputs=InputKinds(
            files=list(codec.suffixes),
            streams=list(codec.stream_suffixes),
            text=codec.accepts_text,
            array_axes=codec.input_ndim,
        ),
        options=[
            OptionInForce(
                name=option.name,
                type=option.type,
                value=_plain(options.get(option.name, option.default)),
                default=_plain(option.default),
                help=option.help,
                from_requests=option.from_requests,
            )
            for option in describe(builder.item.prediction_options)
        ],
        formats=list(task.item.formats),
        unfinished=manifest.unfinished,
        widgets=shown_widgets(task.item, codec),
        output_schema=output_schema(task),
    )


def shown_widgets(task: Task, codec: Codec) -> dict[str, Any]:
    """How a page shows the inputs and predictions of a model, as plain JSON values."""
    widgets: dict[str, Any] = _plain(task.widgets if task.widgets is not None else default_widgets(codec))
    return widgets


def codec_properties(codec: Codec, whose: str) -> dict[str, Any]:
    """What a codec says of itself, as plain JSON values.

    Args:
        codec: any codec.
        whose: how a message calls it.

    Raises:
        PluginError: if it says something that is no JSON.
    """
    with attributed(whose):
        properties = codec.properties()
    reason = not_json(properties)
    if reason:
        raise PluginError(f"{whose} has properties() that are no plain JSON: what it gives {reason}")
    plain: dict[str, Any] = _plain(properties)
    return plain


def output_schema(task: Contributed[Task]) -> dict[str, Any]:
    """The JSON Schema of a line that `suite predict --json` prints: a prediction, or an error."""
    kind = task.item.prediction_class
    prediction: dict[str, Any] = {}
    components: dict[str, Any] = {}
    if kind is not None:
        (prediction,), components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    named = {"type": "string", "description": "the path or name of the input, its text, or its number"}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A line of suite predict --json for the task {task.name}",
        "oneOf": [_line(input=named, prediction=prediction), _line(input=named, error={"type": "string"})],
        "$defs": components,
    }
    plain: dict[str, Any] = _plain(schema)
    return plain


def _plain(value: Any) -> Any:
    """A value as JSON has it: tuples are lists there."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _line(**fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
