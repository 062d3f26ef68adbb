"""Data that is elsewhere is read as the same data here, and whatever goes wrong is one sentence."""

import io
import json
import os
import re
import shutil
import stat
import sys
import threading
import zipfile
from pathlib import Path

import fsspec
import pytest

import suite
import toy_plugin
from elsewhere import fresh_cache, web_server
from suite.cli.main import main
from suite.data.contents import changes, contents_of
from suite.data.dataset import fingerprint
from suite.data.loading import load_dataset
from suite.errors import UserError
from suite.host import Host
from suite.prediction.loading import describe
from suite.sources import mirrors as mirror_module
from suite.sources import open_tree, source
from suite.sources.addresses import is_address, kept_address, kept_words, name_of, without_secrets
from suite.sources.mirrors import is_placeholder, mirrored
from suite.sources.remote import Entry
from suite.training_options import LimitOptions

TABLE = b"".join(
    json.dumps(
        {"id": f"row-{n}", "numbers": [n + (1, 0, -1)[n % 3] * k for k in range(8)], "trend": name}
    ).encode()
    + b"\n"
    for n, name in enumerate(["rising", "level", "falling"] * 20)
)
SECRET = "0123456789abcdefSECRET"


@pytest.fixture(scope="module")
def site():
    with web_server() as site:
        yield site


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    return fresh_cache(tmp_path, monkeypatch)


@pytest.fixture
def memory(request):
    """An empty folder in fsspec's memory, as its address, and what puts files there."""
    system = fsspec.filesystem("memory")
    root = f"/{re.sub(r'[^a-z]', '', request.node.name)[:60]}"

    def put(files):
        for name, content in files.items():
            system.pipe(f"{root}/{name}", content)
        return f"memory:/{root}"

    yield put
    system.rm(root, recursive=True)


def host():
    return Host(toy_plugin, discover=False)


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("suite-image-classification:folder", "image-classification"),
        ("suite-object-detection:yolo", "object-detection"),
        ("suite-speech-recognition:kaldi", "speech-recognition"),
        ("suite-text:text", "text-generation"),
        ("suite-forecasting:gluonts", "forecasting"),
    ],
)
def test_loaders_read_a_folder_elsewhere_as_the_same_folder_here(name, task, tmp_path, memory):
    own = Host()
    loader = own.loader(name, task)
    here = tmp_path / "here"
    here.mkdir()
    here = loader.item.write_sample(own.find_task(task).item.sample(), here)
    address = memory(
        {str(path.relative_to(here)): path.read_bytes() for path in here.rglob("*") if path.is_file()}
    )
    expected, _ = load_dataset(own, task, here)
    found, chosen = load_dataset(own, task, address)
    assert chosen.full_name == loader.full_name
    assert fingerprint(found) == fingerprint(expected)
    assert contents_of(found, address).sample == contents_of(expected, str(here)).sample
    assert [example.id for example in found.train] == [example.id for example in expected.train]


def test_a_listed_folder_has_names_and_sizes_and_is_read_when_it_is_read(memory, cache):
    contents = {f"a b/{n} ü.jpg": bytes([n]) * (n + 1) for n in range(50)} | {"labels.csv": b"x,y\n"}
    address = memory(contents)
    tree = open_tree(address)
    assert tree.names == sorted(contents)
    assert tree.sizes.tolist() == [len(contents[name]) for name in tree.names]
    folder = Path(tree.name)
    assert (folder / "labels.csv").read_bytes() == b"x,y\n"  # texts and tables are there at once
    assert is_placeholder(folder / "a b/0 ü.jpg")
    assert [tree.read(index) for index in range(len(tree))] == [contents[name] for name in tree.names]
    assert not any(is_placeholder(path) for path in folder.rglob("*.jpg"))
    assert tree.source(0).name == f"{address}/{tree.names[0]}"
    again = open_tree(address)
    assert [source.stat().st_mtime_ns for source in sorted(Path(again.name).rglob("*.jpg"))]


def test_many_threads_read_one_file_and_none_sees_a_placeholder(memory):
    address = memory({"a.png": b"\x89PNG" * 1000, "b.png": b"B" * 10})
    path = mirrored(address) / "a.png"
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(source(path).read())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [b"\x89PNG" * 1000] * 20


@pytest.mark.skipif(sys.platform == "win32", reason="modes")
def test_a_placeholder_may_not_be_read_by_another_library(memory):
    path = mirrored(memory({"a.png": b"abc"})) / "a.png"
    assert stat.S_IMODE(path.stat().st_mode) & 0o444 == 0
    suite.kit.refuse_special(path)  # as whoever hands a path to another library does
    assert path.read_bytes() == b"abc"


