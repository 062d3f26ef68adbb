"""One check of one contribution: a name, what it is of, and a call that raises if something is wrong."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from dataclasses import dataclass, field

from suite.errors import PluginError, SuiteError, attribution
from suite.plugin_frames import raised

DECLARED, READ, INTERPRETER, BUILT, TRAINED, EXPORTED = range(6)
"""What a check costs: nothing, a read of small data, a fresh interpreter, a network, a training, more."""


class NotCheckedError(unittest.SkipTest):
    """Something cannot be checked here: a package is missing, or the plugin does not say how.

    pytest and unittest count a test that raises it as skipped.
    """


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check of one contribution. Call it: it returns nothing if all is right.

    `str(check)` is a good id for pytest.

    Attributes:
        name: what is checked, in lower case with hyphens: "builder-overfits".
        about: what it is checked of: "model builder 'bag' of plugin 'keras-suite-text'".
        plugin: the name of the plugin.
        task: the name of the task; empty for a check of the plugin as a whole.
        contribution: the name of the contribution; empty for a check of the plugin as a whole.
        cost: checks of a smaller cost come first.
    """

    name: str
    about: str
    plugin: str
    task: str = ""
    contribution: str = ""
    cost: int = DECLARED
    make: Callable[[], object] = field(repr=False, compare=False)

    def __call__(self) -> None:
        """Make the check.

        Raises:
            PluginError: with what is wrong and what to do.
            NotCheckedError: if it cannot be made here.
        """
        try:
            self.make()
        except NotCheckedError:
            raise
        except PluginError as error:
            if f"plugin '{self.plugin}'" in str(error):
                raise
            raise PluginError(f"{self.about}: {error}") from error
        except SuiteError as error:
            raise PluginError(f"{self.about}: {error}") from error
        except (Exception, SystemExit) as error:
            raise PluginError(f"{attribution(error) or self.about} {raised(error)}") from error

    def __str__(self) -> str:
        of = [self.task, self.contribution] if self.task != self.contribution else [self.task]
        of = [name for name in of if name]  # a listener has no task
        return "/".join([*(of if self.contribution else [self.plugin]), self.name])
