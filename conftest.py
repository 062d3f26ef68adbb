"""What the tests of the host and of all plugins have in common."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# A test that runs beside others on a busy machine may take its time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def keras_on_its_backend() -> None:
    """Where the environment names a backend, Keras has it before any test lets the suite choose one."""
    if os.environ.get("KERAS_BACKEND"):
        import keras  # noqa: F401