def test_what_has_changed_elsewhere_while_it_is_read_is_said(memory):
    address = memory({"a.png": b"first", "b.png": b"first"})
    tree = open_tree(address)
    fsspec.filesystem("memory").pipe(f"{address.removeprefix('memory:/')}/b.png", b"other")
    assert tree.read(0) == b"first"
    with pytest.raises(UserError, match=r"b\.png was changed since it was listed: start again"):
        tree.read(1)


def test_a_new_listing_has_the_new_files_and_fetches_only_these(memory, monkeypatch):
    address = memory({"a.png": b"first", "b.png": b"first"})
    old = mirrored(address)
    assert [open_tree(old).read(index) for index in (0, 1)] == [b"first", b"first"]
    fsspec.filesystem("memory").pipe(f"{address.removeprefix('memory:/')}/b.png", b"other")
    fetched = []
    fetch = mirror_module.Remote.fetch
    monkeypatch.setattr(
        mirror_module.Remote,
        "fetch",
        lambda self, entry, to: (fetched.append(entry.path), fetch(self, entry, to)),
    )
    new = mirrored(address)
    assert [open_tree(new).read(index) for index in (0, 1)] == [b"first", b"other"]
    assert len(fetched) == 1
    assert open_tree(old).read(1) == b"first"  # a training that is under way keeps what it had


def test_the_oldest_copies_are_removed_beyond_the_limit_and_fetched_again(memory, cache, monkeypatch):
    monkeypatch.setenv("SUITE_CACHE_GB", "0.00001")  # 10,000 bytes
    contents = {f"{n}.png": os.urandom(1500) for n in range(12)}
    address = memory(contents)
    tree = open_tree(address)
    for _ in range(2):
        assert [tree.read(index) for index in range(12)] == [contents[name] for name in tree.names]
        kept = [path for path in (cache / "files").rglob("*") if path.is_file()]
        assert 0 < sum(path.stat().st_size for path in kept) <= 10_000
    monkeypatch.setenv("SUITE_CACHE_GB", "a lot")
    with pytest.raises(UserError, match="SUITE_CACHE_GB=a lot is no number"):
        tree.read(0)


def test_the_limit_is_an_option_too(site, monkeypatch):
    site.files["/large.csv"] = b"x" * 100_000
    with suite.limited(max_cache_gb=1e-5), pytest.raises(UserError, match=r"--set runtime\.max_cache_gb=1"):
        mirrored(f"{site.url}/large.csv")
    assert LimitOptions().max_cache_gb == 100


def test_the_cache_is_where_the_user_has_caches(monkeypatch, tmp_path):
    from suite.sources.cache import cache_folder

    monkeypatch.delenv("SUITE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "suite"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "suite"


def test_names_that_no_file_can_have_are_left_out_and_said(memory, monkeypatch):
    address = memory({"a.png": b"a"})
    names = [
        "a.png",
        "a.png/b.png",
        "../c.png",
        "x//d.png",
        "e" * 300,
        ".git/f",
        "..",
        "/etc/passwd",
        "g/./h",
    ]
    entry = Entry("/a.png", 1, "")
    monkeypatch.setattr(mirror_module.Remote, "listing", lambda self: [(name, entry) for name in names])
    tree = open_tree(address)
    assert tree.names == ["a.png/b.png"]
    assert len(tree.problems) == 7
    said = " ".join(tree.problems)
    for words in ("is a file and a folder at once", "is no name that a file can have", "is too long"):
        assert words in said


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("s3://bucket", "bucket"),
        ("s3://bucket/birds/", "birds"),
        ("s3://bucket/a b/ü.zip", "ü.zip"),
        ("s3:/bucket/birds", "birds"),  # as a pathlib.Path has it
        ("s3://bucket/birds/*/a*.png", "birds"),
        ("https://host/x.zip?version=3", "x.zip"),
        ("https://host/a%20b.csv", "a b.csv"),
        ("https://host", "host"),
        ("zip::https://host/get?id=3", "get.zip"),
        ("https://host/..", "data"),
    ],
)
def test_data_is_called_after_its_address(address, name):
    assert is_address(address)
    assert name_of(address) == name


@pytest.mark.parametrize(
    "path", ["birds", "/data/birds", "C:/birds", "a::b", "12:30/x", "", "a text: with / signs"]
)
def test_a_path_is_no_address(path):
    assert not is_address(path)


