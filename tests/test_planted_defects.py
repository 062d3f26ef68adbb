"""`suite check` finds each of many planted defects, by the check that is meant, and says what to do."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

import suite
import suite.testing
import toy_plugin
from broken_codecs import CODECS
from broken_plugins import plugin
from planted_defects import CHANGED, FILES
from suite.testing.check import BUILT

HOOK = """import suite

@suite.hookimpl
def suite_listeners():
    return [suite.ListenerFactory(name="l", summary="shows nothing", open=print)]
"""


def found(host, *names):
    """What failing checks say, by their names; only those of these names, or all but those of builders."""
    said = {}
    for check in suite.testing.checks(host):
        if check.name not in names if names else check.cost >= BUILT:
            continue
        try:
            check()
        except suite.testing.NotCheckedError:
            continue
        except suite.PluginError as error:
            said.setdefault(check.name, f"{error}")
    return said


@pytest.mark.slow
def test_a_plugin_without_a_defect_passes_the_cheap_checks():
    assert found(suite.Host(toy_plugin, discover=False)) == {}
    assert found(suite.Host(plugin(), discover=False)) == {}


@pytest.mark.parametrize("defect", CHANGED)
def test_a_defect_is_found_by_its_check(defect):
    mutant, check, message = CHANGED[defect]
    said = found(suite.Host(mutant, discover=False), check)
    assert check in said, said
    assert "of plugin 'mutant'" in said[check]
    assert re.search(message, said[check]), said[check]


@pytest.mark.slow
@pytest.mark.parametrize("defect", FILES)
def test_a_defect_of_declaring_is_found(defect, tmp_path):
    beginning, check, message = FILES[defect]
    file = tmp_path / f"declared_{list(FILES).index(defect)}.py"
    file.write_text(f"{beginning}{HOOK}")
    if not check:
        with pytest.raises(suite.UserError, match=message):
            suite.Host(file, discover=False)
        return
    said = found(suite.Host(file, discover=False))
    assert list(said) == [check]
    assert re.search(message, said[check]), said[check]


@pytest.mark.parametrize("defect", CODECS)
def test_a_codec_with_a_defect_is_found_when_it_is_built(defect):
    codec, message = CODECS[defect]
    mutant = plugin(codec=codec)
    said = found(suite.Host(mutant, discover=False), "builder-builds")
    assert re.search(message, said["builder-builds"]), said


DECLARATION = "    return [suite.Evaluator(name='e', task='trend', evaluate=print)]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"def suite_evaluators():\n{DECLARATION}",
            r"its hook suite_evaluators\(\), line 2, is not marked: put @s",
        ),
        (
            f"@suite.hookimpl\ndef suite_evaluator():\n{DECLARATION}",
            r"suite_evaluator\(\), line 2, is marked as a hook, .* did you mean 'suite_evaluators'",
        ),
        (
            f"@suite.hookimpl\ndef suite_evaluators():\n{DECLARATION.replace('task=', 'taks=')}",
            r"line 4: TypeError: .*unexpected keyword argument 'taks': did you mean 'task'",
        ),
    ],
)
def test_a_declaration_that_is_mistyped_is_refused_with_its_line(tmp_path, text, message):
    file = tmp_path / f"mistyped_{abs(hash(text))}.py"
    file.write_text(f"import suite\n{text}\n")
    with pytest.raises(suite.UserError, match=message):
        suite.Host(file, discover=False)


def test_a_plugin_that_contributes_nothing_is_found():
    def evaluators():
        return []

    empty = SimpleNamespace(__name__="empty", suite_evaluators=suite.hookimpl(evaluators))
    assert "contributes nothing: give it a hook" in found(suite.Host(empty, discover=False))["plugin-loads"]


def test_an_installed_plugin_that_is_mistyped_says_where():
    def evaluators():
        return [suite.Evaluator(name="e", taks="trend", evaluate=print)]

    mistyped = SimpleNamespace(__name__="mistyped", suite_evaluators=suite.hookimpl(evaluators))
    (broken,) = suite.Host(mistyped, discover=False).broken
    assert re.search(
        r"TypeError: .*did you mean 'task'.* \(in test_planted_defects.py, line \d+\)", broken.error
    )
