"""The loader that recognizes the data loads it; errors say which loaders there are."""

import dataclasses
from types import SimpleNamespace

import pytest

from suite import DataLoader, Host, Options, PluginError, Task, UserError, hookimpl
from suite.data.dataset import Dataset, Example
from suite.data.loading import load_dataset
from suite.errors import attribution


class LoaderOptions(Options, frozen=True):
    limit: int = 10


def loads(path, options):
    return Dataset(train=[Example(f"{path.name} {index}", "x", "a") for index in range(options.limit)])


def loader(name, suffix, load=loads):
    return DataLoader(
        name=name,
        task="birds",
        summary=f"files that end in {suffix}",
        load=load,
        detect=lambda path: path.suffix == suffix,
        options=LoaderOptions,
    )


def plugin(*loaders, name="suite-birds", tasks=True):
    task = Task(name="birds", summary="", sample=list, metric="m", builder="b", evaluators=())
    hooks = {"suite_data_loaders": hookimpl(lambda: loaders)}
    if tasks:
        hooks["suite_tasks"] = hookimpl(lambda: [task])
    return SimpleNamespace(__name__=name, **hooks)


def host(*loaders, **options):
    return Host(plugin(*loaders, **options), discover=False)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.nest"
    path.write_text("")
    return path


def test_the_loader_that_recognizes_the_data_is_taken(data):
    dataset, found = load_dataset(host(loader("egg", ".egg"), loader("nest", ".nest")), "birds", data)
    assert found.item.name == "nest"
    assert len(dataset.train) == 10


def test_a_loader_that_is_named_is_not_asked(data):
    _, found = load_dataset(host(loader("egg", ".egg"), loader("nest", ".nest")), "birds", data, "egg")
    assert found.item.name == "egg"


def test_options_reach_the_loader(data):
    dataset, _ = load_dataset(host(loader("nest", ".nest")), "birds", str(data), options={"limit": 3})
    assert len(dataset.train) == 3


def test_an_option_that_is_not_known(data):
    with pytest.raises(UserError, match=r"\[loader\] \(nest\) has no option 'limt': did you mean 'limit'"):
        load_dataset(host(loader("nest", ".nest")), "birds", data, options={"limt": 3})


class NestOptions(LoaderOptions, frozen=True):
    eggs: int = 3


def test_options_that_only_one_loader_knows_name_it(data):
    unasked = host(loader("egg", ".egg"), dataclasses.replace(loader("shell", ".shell"), options=NestOptions))
    assert load_dataset(unasked, "birds", data, options={"eggs": 4})[1].item.name == "shell"
    with pytest.raises(UserError, match="no loader recognizes"):
        load_dataset(unasked, "birds", data, options={"limit": 4})


def test_options_tell_which_of_two_loaders_that_recognize_the_data(data):
    both = host(loader("egg", ".nest"), dataclasses.replace(loader("nest", ".nest"), options=NestOptions))
    assert load_dataset(both, "birds", data, options={"eggs": 4})[1].item.name == "nest"


def test_no_loader_recognizes_the_data(data):
    with pytest.raises(UserError, match=r"(?s)no loader recognizes.*\n  egg: files that end in .egg\n"):
        load_dataset(host(loader("egg", ".egg")), "birds", data)


def test_two_loaders_recognize_the_data(data):
    with pytest.raises(UserError, match=r"more than one loader .*: nest and twigs. Choose one with --loader"):
        load_dataset(host(loader("nest", ".nest"), loader("twigs", ".nest")), "birds", data)


def test_two_loaders_of_one_name_recognize_the_data(data):
    both = Host(
        plugin(loader("nest", ".nest")),
        plugin(loader("nest", ".nest"), name="other", tasks=False),
        discover=False,
    )
    with pytest.raises(UserError, match="other:nest and suite-birds:nest"):
        load_dataset(both, "birds", data)


FALLBACK = dataclasses.replace(loader("any", ".nest"), fallback=True, options=NestOptions)


def beside_a_fallback(*loaders):
    return Host(plugin(FALLBACK), plugin(*loaders, name="other", tasks=False), discover=False)


def test_a_fallback_leaves_the_data_to_a_loader_of_another_plugin(data):
    both = beside_a_fallback(loader("nest", ".nest"))
    assert load_dataset(both, "birds", data)[1].name == "nest"
    assert load_dataset(both, "birds", data, options={"limit": 3})[1].name == "nest"


def test_a_fallback_is_taken_if_it_alone_recognizes_the_data_or_is_meant(data):
    assert load_dataset(beside_a_fallback(loader("egg", ".egg")), "birds", data)[1].name == "any"
    both = beside_a_fallback(loader("nest", ".nest"))
    assert load_dataset(both, "birds", data, options={"eggs": 4})[1].name == "any"
    assert load_dataset(both, "birds", data, "any")[1].name == "any"


def test_two_loaders_beside_a_fallback_recognize_the_data(data):
    with pytest.raises(UserError, match=r"more than one loader .*: nest and twigs. Choose"):
        load_dataset(beside_a_fallback(loader("nest", ".nest"), loader("twigs", ".nest")), "birds", data)


def test_a_fallback_does_not_choose_between_loaders_of_its_own_plugin(data):
    with pytest.raises(UserError, match=r"more than one loader .*: any and nest. Choose"):
        load_dataset(host(FALLBACK, loader("nest", ".nest")), "birds", data)


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"there is no file or folder '.*nowhere'"):
        load_dataset(host(loader("nest", ".nest")), "birds", tmp_path / "nowhere")


def test_a_task_without_loaders(data):
    with pytest.raises(UserError, match="no plugin offers a data loader for task 'birds'"):
        load_dataset(host(), "birds", data)


def test_an_error_in_a_loader_says_whose_it_is(data):
    def fails(path, options):
        raise KeyError("oops")

    with pytest.raises(KeyError) as caught:
        load_dataset(host(loader("nest", ".nest", fails)), "birds", data)
    assert attribution(caught.value) == "data loader 'nest' of plugin 'suite-birds'"


def test_an_error_in_detect_stops_nobody_else(data):
    broken = DataLoader(name="broken", task="birds", load=loads, detect=lambda path: 1 / 0)
    assert load_dataset(host(broken, loader("nest", ".nest")), "birds", data)[1].name == "nest"


def test_an_error_in_detect_is_noted_where_no_loader_recognizes_the_data(data):
    broken = DataLoader(name="broken", task="birds", load=loads, detect=lambda path: 1 / 0)
    with pytest.raises(
        UserError, match="data loader 'broken' of plugin 'suite-birds' failed .*division by zero"
    ):
        load_dataset(host(broken), "birds", data)


def test_a_loader_that_gives_something_else(data):
    with pytest.raises(PluginError, match=r"data loader 'nest' .* gave list, which is not a"):
        load_dataset(host(loader("nest", ".nest", lambda path, options: [])), "birds", data)


def test_a_loader_that_finds_nothing(data):
    with pytest.raises(UserError, match="holds no examples"):
        load_dataset(host(loader("nest", ".nest", lambda path, options: Dataset(train=[]))), "birds", data)


def test_a_name_that_no_file_of_predictions_can_hold(data):
    dataset = Dataset(train=[Example("na\udcefve.wav", "input", "target")])
    with pytest.raises(UserError, match=r"na\\udcefve.wav: this name is not UTF-8 text, .* rename it"):
        load_dataset(host(loader("nest", ".nest", lambda path, options: dataset)), "birds", data)