def test_a_password_is_refused_and_not_shown(capsys):
    for words in (
        ["inspect", "trend", f"https://user:{SECRET}@host/x.zip"],
        [f"loader.images=s3://me:{SECRET}@b/x"],
    ):
        assert main(words if len(words) > 1 else ["inspect", "trend", "x", "--set", *words], host()) == 2
        said = capsys.readouterr().err
        assert "name and password" in said
        assert SECRET not in said


def test_a_signature_is_put_aside():
    address = f"https://host/x.zip?versionId=3&X-Amz-Signature={SECRET}&X-Amz-Credential={SECRET}&n=1"
    shown = kept_address(address)
    assert shown == "https://host/x.zip?versionId=3&X-Amz-Signature=hidden&X-Amz-Credential=hidden&n=1"
    assert kept_words([f"loader.images={address}"]) == [f"loader.images={shown}"]
    assert without_secrets(f"cannot read {address}: no") == f"cannot read {shown}: no"


@pytest.mark.slow
def test_a_run_on_data_elsewhere_that_is_elsewhere_itself(site, cache, tmp_path, monkeypatch, capsys):
    """It goes on on another machine, and no file of it and no message has the signature of its data."""
    system = fsspec.filesystem("memory")
    path, shown = f"/rows.jsonl?Signature={SECRET}", f"{site.url}/rows.jsonl?Signature=hidden"
    site.files[path] = TABLE
    epochs = Epochs()
    with pytest.raises(suite.StoppedError, match=r"(?m)to go on: suite resume memory://runs/a$"):
        suite.train(
            *("trend", f"{site.url}{path}"),
            epochs=2,
            training={"steps_per_execution": 1},
            out="memory://runs/a",
            host=host(),
            listener=epochs,
            stop=lambda: epochs.count >= 1,
        )
    assert f'data = "{shown}"' in system.cat("/runs/a/config.toml").decode()
    shutil.rmtree(cache)
    # Another process does not know the signature.
    monkeypatch.setattr("suite.sources.addresses._complete", {})
    mirror_module.look_again()
    assert main(["resume", "memory://runs/a"], host()) == 2
    assert "kept without its signature, which is secret" in capsys.readouterr().err
    assert main(["resume", "memory://runs/a", "--data", f"{site.url}{path}"], host()) == 0
    printed = "".join(capsys.readouterr())
    assert "suite predict memory://runs/a INPUT" in printed
    assert main(["evaluate", "memory://runs/a", "--split", "test"], host()) == 0
    printed += "".join(capsys.readouterr())
    assert "report: memory://runs/a/evaluations/" in printed
    assert describe("memory://runs/a", host=host()).task.name == "trend"
    there = {name: system.cat(name) for name in system.find("/runs/a")}
    written = [path.read_bytes() for path in cache.rglob("*") if path.is_file()]
    for content in (*there.values(), *written, printed.encode()):
        assert SECRET.encode() not in content
        assert b"cache/" not in content
    assert any("/evaluations/" in name for name in there)
    system.rm("/runs", recursive=True)


class Epochs(suite.Listener):
    """Counts the epochs."""

    count = 0

    def epoch(self, row, is_best):
        self.count += 1


def test_a_change_elsewhere_is_seen_like_a_change_of_files(memory):
    address = memory({"rows.jsonl": TABLE})
    before = contents_of(load_dataset(host(), "trend", f"{address}/rows.jsonl")[0], f"{address}/rows.jsonl")
    memory({"rows.jsonl": TABLE})
    now = contents_of(load_dataset(host(), "trend", f"{address}/rows.jsonl")[0], f"{address}/rows.jsonl")
    said = changes(before, now, address, "it was started", moved=False)
    assert said.startswith(f"files in {address} were changed, added or removed after it was started")


def test_a_file_by_http_is_read_once_and_its_mistakes_are_told_by_its_address(site, capsys):
    site.files["/rows.jsonl"] = TABLE
    address = f"{site.url}/rows.jsonl"
    load_dataset(host(), "trend", address)
    count = site.gets.count("/rows.jsonl")
    load_dataset(host(), "trend", address)
    assert site.gets.count("/rows.jsonl") == count
    site.files["/bad.jsonl"] = TABLE + b"{"
    assert main(["inspect", "trend", f"{site.url}/bad.jsonl"], host()) == 2
    said = capsys.readouterr().err
    assert f"{site.url}/bad.jsonl" in said
    assert "cache" not in said


