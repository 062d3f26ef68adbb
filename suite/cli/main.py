"""The command `suite`: finds the command's module, runs it, and turns errors into messages and a status.

Exit status 0; 1 a run that failed; 2 the user's mistake; 3 a plugin's defect; 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

import suite
from suite.cli.streams import drop, ended_like_interrupted, standard_streams
from suite.errors import (
    RunError,
    SuiteError,
    UnwritableError,
    UserError,
    attribution,
    is_out_of_memory,
    nearest,
    out_of_memory,
    reason,
)

if TYPE_CHECKING:
    from suite.host import Host

COMMANDS: dict[str, tuple[str, str]] = {
    "train": ("suite.cli.train", "train a model on your data"),
    "resume": ("suite.cli.resume", "go on with a run that was stopped"),
    "evaluate": ("suite.cli.evaluate", "score a run's model, or predictions from anywhere"),
    "predict": ("suite.cli.predict", "predict with a run's model or an exported one"),
    "export": ("suite.cli.export", "write a run's model for use without Keras"),
    "bench": ("suite.cli.bench", "measure how fast models predict, and what memory they need"),
    "serve": ("suite.cli.serve", "answer requests over HTTP with trained models"),
    "verify": ("suite.cli.verify", "check whether the files of a run or an export are damaged"),
    "inspect": ("suite.cli.inspect", "show what data holds, and what is wrong with it"),
    "plugins": ("suite.cli.plugins", "list the plugins, and those that could not be loaded"),
    "check": ("suite.cli.check", "check that plugins do what is expected of them"),
    "new": ("suite.cli.new", "make a package with a plugin that works, to begin with"),
    "tasks": ("suite.cli.tasks", "list the tasks"),
    "show": ("suite.cli.show", "list what there is for a task, and its options"),
}
"""By the name of a command: its module, and a line on what it does."""

INTERRUPTED = 130
BROKEN_PIPE = 141

_STANDARD_OUTPUT = "the standard output"
_REFUSALS = {errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP, errno.ENAMETOOLONG}
"""Errors of the machine that any file can raise."""


def main(argv: Sequence[str] | None = None, host: Host | None = None) -> int:
    """Run a command line and return the exit status.

    Args:
        argv: the words; None takes those of the process.
        host: has the plugins; None takes those that are installed, less those that `--without` names.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # What TensorFlow prints by itself are greetings and optimizations it gave up; what fails is raised.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with standard_streams(), ended_like_interrupted():
        try:
            if any(":/" in word for word in words):
                from suite.sources.addresses import kept_words

                words = kept_words(words)
            status = _dispatch(words, host)
            sys.stdout.flush()
            return status
        except BrokenPipeError:
            # Whoever read our output has gone (`suite plugins | head -1`), which is no error of anybody.
            drop(sys.stdout)
            return BROKEN_PIPE
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001 - the last place where an error can be explained
            return _explain(error, debug="--debug" in words)


def host_from(arguments: argparse.Namespace) -> Host:
    """The host of a command: the one that `main` got, or what is installed, with the files that `--plugin`
    names and without what `--without` names.
    """
    if arguments.host is not None:
        host: Host = arguments.host
        return host
    from pathlib import Path

    from suite.host import Host

    return Host(*map(Path, arguments.plugin_files), without=arguments.without)


class Parser(argparse.ArgumentParser):
    """A parser that raises `UserError` instead of leaving the process."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see '{self.prog} --help')")

    def parse(
        self, words: Sequence[str], settable: Callable[[Sequence[str]], Iterable[str]] = lambda words: ()
    ) -> argparse.Namespace:
        """Parse all of `words`.

        Args:
            words: of the command line.
            settable: what `--set` takes, for the message about an option that there is not.

        Raises:
            UserError: for an unknown option (the message names the nearest) and any other mistake.
        """
        unknown = self._unknown(words)
        if unknown is not None:
            from suite.cli.unknown_options import unknown_option

            known = [option for option in self._option_string_actions if option.startswith("--")]
            places = [action.metavar for action in self._actions if not action.option_strings]
            usage = " ".join([self.prog, *(str(place) for place in places if place)])
            hint = unknown_option(unknown, words, usage, known, lambda: settable(words))
            raise UserError(f"'{self.prog}' has no option '{unknown}': {hint}")
        arguments, left = self.parse_known_intermixed_args(words)
        for word in left:
            self.error(f"unexpected word '{word}'")
        return arguments

    def _unknown(self, words: Sequence[str]) -> str | None:
        """The first option that there is not: sought first, since its value would be taken for data."""
        for word in words:
            if word == "--":
                return None
            name = word.partition("=")[0]
            # As argparse has it: a number or a text with a space is no option.
            is_option = len(name) > 1 and name[0] == "-" and name[1] not in "0123456789." and " " not in word
            if is_option and name not in self._option_string_actions:
                return name
        return None


def _dispatch(words: list[str], host: Host | None) -> int:
    top = Parser(prog="suite", add_help=False)
    top.add_argument("-h", "--help", action="store_true")
    top.add_argument("--version", action="store_true")
    top.add_argument("--debug", action="store_true")
    top.add_argument("--plugin", action="append", default=[])
    at = _command_at(words)
    chosen = top.parse(words[:at])
    if chosen.version:
        print(f"suite {suite.__version__}")
        return 0
    if at == len(words) or chosen.help:
        print(_overview())
        return 0 if chosen.help else UserError.exit_status
    return _run(words[at], words[at + 1 :], host, chosen.plugin)


def _command_at(words: Sequence[str]) -> int:
    """Which word is the command: the first that is no option and no option's value."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] == "--plugin" else 1
    return min(at, len(words))


