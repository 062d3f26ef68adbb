"""What the plugin declares exists, and declaring it imports nothing heavy."""

import subprocess
import sys

import pytest

import suite
import suite_object_detection
from suite.contributions import Lazy

HOST = suite.Host(suite_object_detection, discover=False)
(PLUGIN,) = HOST.plugins


def test_the_plugin_is_sound():
    assert PLUGIN.error == ""
    assert HOST.task("object-detection").builder == "detector"


@pytest.mark.parametrize(
    "address",
    sorted(
        {
            value.address
            for contribution in PLUGIN.contributions
            for value in vars(contribution.item).values()
            if isinstance(value, Lazy)
        }
    ),
)
def test_every_address_leads_to_something_callable(address):
    assert callable(suite.lazy(address).resolve())


def test_declaring_imports_nothing_heavy():
    code = (
        "import sys, suite, suite_object_detection;"
        "suite.Host(suite_object_detection, discover=False);"
        "print(*{'keras', 'tensorflow', 'numpy', 'cv2', 'msgspec'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "msgspec"
