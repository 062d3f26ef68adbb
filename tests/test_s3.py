"""Data and runs in a bucket: against a local server that behaves as S3 does."""

import logging
import shutil
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

import suite
import toy_plugin
from elsewhere import fresh_cache
from suite.data.loading import load_dataset
from suite.errors import UnwritableError, UserError
from suite.host import Host
from suite.runs.elsewhere import kept_elsewhere
from suite.sources import mirrors, open_tree

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bucket():
    """A file system with the buckets `data` and `empty`."""
    import s3fs
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "name")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
        # What it holds is the process's, and the tests of this file may come in two parts.
        reset = "http://{}:{}/moto-api/reset".format(*server.get_host_and_port())
        urlopen(Request(reset, method="POST")).close()
        system = s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
        for name in ("data", "empty"):
            system.mkdir(name)
        yield system
    server.stop()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    return fresh_cache(tmp_path, monkeypatch)


def host():
    return Host(toy_plugin, discover=False)


def test_a_bucket_is_listed_without_its_content_and_read_file_by_file(bucket):
    contents = {f"birds/a b/{n} ü.png": bytes([n]) * 10 for n in range(3)} | {"birds/x.csv": b"a,b"}
    for name, content in contents.items():
        bucket.pipe(f"data/{name}", content)
    bucket.touch("data/birds/folder/")  # as consoles make folders
    tree = open_tree("s3://data/birds")
    assert [f"birds/{name}" for name in tree.names] == sorted(contents)
    assert tree.read(2) == contents["birds/a b/2 ü.png"]
    assert open_tree("s3://data/birds/*/1*.png").names == ["a b/1 ü.png"]
    assert tree.source(0).name == "s3://data/birds/a b/0 ü.png"
    # A content of the same length, which only the tag tells apart.
    bucket.pipe("data/birds/a b/0 ü.png", b"x" * 10)
    assert open_tree("s3://data/birds").names == tree.names
    mirrors.look_again()
    assert open_tree("s3://data/birds").read(0) == b"x" * 10
    assert tree.source(0).size == 10


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://data/nothing", "there is nothing at s3://data/nothing"),
        ("s3://no-bucket-here/a", "there is nothing at s3://no-bucket-here/a"),
        ("s3://empty", "s3://empty is empty: it holds no file"),
        ("s3://data/*.none", r"s3://data/\*\.none matches no file"),
    ],
)
def test_nothing_there_is_one_sentence(address, said, bucket):
    with pytest.raises(UserError, match=f"^{said}[^\n]*$"):
        load_dataset(host(), "trend", address)


def test_missing_and_refused_credentials_are_one_sentence(bucket, monkeypatch, tmp_path):
    import s3fs

    monkeypatch.setattr(s3fs.S3FileSystem, "_info", _refuse)
    with pytest.raises(UserError, match=r"^s3://data/x may not be read .*AWS_PROFILE[^\n]*$"):
        open_tree("s3://data/x")
    monkeypatch.undo()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UserError, match=r"^s3://data/x cannot be read without credentials, [^\n]*$"):
        open_tree("s3://data/x")


async def _refuse(*_, **__):
    raise PermissionError("Forbidden")


def test_what_is_finished_in_a_run_is_in_the_bucket_while_it_grows(bucket, cache, monkeypatch):
    monkeypatch.setattr("suite.runs.elsewhere.SECONDS", 0.01)
    files = {"config.toml": b"1", "model/network.keras": b"2", "checkpoints/step-1.npz": b"3"}

    def work():
        with kept_elsewhere("s3://data/runs/a", is_new=True) as local:
            for name, content in files.items():
                (local / name).parent.mkdir(parents=True, exist_ok=True)
                (local / name).write_bytes(content)
            (local / ".lock").touch()
            _wait_for(lambda: bucket.exists("data/runs/a/checkpoints/step-1.npz"))
            (local / "checkpoints/step-1.npz").rename(local / "checkpoints/step-2.npz")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    files["checkpoints/step-2.npz"] = files.pop("checkpoints/step-1.npz")
    assert {name.removeprefix("data/runs/a/") for name in bucket.find("data/runs/a")} == files.keys()
    shutil.rmtree(cache)  # another machine goes on
    with kept_elsewhere("s3://data/runs/a") as local:
        assert {name: (local / name).read_bytes() for name in files} == files
        (local / "config.toml").write_bytes(b"other")
    assert bucket.cat("data/runs/a/config.toml") == b"other"
    with pytest.raises(UserError, match=r"s3://data/runs/a exists already: .*suite resume s3://data/runs/a$"):
        suite.train("trend", "s3://data/rows.jsonl", out="s3://data/runs/a", host=host())


def _wait_for(is_so):
    end = time.monotonic() + 20
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    assert is_so()


def test_where_nothing_can_be_written_is_said_before_the_training(bucket, tmp_path):
    for address, said in (
        ("s3://no-bucket/run", "no such bucket"),
        ("https://host/run", "cannot be written to"),
        ("zip::s3://data/x.zip", "cannot be written to"),
    ):
        with pytest.raises(UserError, match=said):
            suite.train("trend", tmp_path / "no-data", out=address, host=host())
    with pytest.raises(UserError, match="there is nothing at s3://data/no-run"):
        suite.resume("s3://data/no-run", host=host())


def test_a_run_that_cannot_be_written_elsewhere_is_whole_here(bucket, monkeypatch):
    def write():
        with kept_elsewhere("s3://data/runs/c", is_new=True) as local:
            local.mkdir()
            (local / "config.toml").write_text("x")
            monkeypatch.setattr("suite.sources.remote.Remote.send", refuse)

    def refuse(*_):
        raise UserError("s3://data/runs/c/config.toml may not be written")

    with pytest.raises(
        UnwritableError, match=r"^s3://data/runs/c/.*; all of the run is in (/.*/c)$"
    ) as error:
        write()
    assert (Path(str(error.value).rpartition(" ")[2]) / "config.toml").read_text() == "x"


def test_two_processes_do_not_work_on_one_run(bucket):
    from suite.sources.copies import FolderElsewhere

    bucket.pipe("data/runs/b/config.toml", b"")
    with (
        FolderElsewhere("s3://data/runs/b", "runs").locked(),
        pytest.raises(UserError, match="another process is at work on s3://data/runs/b"),
    ):
        suite.resume("s3://data/runs/b", host=host())