def _run(name: str, words: list[str], host: Host | None, plugin_files: list[str]) -> int:
    if name not in COMMANDS:
        raise UserError(f"there is no command '{name}': {nearest(name, COMMANDS)}")
    module_name, summary = COMMANDS[name]
    command = import_module(module_name)
    parser = Parser(prog=f"suite {name}", description=f"{summary[0].upper()}{summary[1:]}.")
    command.add_arguments(parser)
    general = parser.add_argument_group("general")
    general.add_argument(
        "--plugin",
        metavar="FILE.py",
        dest="plugin_files",
        action="append",
        default=[],
        help="use the plugin in this file too (repeatable; also before the command)",
    )
    general.add_argument(
        "--without", metavar="PLUGIN", action="append", default=[], help="leave this plugin out (repeatable)"
    )
    general.add_argument("--debug", action="store_true", help="show where in the code an error arose")
    try:
        arguments = parser.parse(words, lambda words: _settable(command, words, host, plugin_files))
    except SystemExit as end:  # argparse has printed the help
        return int(end.code or 0)
    arguments.plugin_files = [*plugin_files, *arguments.plugin_files]
    if host is not None and (arguments.without or arguments.plugin_files):
        raise UserError("--plugin and --without are not for here, where the program chooses the plugins")
    arguments.host = host
    status: int = command.run(arguments)
    return status


def _settable(
    command: Any, words: Sequence[str], host: Host | None, plugin_files: Sequence[str]
) -> Iterable[str]:
    """What the `--set` of a command takes."""
    if not hasattr(command, "settable"):
        return ()
    from pathlib import Path

    from suite.host import Host

    given = [word for option, word in pairwise(words) if option == "--plugin"]
    keys: Iterable[str] = command.settable(host or Host(*map(Path, [*plugin_files, *given])), words)
    return keys


def _overview() -> str:
    width = max(len(name) for name in COMMANDS)
    lines = [
        "usage: suite COMMAND ...",
        "",
        "Train, evaluate, run and export deep-learning models, by plugins.",
        "",
        *(f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()),
        "",
        f"  {'--plugin FILE.py':<{width}}  use the plugin in this file too, in any command",
        f"  {'--version':<{width}}  print the version",
        "",
        "'suite COMMAND --help' says more about a command.",
    ]
    return "\n".join(lines)


def _of_the_machine(error: OSError) -> SuiteError | None:
    """What to say of an error that lies in the machine, whoever's code met it; None for any other."""
    from suite.files import full_disk, unwritable

    full = full_disk(error)
    if full is not None:
        return unwritable(full.filename or "a file", full)
    if error.errno in _REFUSALS and error.filename is not None:
        return RunError(
            f"{os.fsdecode(error.filename)}: {reason(error)}: change its permissions, or give another path"
        )
    return None


def _explain(error: Exception, *, debug: bool) -> int:
    """Print what a person needs to know of `error`; the exit status."""
    import traceback

    if isinstance(error, OSError):
        error = _of_the_machine(error) or error
    elif is_out_of_memory(error):
        error = error if isinstance(error, SuiteError) else out_of_memory(error)
        error = RunError(
            f"{error}: end other programs, take smaller batches (--batch-size), or give less or smaller data"
        ).with_traceback(error.__traceback__)
    if isinstance(error, SuiteError):
        if isinstance(error, UnwritableError) and _STANDARD_OUTPUT in str(error):
            drop(sys.stdout)  # else what is left of it fails once more when the process ends
        if debug:
            traceback.print_exception(error)
        print(f"suite: {error}", file=sys.stderr)
        return error.exit_status
    from suite.plugin_frames import last_frame

    contribution = attribution(error)
    frame = None if contribution is None or debug else last_frame(error)
    if frame is None:
        traceback.print_exception(error)
    else:
        # An author needs their own line, and ten lines of the host above it hide that.
        lines = [*traceback.format_list([frame]), *traceback.format_exception_only(error)]
        print(
            "".join(line for line in lines if line.strip() != f"in {contribution}"), end="", file=sys.stderr
        )
    if contribution is not None:
        whose = contribution.removeprefix("the ")
        rest = "" if frame is None else " (--debug shows how it came there)"
        print(
            f"suite: {type(error).__name__} in the {whose}: a defect of that plugin, to be reported"
            f" to its author with the lines above{rest}",
            file=sys.stderr,
        )
        return 3
    print(
        f"suite: {type(error).__name__}: this is a bug of suite; please report it with the lines above",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
