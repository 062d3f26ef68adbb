"""Checkpoints: damage is noticed, and the one before the newest stands in for it."""

from __future__ import annotations

import io
import json
import random
import zipfile

import numpy as np
import pytest

import suite
from suite.errors import UserError
from suite.training.checkpoints import (
    CheckpointFolder,
    assign,
    check_complete,
    read_arrays,
    read_state,
    write_arrays,
)
from suite.training.session import TrainingState

ARRAYS = {
    "network/00000": np.arange(6, dtype=np.float32).reshape(2, 3),
    "network/00001": np.asarray(3, dtype=np.int64),
    "optimizer/00000": np.zeros((0, 4), np.float32),
}


def state(step: int, best: str | None = None):
    return {"step": step, "best_file": best}


def damage(file, seed: int = 0):
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1 << random.Random(seed).randrange(8)
    file.write_bytes(content)


def test_what_is_read_is_what_was_written(tmp_path):
    write_arrays(tmp_path / "it.npz", ARRAYS, {"step": 3, "lost": float("nan")})
    arrays, read = read_arrays(tmp_path / "it.npz")
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)
    assert read["step"] == read_state(tmp_path / "it.npz")["step"] == 3


@pytest.mark.slow
def test_no_damaged_byte_changes_what_is_read(tmp_path):
    file = tmp_path / "it.npz"
    write_arrays(file, ARRAYS, state(3))
    content = file.read_bytes()
    generator = random.Random(0)
    for _ in range(500):
        damaged = bytearray(content)
        damaged[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        file.write_bytes(damaged)
        try:
            arrays, read = read_arrays(file)
        except UserError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most raise, not all
            continue
        assert read == state(3)
        assert arrays.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_arrays_that_are_missing_or_were_added_are_noticed(tmp_path):
    file = tmp_path / "it.npz"
    write_arrays(file, ARRAYS, state(3))
    with np.load(file) as archive:
        members = {name: archive[name] for name in archive.files}
    np.savez(file, **{name: value for name, value in members.items() if not name.startswith("optimizer")})
    with pytest.raises(UserError, match="does not hold the arrays"):
        read_arrays(file)
    np.savez(file, **members, extra=np.zeros(1))
    with pytest.raises(UserError, match="does not hold the arrays"):
        read_arrays(file)


def test_another_version_says_which(tmp_path, monkeypatch):
    monkeypatch.setattr("suite.training.checkpoints.FORMAT", 9)
    write_arrays(tmp_path / "it.npz", ARRAYS, state(3))
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"of another version \(format 9, this one reads 1\)"):
        read_arrays(tmp_path / "it.npz")


