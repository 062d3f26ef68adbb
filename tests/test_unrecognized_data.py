"""Data that no loader reads: the message says what is there, what it is if any plugin knows, what to do."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from suite import DataLoader, Host, Options, Task, UserError, hookimpl
from suite.data import Dataset, Example, Problem
from suite.data.loading import load_dataset

KNOWN = "These are egg boxes of 'Hatch': export them as nests"


def loads(path, options):
    return Dataset(train=[Example("1", "x", "a")])


def refuses(path, options):
    raise UserError(f"{path} holds no nest")


def loader(task, name, detect, load=loads):
    return DataLoader(name=name, task=task, summary=name, load=load, detect=detect, options=Options)


def host(*loaders):
    tasks = [
        Task(name=name, summary="", sample=list, metric="m", builder="b", evaluators=())
        for name in ("birds", "fish")
    ]
    return Host(
        SimpleNamespace(
            __name__="animals",
            suite_tasks=hookimpl(lambda: tasks),
            suite_data_loaders=hookimpl(lambda: loaders),
        ),
        discover=False,
    )


def no(path):
    return False


def yes(path):
    return True


def knows(path):
    return KNOWN


def message(data, *loaders):
    with pytest.raises(UserError) as caught:
        load_dataset(host(*loaders), "birds", data)
    return str(caught.value)


@pytest.fixture
def data(tmp_path):
    for name in ("images/1.jpg", "images/2.JPG", "labels/1.json", "notes"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path / "data"


def test_what_is_there_is_said(data):
    text = message(data, loader("birds", "nest", no))
    assert (
        "a folder with 4 files: 2 .jpg, 1 .json, 1 without an ending, in the folders 'images', 'labels'."
        in text
    )
    assert "The loaders of 'birds' are\n  nest: nest\n" in text


def test_so_it_is_of_a_file_and_of_an_archive(data, tmp_path):
    import shutil

    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", data)
    assert "an archive with 4 files: 2 .jpg" in message(archive, loader("birds", "nest", no))
    assert "a .json file of 1 bytes" in message(data / "labels" / "1.json", loader("birds", "nest", no))


def test_what_a_loader_knows_and_does_not_read_is_said_for_every_task(data):
    assert KNOWN in message(data, loader("birds", "nest", knows))
    assert KNOWN in message(data, loader("birds", "nest", no), loader("fish", "pond", knows))
    assert message(data, loader("birds", "nest", knows), loader("fish", "pond", knows)).count(KNOWN) == 1


def test_it_is_said_too_if_the_loader_that_was_found_stumbles(data):
    text = message(data, loader("birds", "nest", yes, refuses), loader("fish", "pond", knows))
    assert text == f"{data} holds no nest\n{KNOWN}"


def test_a_sentence_is_no_claim(data):
    both = host(loader("birds", "egg", knows), loader("birds", "nest", yes))
    assert load_dataset(both, "birds", data)[1].name == "nest"


def test_another_task_is_named_only_if_its_loader_reads_the_data(data):
    nest = loader("birds", "nest", no)
    assert "It can be read as data for 'fish'" in message(data, nest, loader("fish", "pond", yes))
    assert "fish" not in message(data, nest, loader("fish", "pond", yes, refuses))
    assert "'fish'" not in message(data, nest, loader("fish", "pond", yes), loader("fish", "sea", knows))


def test_another_task_is_named_if_a_fallback_finds_too_little_to_learn_from(data):
    def little(path, options):
        problem = Problem("there is one class only", of_training=True)
        return Dataset(train=[Example("1", "x", "a")], problems=[problem])

    nest = replace(loader("birds", "nest", yes, little), fallback=True)
    sea = loader("fish", "sea", yes)
    said = "this can be read as data for 'fish' too"
    assert load_dataset(host(nest, sea), "birds", data)[0].problems[1:] == [said]
    assert load_dataset(host(nest, sea), "birds", data, "nest")[0].problems[1:] == []
    assert load_dataset(host(replace(nest, fallback=False), sea), "birds", data)[0].problems[1:] == []
    assert load_dataset(host(replace(nest, load=loads), sea), "birds", data)[0].problems == []
