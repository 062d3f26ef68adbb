"""What a server says of a model, and the values of its predictions as those of the installed task."""

from __future__ import annotations

from typing import Any

import msgspec

from suite.contributions import Contributed, Task
from suite.errors import UserError
from suite.host import Host


class RemoteInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What can be predicted for; see `suite.prediction.description.InputKinds`.

    Attributes:
        files: the endings of files that are one input each.
        streams: the endings of files that are many inputs.
        text: whether a string is an input itself.
        array_axes: the axes of an input that is an array, at most; None if that is not known.
    """

    files: list[str] = []
    streams: list[str] = []
    text: bool = False
    array_axes: int | None = None


class RemoteModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model of a server.

    Attributes:
        name: by which it is called.
        task: the name of the task.
        summary: of the task, in a line.
        builder: the model builder as `plugin:name`.
        ready: whether it answers.
        inputs: what can be predicted for.
        classes: the names of the classes; None if there are none.
        can_stream: whether predictions may come as they grow.
        limits: of a request, by name.
        widgets: how a page shows inputs and predictions.
    """

    name: str
    task: str
    summary: str = ""
    builder: str = ""
    ready: bool = True
    inputs: RemoteInputs = RemoteInputs()
    classes: list[str] | None = None
    can_stream: bool = False
    limits: dict[str, float] = {}
    widgets: dict[str, Any] = {}


class Predictions:
    """Makes predictions of JSON values: of the task's type if its plugin is installed, else plain values.

    Args:
        model: whose predictions they are.
        host: where the task is looked up.
    """

    def __init__(self, model: RemoteModel, host: Host) -> None:
        self.task = installed_task(model, host)
        self._type: Any = None if self.task is None else self.task.item.prediction_class
        self._whose = f"the model '{model.name}'"

    def of(self, value: Any) -> Any:
        """The prediction that a server gave as a JSON value.

        Raises:
            UserError: if it is not of the task's type: the server has the plugin in another version.
        """
        if self._type is None:
            return value
        try:
            return msgspec.convert(value, self._type)
        except msgspec.ValidationError as error:
            raise UserError(
                f"{self._whose} of the server predicts something else than {self.task} has, so the versions"
                f" of the plugin differ: {error}"
            ) from None


def installed_task(model: RemoteModel, host: Host) -> Contributed[Task] | None:
    """The task of a model; None if its plugin is not installed here."""
    try:
        return host.find_task(model.task, prefer=[model.builder.rpartition(":")[0]])
    except UserError:
        return None
