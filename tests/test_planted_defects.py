"""`suite check` finds each of many planted defects, by the check that is meant, and says what to do."""

from __future__ import annotations

import re

import pytest

import suite
import suite.testing
import toy_plugin
from broken_codecs import CODECS
from broken_plugins import plugin
from planted_defects import CHANGED, FILES
from suite.testing.check import BUILT


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


@pytest.mark.parametrize("defect", FILES)
def test_a_defect_of_declaring_is_found(defect, tmp_path):
    beginning, check, message = FILES[defect]
    file = tmp_path / f"declared_{list(FILES).index(defect)}.py"
    file.write_text(f"{beginning}import suite\n\n@suite.hookimpl\ndef suite_tasks():\n    return []\n")
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