def test_a_file_without_a_tag_is_known_by_its_content(site):
    site.with_tags = False
    site.files["/untagged.csv"] = b"a,b\n"
    first = mirrored(f"{site.url}/untagged.csv")
    assert mirrored(f"{site.url}/untagged.csv") == first
    site.files["/untagged.csv"] = b"a,c\n"
    assert mirrored(f"{site.url}/untagged.csv").read_bytes() == b"a,c\n"
    site.with_tags = True


def test_an_archive_by_http_and_with_a_redirect(site):
    site.files["/files/9.zip"] = zipped({"cat/1.png": b"1", "dog/2.png": b"2"})
    site.moved["/download"] = "/files/9.zip"
    site.files["/get?id=9"] = site.files["/files/9.zip"]
    for address in (f"{site.url}/files/9.zip", f"{site.url}/download", f"zip::{site.url}/get?id=9"):
        assert open_tree(address).names == ["cat/1.png", "dog/2.png"]


def test_a_bomb_is_refused_as_it_is_here(site):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", bytes(10_000_000))
    site.files["/bomb.zip"] = content.getvalue()
    with suite.limited(max_unpacked_gb=0.001), pytest.raises(UserError, match=r"http.*bomb\.zip unpacks to"):
        open_tree(f"{site.url}/bomb.zip")
    site.files["/cut.zip"] = content.getvalue()[:-22]
    with pytest.raises(UserError, match=r"http.*cut\.zip is damaged, or no archive at all"):
        open_tree(f"{site.url}/cut.zip")


def test_a_busy_server_and_a_broken_connection_are_tried_again(site):
    site.files["/busy.csv"] = b"a,b\n" * 1000
    site.statuses["/busy.csv"] = [503, 500, 200, 429]
    site.cuts["/busy.csv"] = 2
    assert mirrored(f"{site.url}/busy.csv").read_bytes() == site.files["/busy.csv"]


def test_a_large_file_comes_in_pieces(site, monkeypatch):
    monkeypatch.setattr("suite.sources.remote._PIECE", 1000)
    site.files["/large.bin"] = os.urandom(4500)
    site.cuts["/large.bin"] = 2
    assert mirrored(f"{site.url}/large.bin").read_bytes() == site.files["/large.bin"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/missing.zip", 404, "there is nothing at"),
        ("/refused.zip", 401, r"may not be read .* \(status 401\)"),
        ("/refused.zip", 403, r"may not be read .* \(status 403\)"),
        ("/broken.zip", 500, r"the server answered with status 500 \(5 times\)"),
        ("/folder/", 200, "folders cannot be listed over http"),
        ("/page", 200, "is a web page, and no data"),
        ("/cut.csv", 200, r"\(5 times\): check the connection"),
    ],
)
def test_what_goes_wrong_is_one_sentence(path, status, said, site, capsys):
    site.files[path] = b"<html>" * 50
    site.types["/page"] = "text/html"
    site.statuses[path] = [] if status == 200 else [status] * 100
    site.cuts["/cut.csv"] = 100
    assert main(["inspect", "trend", f"{site.url}{path}"], host()) == 2
    printed = capsys.readouterr().err
    assert re.search(said, printed)
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9/x.zip", r"cannot be read: connect.* \(5 times\)"),
        ("foo://bucket/x", "'foo://' is not known"),
        ("memory://nothing/here", "there is nothing at memory://nothing/here"),
        ("file:///nothing/here", "there is no file or folder '/nothing/here'"),
    ],
)
def test_an_address_with_nothing_there_is_one_sentence(address, said, capsys):
    for words in (["inspect", "trend", address], ["train", "trend", address]):
        assert main(words, host()) == 2
        printed = capsys.readouterr().err
        assert re.search(said, printed)
        assert len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("scheme", "package", "install"),
    [
        ("s3", "s3fs", "keras-suite[cloud]"),
        ("gs", "gcsfs", "gcsfs"),
        ("https", "aiohttp", "keras-suite[cloud]"),
    ],
)
def test_a_missing_package_is_one_sentence(scheme, package, install, monkeypatch):
    def missing(*_, **__):
        raise ImportError(f"install {package}")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(UserError, match=rf"pip install '{re.escape(install)}'$"):
        mirrored(f"{scheme}://bucket/x.zip")


def test_file_is_where_it_is(tmp_path):
    (tmp_path / "a b.jsonl").write_bytes(TABLE)
    for address in (f"file://{tmp_path}/a b.jsonl", f"file://{tmp_path}/a%20b.jsonl"):
        assert mirrored(address) == tmp_path / "a b.jsonl"
        assert len(load_dataset(host(), "trend", address)[0].train) == 60
