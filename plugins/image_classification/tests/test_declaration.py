"""What the plugin declares exists, and declaring it imports nothing heavy."""

import subprocess
import sys

import pytest

import suite
import suite_image_classification
from suite.contributions import Lazy

HOST = suite.Host(suite_image_classification, discover=False)
(PLUGIN,) = HOST.plugins


def test_the_plugin_is_sound():
    assert PLUGIN.error == ""
    assert HOST.task("image-classification").builder == "residual"


@pytest.mark.parametrize(
    "address",
    sorted(
        {
            value.address
            for contributed in PLUGIN.contributions
            for value in vars(contributed.item).values()
            if isinstance(value, Lazy)
        }
    ),
)
def test_every_address_leads_to_something_callable(address):
    assert callable(suite.lazy(address).resolve())


def test_declaring_imports_nothing_heavy():
    code = (
        "import sys, suite, suite_image_classification;"
        "suite.Host(suite_image_classification, discover=False);"
        "print(*{'keras', 'tensorflow', 'numpy', 'cv2', 'msgspec'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "msgspec"
