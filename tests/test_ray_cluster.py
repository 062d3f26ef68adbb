"""How many workers of a Ray cluster train together, and what is said before one is started."""

from __future__ import annotations

import re
import sys

import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.ray_machines import RayPlaces, RayWorkers, look_at


def machine(**resources):
    return {"Alive": True, "Resources": resources}


@pytest.mark.parametrize(
    ("text", "least", "most"), [(None, None, None), ("3", 3, 3), ("2-4", 2, 4), ("1-1", 1, 1)]
)
def test_workers_are_a_number_or_from_which_to_which(text, least, most):
    assert RayWorkers.parse(text) == RayWorkers(least, most)


@pytest.mark.parametrize("text", ["0", "4-2", "2-", "-2", "two", "1-2-3", "auto"])
def test_other_words_for_workers_are_refused(text):
    with pytest.raises(suite.UserError, match=re.escape(f"not '{text}'")):
        RayWorkers.parse(text)


@pytest.mark.parametrize(
    ("machines", "workers", "device", "places"),
    [
        ([machine(CPU=8), machine(CPU=4)], None, "auto", (2, 0, 4)),
        ([machine(CPU=8, GPU=4), machine(CPU=4, GPU=4), machine(CPU=16)], None, "auto", (2, 4, 1)),
        ([machine(CPU=8, GPU=4), machine(CPU=4, GPU=4)], "8", "auto", (8, 1, 1)),
        ([machine(CPU=8, GPU=4), machine(CPU=4, GPU=4)], None, "cpu", (2, 0, 4)),
        ([machine(CPU=8), {"Alive": False, "Resources": {}}, machine(CPU=0)], "2", "auto", (2, 0, 4)),
    ],
)
def test_a_worker_has_all_of_its_machine_or_its_share(machines, workers, device, places):
    found = RayPlaces.of(machines, RayWorkers.parse(workers), device)
    assert (found.workers.most, found.gpus, found.cores) == places


def test_a_gpu_that_the_cluster_has_not_is_said():
    with pytest.raises(suite.UserError, match="the Ray cluster has no GPU"):
        RayPlaces.of([machine(CPU=8)], RayWorkers(), "gpu")


def test_a_batch_divides_among_every_number_of_workers():
    RayWorkers(2, 4).check_batch(48, devices=4)
    RayWorkers(3, 3).check_batch(None, devices=1)
    with pytest.raises(suite.UserError, match="which 3 of 2 to 4 Ray workers have: .* 8 and 12 and 16"):
        RayWorkers(2, 4).check_batch(32, devices=4)
    with pytest.raises(suite.UserError, match="say --batch-size"):
        RayWorkers(2, 4).check_batch(None, devices=1)


def test_nobody_at_an_address_is_known_at_once():
    look_at("auto")
    with pytest.raises(OSError, match="refused"):
        look_at("127.0.0.1:1")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--cluster", "ray"], 'needs Ray: pip install "keras-suite[ray]", on all machines'),
        (["--cluster", "slurm"], "--cluster is 'auto' or 'ray', not 'slurm'"),
        (["--cluster", "ray", "--devices", "2"], "--devices is not for --cluster ray"),
        (["--cluster", "ray", "--backend", "torch"], "torch trains on one device here"),
        (["--cluster", "ray", "--folds", "3"], "the folds of a cross-validation are several runs"),
    ],
)
def test_what_cannot_be_is_said_before_a_cluster_is_looked_for(
    options, sentence, tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "ray", None)
    data = tmp_path / "toy.jsonl"
    toy_plugin.write(data, train=8)
    words = ["train", "trend", str(data), "--out", str(tmp_path / "run"), *options]
    assert main(words, suite.Host(toy_plugin, discover=False)) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