@pytest.fixture
def folder(tmp_path):
    """Three checkpoints were written; the best weights changed between the last two."""
    folder = CheckpointFolder(tmp_path / "checkpoints")
    weights = {"weights/00000": np.ones(300, np.float32)}
    for step in (1, 2, 3):
        best = folder.write_best(2 * (step // 2), weights) if step != 3 else folder.write_best(3, weights)
        folder.write(step, ARRAYS, state(step, best))
    return folder


def names(folder):
    return sorted(file.name for file in folder.path.iterdir())


def test_two_generations_are_kept_with_their_best_weights(folder):
    assert names(folder) == [f"{kind}-000000000{step}.npz" for kind in ("best", "step") for step in (2, 3)]
    assert folder.newest_whole().notes == ()


def test_a_damaged_newest_one_is_passed_over_and_this_is_said(folder):
    damage(folder.path / "step-0000000003.npz")
    found = folder.newest_whole()
    assert found.state["step"] == 2
    assert "step-0000000003.npz is damaged" in found.notes[0]
    assert "the checkpoint before it, of step 2" in found.notes[1]
    folder.write(3, ARRAYS, state(3, "best-0000000003.npz"))
    assert folder.newest_whole().state["step"] == 3


def test_damaged_best_weights_are_noticed_and_the_checkpoint_before_is_taken(folder):
    damage(folder.path / "best-0000000003.npz")
    found = folder.newest_whole()
    assert found.state == state(2, "best-0000000002.npz")
    assert "best-0000000003.npz is damaged" in found.notes[0]


def test_if_all_best_weights_are_lost_it_goes_on_without_them(folder):
    (folder.path / "best-0000000003.npz").unlink()
    damage(folder.path / "best-0000000002.npz")
    found = folder.newest_whole()
    assert found.state == state(3, None)
    assert "there is no file" in found.notes[0]
    assert found.notes[-1] == "so the training goes on after step 3 without them"


def test_if_none_is_whole_this_is_said(folder):
    for file in folder.path.glob("step-*"):
        damage(file)
    with pytest.raises(UserError, match=r"step-0000000003.npz is damaged.*no checkpoint in .* is whole"):
        folder.newest_whole()


def test_the_state_is_complete_and_of_its_types():
    plain = json.loads(json.dumps(TrainingState(step=3, history=[{"epoch": 1, "loss": 0.5}]).to_json()))
    assert TrainingState.from_json(plain).history == [{"epoch": 1, "loss": 0.5}]
    assert repr(TrainingState.from_json(plain).history[0]["epoch"]) == "1"
    for changed, message in (
        ({name: value for name, value in plain.items() if name != "stage"}, "not both know stage"),
        ({**plain, "more": 1}, "not both know more"),
        ({**plain, "step": "3"}, "Expected `int`, got `str`"),
        ({**plain, "step": -1}, "Expected `int` >= 0"),
        ({**plain, "losses": {"first": "x"}}, r"\$.losses.first"),
    ):
        with pytest.raises(suite.UserError, match=message):
            TrainingState.from_json(changed)


class Variable:
    """As Keras has them."""

    def __init__(self, value, path="adam/kernel"):
        self.value, self.shape, self.dtype, self.path = value, value.shape, value.dtype.name, path

    def assign(self, value):
        self.value = value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer/00001": None}, "it holds 1 variables of it, and 2 are wanted"),
        ({"optimizer/00002": np.zeros(1)}, "it holds 3 variables of it, and 2 are wanted"),
        ({"optimizer/00000": np.zeros(3, np.float32)}, r"adam/kernel is \[2\] and not \[3\]"),
        ({"optimizer/00001": np.zeros((), np.float32)}, "adam/kernel is int64 and not float32"),
    ],
)
def test_entries_of_the_optimizer_are_complete_and_of_their_types(changes, message, monkeypatch):
    monkeypatch.setattr("suite.training.checkpoints.to_numpy", lambda variable: variable.value)
    variables = [Variable(np.ones(2, np.float32)), Variable(np.asarray(3))]
    arrays = {"optimizer/00000": np.zeros(2, np.float32), "optimizer/00001": np.asarray(0)}
    assign(variables, arrays, "optimizer", "it")
    assert variables[1].value == 0
    changed = {name: array for name, array in {**arrays, **changes}.items() if array is not None}
    with pytest.raises(UserError, match=f"it does not fit the optimizer that is built now .{message}"):
        assign(variables, changed, "optimizer", "it")


def test_a_checkpoint_that_lacks_something_or_has_more_is_not_gone_on_with(monkeypatch):
    monkeypatch.setattr("suite.training.checkpoints.backend_random_state", dict)
    whole = {"network/00000": 1, "optimizer/00000": 1, "metrics/00000": 1}
    check_complete(whole, 3, "it")
    check_complete({name: 1 for name in whole if name != "metrics/00000"}, 0, "it")
    with pytest.raises(UserError, match="it lacks the metrics and optimizer: it cannot be gone on with"):
        check_complete({"network/00000": 1}, 3, "it")
    with pytest.raises(UserError, match="it holds unknown other: it"):
        check_complete({**whole, "other/00000": 1}, 3, "it")


def test_an_archive_that_says_it_is_larger_or_is_compressed_takes_no_memory(tmp_path):
    file = tmp_path / "it.npz"
    np.savez_compressed(file, header=np.zeros(50_000_000, np.uint8))
    assert file.stat().st_size < 100_000
    with pytest.raises(UserError, match="its header is compressed"):
        read_arrays(file)
    small = io.BytesIO()
    np.lib.format.write_array(small, np.zeros(1000, np.uint8))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header.npy", small.getvalue().replace(b"(1000,)", b"(9" + b"0" * 30 + b",)"))
    with pytest.raises(UserError, match="header is not as large as it says"):
        read_arrays(file)
