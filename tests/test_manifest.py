"""`pipeline.json` knows every file beside it, so that no damage changes a prediction unnoticed."""

from __future__ import annotations

import json
import os
import random

import msgspec
import pytest

import suite
import weather
from suite import files
from suite.folders import swap_folder
from suite.pipeline import manifest as manifest_module
from suite.pipeline.manifest import read_manifest, record_of
from suite.prediction import loading
from suite.prediction.loading import load, save_pipeline
from suite.runs.directory import RunDirectory


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return weather.save(tmp_path_factory.mktemp("saved") / "run") / "model"


@pytest.fixture
def folder(whole, tmp_path):
    for file in whole.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def changed_network(factor):
    network = weather.network()
    network.set_weights([value * factor for value in network.get_weights()])
    return network


def refusal(folder):
    with pytest.raises(suite.UserError) as caught:
        load(folder, host=weather.host())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_it_holds_size_and_checksum_of_the_network(folder):
    manifest = json.loads((folder / "pipeline.json").read_text())
    record = record_of(folder / "network.keras")
    assert manifest["files"] == {"network.keras": {"size": record.size, "sha256": record.sha256}}
    assert load(folder, host=weather.host()).task == "weather"


def test_no_damaged_byte_of_the_network_is_loaded(folder):
    file = folder / "network.keras"
    content = file.read_bytes()
    generator = random.Random(0)
    for _ in range(40):
        damaged = bytearray(content)
        damaged[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        file.write_bytes(damaged)
        assert "network.keras is damaged: its checksum" in refusal(folder)
    file.write_bytes(content[:-7])
    assert f"is damaged: it has {len(content) - 7:,} bytes instead of {len(content):,}" in refusal(folder)


def test_no_damaged_byte_of_the_manifest_is_loaded(folder):
    file = folder / "pipeline.json"
    content = file.read_bytes()
    generator = random.Random(0)
    before = read_manifest(folder)
    for _ in range(300):
        damaged = bytearray(content)
        damaged[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        file.write_bytes(damaged)
        try:
            read = read_manifest(folder)
        except suite.UserError:
            continue
        assert read == before  # blanks between the values


def test_a_model_that_is_replaced_while_it_is_loaded_is_the_new_one(folder, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    save_pipeline(
        other,
        task="weather",
        builder="weather:linear",
        codec=weather.codec(),
        network=changed_network(3),
        facts={"classes": ["new"]},
    )
    real = loading.check_network

    def replaced(*words):
        monkeypatch.setattr(loading, "check_network", real)
        swap_folder(other, folder)
        real(*words)

    monkeypatch.setattr(loading, "check_network", replaced)
    assert load(folder, host=weather.host()).facts == {"classes": ["new"]}


def test_a_file_without_a_checksum_is_refused(folder):
    manifest_module._write(folder, msgspec.structs.replace(read_manifest(folder), files={}))
    assert "holds no checksum of it" in refusal(folder)


def test_dying_while_a_model_is_replaced_leaves_one_that_can_be_loaded(folder, monkeypatch):
    real, count = os.replace, 0
    for death in range(4):
        count = 0

        def replace(source, target, death=death):
            nonlocal count
            if count == death:
                raise KeyboardInterrupt
            count += 1
            real(source, target)

        with monkeypatch.context() as patched:
            patched.setattr(files.os, "replace", replace)
            try:
                save_pipeline(
                    folder,
                    task="weather",
                    builder="weather:linear",
                    codec=weather.codec(),
                    network=changed_network(death + 1),
                    facts={"classes": ["cold", "warm"]},
                    plugin_version="1.2",
                )
            except KeyboardInterrupt:
                assert death < 3
            else:
                assert death == 3
        assert load(folder, host=weather.host()).task == "weather"
    assert read_manifest(folder).replacing == {}


def test_a_model_of_another_format_says_which_and_what_wrote_it(folder):
    file = folder / "pipeline.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "format": 9, "versions": {"keras-suite": "7.1"}}))
    with pytest.raises(suite.UserError, match=r"newer version \(format 9, this one reads 2; .*suite 7\.1"):
        read_manifest(folder)


def test_keys_that_a_later_version_adds_are_passed_over(folder):
    file = folder / "pipeline.json"
    content = {**json.loads(file.read_text()), "more": {"of": ["it"]}}
    file.write_text(json.dumps({**content, "sha256": manifest_module._checksum(content)}))
    assert load(folder, host=weather.host()).task == "weather"


def test_a_run_of_another_format_says_which_and_with_what_it_was_made(tmp_path):
    (tmp_path / "config.toml").write_text('task = "weather"\ndata = ""\nnew = 1\n')
    (tmp_path / "environment.json").write_text('{"format": 1, "packages": {"keras": "1.9"}}')
    with pytest.raises(suite.UserError, match=r"has no key 'new'.*; it was written with keras 1\.9 \(now "):
        _ = RunDirectory.open(tmp_path).configuration
    (tmp_path / "environment.json").write_text('{"format": 0, "packages": {"keras": "1.9"}}')
    with pytest.raises(suite.UserError, match=r"\(format 0, this one reads 1\); .*: train anew"):
        _ = RunDirectory.open(tmp_path).environment
    (tmp_path / "environment.json").write_text('{"counts": [1]}')
    with pytest.raises(suite.UserError, match=r"environment\.json is damaged: .*counts"):
        _ = RunDirectory.open(tmp_path).environment
