"""What JAX compiled, kept for the next process."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

import suite
from suite.compilation import default_folder, keep_compiled
from suite.devices import Device

GPU, CPU = Device("jax", "gpu", "NVIDIA X"), Device("jax", "cpu", "a processor")


@pytest.fixture
def told(monkeypatch, tmp_path):
    """What JAX is told; folders for caches are in a folder of this test."""
    values = {"jax_compilation_cache_dir": None}
    config = SimpleNamespace(jax_compilation_cache_dir=None, update=values.__setitem__)
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(config=config))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return values


def test_a_gpu_has_it_in_the_folder_for_caches(told, tmp_path):
    keep_compiled("auto", GPU)
    assert told["jax_compilation_cache_dir"] == str(tmp_path / "caches" / "suite" / "compiled")
    assert default_folder().stat().st_mode & 0o077 == 0
    assert told["jax_persistent_cache_min_compile_time_secs"] == 0


def test_a_processor_has_it_if_it_is_asked_for(told, tmp_path):
    keep_compiled("auto", CPU)
    assert told == {"jax_compilation_cache_dir": None}
    assert not default_folder().exists()
    keep_compiled(str(tmp_path / "here"), CPU)
    assert told["jax_compilation_cache_dir"] == str(tmp_path / "here")


def test_what_the_user_told_jax_stays(told):
    sys.modules["jax"].config.jax_compilation_cache_dir = "/theirs"
    keep_compiled("auto", GPU)
    assert told == {"jax_compilation_cache_dir": None}
    keep_compiled("off", GPU)
    assert told["jax_enable_compilation_cache"] is False


def test_a_folder_that_cannot_be_is_said_if_it_was_asked_for(told, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        suite.UserError, match=r"^runtime\.compilation_cache = '.*file/here': not a directory$"
    ):
        keep_compiled(str(tmp_path / "file" / "here"), GPU)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep_compiled("auto", GPU)
    assert told == {"jax_compilation_cache_dir": None}


def test_other_backends_keep_nothing(tmp_path):
    keep_compiled("auto", Device("tensorflow", "gpu", "NVIDIA X"))
    with pytest.raises(suite.UserError, match="tensorflow keeps nothing that it compiles; say --backend jax"):
        keep_compiled(str(tmp_path), Device("tensorflow", "gpu", "NVIDIA X"))
