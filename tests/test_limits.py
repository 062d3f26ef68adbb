"""What a stranger's data may take: memory, disk and time are limited, and only regular files are read."""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

import suite
import weather
from suite import UserError, limits
from suite.cli.main import main
from suite.configuration import Configuration, read_toml, take_limits, with_limits
from suite.data.dataset import Dataset, Example
from suite.data.loading import load_dataset
from suite.errors import OutOfMemoryError, attributed, attribution, is_out_of_memory, unimportable
from suite.evaluation.checks import made_figures
from suite.evaluation.prediction_files import read_predictions
from suite.kit import tables
from suite.options import describe
from suite.prediction.inputs import Inputs
from suite.prediction.predictor import LoadedPipeline
from suite.report.html import check_page_path
from suite.runs import train
from suite.sources import FileSource, open_lines, open_tree, read_stream, stream_lines
from suite.sources.globs import matching_paths
from suite.training_options import LimitOptions

KB = 1e-6  # in gigabytes

# Packed files


def test_a_packed_table_is_unpacked_up_to_the_limit():
    content = gzip.compress(b"text,label\n" + b"a,b\n" * 5_000)
    assert len(content) < 300
    assert sum(1 for _ in tables.rows(content, "a.csv.gz")) == 5_000
    with suite.limited(max_input_gb=10 * KB), pytest.raises(UserError) as refused:
        list(tables.rows(content, "a.csv.gz"))
    assert str(refused.value) == (
        "a.csv.gz unpacks to more than the limit of 1e-05 GB: give less at once, or raise the limit with"
        " --set runtime.max_input_gb=1"
    )


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_file_is_read_line_by_line_up_to_the_limit(ending, tmp_path):
    content = b"a\n" * 30_000 + b"long" * 10_000
    path = tmp_path / f"a.txt{ending}"
    path.write_bytes(gzip.compress(content) if ending else content)
    with suite.limited(max_input_gb=170 * KB), open_lines(path) as file:
        assert len(file.readlines()) == 30_001
    with (
        suite.limited(max_input_gb=150 * KB),
        open_lines(path) as file,
        pytest.raises(
            UserError, match=r"a\.txt.* has a line of 40,000 bytes and more and would take 0\.00016"
        ),
    ):
        file.readlines()


def test_a_packed_file_is_unpacked_up_to_the_limit(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"a\n" * 50_000))
    with (
        suite.limited(max_unpacked_gb=60 * KB),
        open_lines(tmp_path / "a.gz") as file,
        pytest.raises(UserError, match=r"more than the limit of 6e-05 GB: .*runtime\.max_unpacked_gb="),
    ):
        file.readlines()


def test_a_damaged_packed_file_is_said(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(np.random.default_rng(0).bytes(1000))[:-20])
    with (
        open_lines(tmp_path / "a.gz") as file,
        pytest.raises(UserError, match=r"a\.gz is damaged, or not compressed by gzip"),
    ):
        file.read()


def archive(kind, size=100_000):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{kind}") as writer:
        member = tarfile.TarInfo("a.bin")
        member.size = size
        writer.addfile(member, io.BytesIO(bytes(size)))
    return packed.getvalue()


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_an_archive_is_unpacked_up_to_the_limit(kind, tmp_path, monkeypatch):
    path = tmp_path / f"bomb.tar.{kind}"
    path.write_bytes(archive(kind))
    with suite.limited(max_unpacked_gb=50 * KB), pytest.raises(UserError, match="unpacks to more than the"):
        open_tree(path)
    assert len(open_tree(path).read(0)) == 100_000
    monkeypatch.setattr(limits, "LARGE", 1000)
    monkeypatch.setattr(limits, "_DISK_RESERVE", 1 << 60)
    os.utime(path, (1, 1))
    with pytest.raises(UserError, match="for which .* has no room"):
        open_tree(path)


def test_an_archive_that_is_refused_is_unpacked_once(tmp_path, monkeypatch):
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(archive("gz"))
    counted = []
    monkeypatch.setattr(limits.ByteCount, "add", lambda self, count: counted.append(count) or 1 / 0)
    for _ in range(3):
        with pytest.raises(UserError, match="bomb.tar.gz"):
            open_tree(path)
    assert len(counted) == 1


def test_a_member_larger_than_one_input_may_be_is_an_error_of_its_own(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("bomb.bin", bytes(50_000))
        writer.writestr("fine.bin", b"fine")
    (tmp_path / "a.tar").write_bytes(archive(""))
    with suite.limited(max_input_gb=40 * KB):
        tree = open_tree(tmp_path / "a.zip")
        with pytest.raises(UserError, match=r"a\.zip/bomb\.bin has 50,000 bytes and would take"):
            tree.read(0)
        assert tree.read(1) == b"fine"
        with pytest.raises(UserError, match=r"a\.tar/a\.bin has 100,000 bytes"):
            open_tree(tmp_path / "a.tar").read(0)


def test_a_long_header_in_an_archive_is_not_read(tmp_path):
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.USTAR_FORMAT) + bytes(10_240))
    with pytest.raises(UserError, match=r"a\.tar is damaged"):
        open_tree(tmp_path / "a.tar")


def test_a_file_larger_than_one_input_may_be_is_not_read(tmp_path):
    (tmp_path / "large").write_bytes(bytes(50_000))
    with suite.limited(max_input_gb=40 * KB), pytest.raises(UserError, match="large has 50,000 bytes"):
        FileSource(tmp_path / "large").read()


def test_a_spreadsheet_and_an_arrow_table_are_limited():
    openpyxl = pytest.importorskip("openpyxl")
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    feather = pytest.importorskip("pyarrow.feather")
    book, packed = openpyxl.Workbook(), io.BytesIO()
    for number in range(300):
        book.active.append(["text" * 20, number])
    book.save(packed)
    files = {"a.xlsx": packed.getvalue()}
    table = pa.table({"text": ["a" * 200] * 500})
    for name, write in (("a.parquet", parquet.write_table), ("a.feather", feather.write_feather)):
        packed = io.BytesIO()
        write(table, packed)
        files[name] = packed.getvalue()
    for name, content in files.items():
        assert len(list(tables.rows(content, name))) >= 299
        with suite.limited(max_input_gb=20 * KB), pytest.raises(UserError, match=f"{name} unpacks to"):
            list(tables.rows(content, name))


@pytest.mark.slow
def test_a_sheet_that_numbers_its_rows_as_it_likes():
    openpyxl = pytest.importorskip("openpyxl")
    book, packed, changed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["text"])
    book.active.append(["a"])
    book.save(packed)
    with zipfile.ZipFile(packed) as reader, zipfile.ZipFile(changed, "w") as writer:
        for member in reader.namelist():
            content = reader.read(member).replace(b'<row r="2"', b'<row r="2000000000"')
            writer.writestr(member, content.replace(b'r="A2"', b'r="A2000000000"'))
    assert list(tables.rows(changed.getvalue(), "a.xlsx")) == []


def test_a_stream_is_read_up_to_the_limit():
    with suite.limited(max_input_gb=KB):
        assert read_stream(io.BytesIO(b"a" * 900), "standard input") == b"a" * 900
        with pytest.raises(UserError, match="standard input gives more than the limit of 1e-06 GB"):
            read_stream(io.BytesIO(b"a" * 1100), "standard input")
        lines = stream_lines(io.BytesIO(b"a\n" * 2000 + b"b" * 1100), "standard input")
        with pytest.raises(UserError, match="standard input has a line of 251 bytes and more"):
            assert sum(1 for _ in lines) == 2000


# The options


def test_limits_are_options_of_the_configuration():
    configuration = Configuration(task="any", data="")
    assert configuration.runtime.max_input_gb == 4
    changed = with_limits(configuration, {"max_input_gb": "8", "max_input_hours": 100})
    assert (changed.runtime.max_input_gb, changed.runtime.max_input_hours) == (8, 100)
    for wrong in ({"max_input_gb": 0}, {"max_input_gb": "inf"}, {"max_input_gb": "nan"}, {"threads": 3}):
        with pytest.raises(UserError, match=r"\[runtime\]"):
            with_limits(configuration, wrong)
    options = {"runtime.max_input_gb": 2, "max_unpacked_gb": 3, "beam": 4}
    taken = take_limits(options)
    assert (taken.max_input_gb, taken.max_unpacked_gb, options) == (2, 3, {"beam": 4})


def test_limits_of_the_caller_do_not_reach_others():
    limits.set_limits(LimitOptions())
    with suite.limited(max_input_hours=1):
        with suite.limited(max_input_gb=2):
            assert (limits.limits().max_input_gb, limits.limits().max_input_hours) == (2, 1)
        limits.check_duration("a talk", 3600)
        with pytest.raises(UserError, match="a talk is 1.5 hours long, more than .*max_input_hours=2"):
            limits.check_duration("a talk", 5400)
    limits.check_duration("a talk", 5400)
    with pytest.raises(UserError, match="has no option 'max_pixels'"), suite.limited(max_pixels=3):
        pass


# Regular files only


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.temps")
    return tmp_path / "pipe.temps"


def test_a_pipe_or_a_device_is_not_waited_for(pipe, tmp_path):
    host = weather.host()
    codec = weather.codec()
    link = tmp_path / "link.temps"
    link.symlink_to(pipe)
    reading = {
        "an input": lambda path: FileSource(path).read(),
        "inputs": lambda path: Inputs([str(path)], codec),
        "data": lambda path: load_dataset(host, "weather", path),
        "configuration": lambda path: read_toml(path),
        "predictions": lambda path: read_predictions(path, host.task("weather")),
        "an archive": open_tree,
    }
    for path, kind in ((pipe, "a pipe"), (link, "a pipe"), ("/dev/zero", "a device")):
        for what, read in reading.items():
            with pytest.raises(UserError, match=f"{path} is {kind}, not a file") as refused:
                read(path if isinstance(path, str) else type(tmp_path)(path))
            assert refused.value, what


def test_a_pipe_in_a_folder_is_said(pipe, tmp_path):
    (tmp_path / "a.temps").write_text("1 2 3 4")
    tree = open_tree(tmp_path)
    assert (tree.names, tree.problems) == (["a.temps"], ["pipe.temps is no regular file"])
    results = list(fake().predict_each(Inputs([str(tmp_path)], weather.codec())))
    assert [result.error for result in results] == [None, "pipe.temps is no regular file"]


def test_a_page_is_not_written_over_a_device(tmp_path):
    (tmp_path / "page.html").symlink_to("/dev/zero")
    with pytest.raises(UserError, match="is a device, not a file"):
        check_page_path(tmp_path / "page.html", "--explain")


def folder_of_links(folder, count=8):
    for number in range(count):
        (folder / f"d{number}").mkdir()
        (folder / f"d{number}" / "a.temps").write_text("1 2 3 4")
        for other in range(count):
            (folder / f"d{number}" / f"to{other}").symlink_to(f"../d{other}")
    (folder / "self").symlink_to("self")


def test_links_that_lead_to_each_other_end(tmp_path):
    folder_of_links(tmp_path)
    tree = open_tree(tmp_path)
    assert {name for name in tree.names if name.count("/") == 1} == {f"d{each}/a.temps" for each in range(8)}
    assert len(tree) <= 8 + 8 * 8 + 8
    assert "self is a broken link" in tree.problems
    assert len(matching_paths(f"{tmp_path}/**/*.temps")) == len(tree)
    assert matching_paths(f"{tmp_path}/**/b*/**/c*/**") == []


def test_two_links_to_one_folder_are_both_followed(tmp_path):
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "1.temps").write_text("")
    (tmp_path / "data" / "train").mkdir(parents=True)
    (tmp_path / "data" / "test").mkdir()
    for split in ("train", "test"):
        (tmp_path / "data" / split / "cat").symlink_to(tmp_path / "cats")
    assert open_tree(tmp_path / "data").names == ["test/cat/1.temps", "train/cat/1.temps"]


# One input does not end the others


@pytest.fixture(scope="module")
def run_of_weather(tmp_path_factory):
    pytest.importorskip("keras", reason="needs Keras")
    return weather.save(tmp_path_factory.mktemp("runs") / "first")


def fake(network=lambda inputs: inputs[:, :2], codec=None):
    return LoadedPipeline("weather", "weather:linear", codec or weather.codec(), network)


def test_an_output_that_is_no_number_is_an_error_of_its_input():
    raws = [np.zeros(4), np.array([np.nan, 1, 2, 3]), np.ones(4)]
    results = list(fake().predict_each(raws))
    assert [result.prediction is None for result in results] == [False, True, False]
    assert "the network gives no number (NaN) for it: either its values are absurd" in results[1].error
    with pytest.raises(suite.InputError, match="gives no number"):
        fake().predict(raws[1])


class Picky(weather.WeatherCodec):
    def encode(self, raw):
        if raw[0] == 7:
            raise MemoryError("Unable to allocate 1 TiB")
        return super().encode(raw)

    def decode(self, outputs):
        if outputs[0] == 9:
            raise UserError("nothing is in it")
        return super().decode(outputs)


def test_what_the_codec_finds_wrong_is_an_error_of_its_input():
    raws = [np.zeros(4), np.array([9.0, 1, 2, 3]), np.array([7.0, 1, 2, 3]), np.ones(4)]
    results = list(fake(codec=Picky(["cold", "warm"])).predict_each(raws))
    assert [result.error for result in results] == [
        None,
        "nothing is in it",
        "there is not enough memory (Unable to allocate 1 TiB)",
        None,
    ]


class Chunked(weather.WeatherCodec):
    encoded = 0

    def chunks(self, raw):
        return None if len(raw) == 4 else Hundred()

    def encode(self, raw):
        Chunked.encoded += 1
        if raw[0] == 3:
            raise UserError("its third piece is damaged")
        return super().encode(raw)


class Hundred:
    total = 1000

    def __iter__(self):
        return (np.full(4, number) for number in range(1000))

    def merge(self, predictions):
        raise AssertionError


def test_what_follows_a_damaged_chunk_is_not_read():
    results = list(fake(codec=Chunked(["cold", "warm"])).predict_each([np.zeros(8), np.zeros(4)], 4))
    assert [result.error for result in results] == ["its third piece is damaged", None]
    assert Chunked.encoded < 40


def test_limits_of_a_call_hold_in_its_threads():
    class Limited(weather.WeatherCodec):
        def encode(self, raw):
            limits.check_memory("it is large", 2000)
            return super().encode(raw)

    with suite.limited(max_input_gb=KB):
        (result,) = fake(codec=Limited(["cold", "warm"])).predict_each([np.zeros(4)])
    assert "more than the limit for one input" in result.error


def test_every_command_that_reads_takes_the_limits(run_of_weather, tmp_path, capsys):
    (tmp_path / "a.temps").write_text("1 2 3 4")
    words = ["predict", str(run_of_weather), str(tmp_path / "a.temps")]
    assert main([*words, "--set", "runtime.max_input_gb=0.5"], weather.host()) == 0
    assert limits.limits().max_input_gb == 0.5
    assert main([*words, "--set", "runtime.max_input_gb=-1"], weather.host()) == 2
    assert "max_input_gb = -1 is not allowed" in capsys.readouterr().err
    assert main([*words, "--set", "runtime.threads=2"], weather.host()) == 2
    assert "[runtime] has no option 'threads'" in capsys.readouterr().err
    assert main(words, weather.host()) == 0
    assert limits.limits().max_input_gb == 4


def test_no_memory_is_said_in_a_sentence(monkeypatch, capsys):
    import suite.cli.tasks

    def run(arguments):
        raise MemoryError("Unable to allocate 3 TiB for an array")

    monkeypatch.setattr(suite.cli.tasks, "run", run)
    assert main(["tasks"], weather.host()) == 1
    assert "suite: there is not enough memory (Unable to allocate 3 TiB for an array)" in (
        capsys.readouterr().err
    )


def test_no_memory_of_an_accelerator_is_known():
    raised = type("XlaRuntimeError", (RuntimeError,), {})("RESOURCE_EXHAUSTED: Out of memory allocating")
    assert is_out_of_memory(raised)
    assert is_out_of_memory(type("ResourceExhaustedError", (Exception,), {})("OOM when allocating"))
    assert not is_out_of_memory(RuntimeError("no"))


def test_why_a_package_cannot_be_imported():
    absent = ModuleNotFoundError("No module named 'tables'", name="tables.reader")
    assert str(unimportable(absent, "tables", "install it")) == "install it"
    within = ModuleNotFoundError("No module named 'other'", name="other")
    for error in (within, ImportError("a library is missing")):
        assert "the package tables is installed, and cannot be imported: " in (
            str(unimportable(error, "tables", "install it"))
        )
    interrupted = ImportError("the extension failed to import")
    interrupted.__context__ = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        unimportable(interrupted, "tables", "install it")


def test_no_memory_is_nobodys_defect():
    with (
        pytest.raises(OutOfMemoryError, match=r"^there is not enough memory \(3 TiB\)$") as raised,
        attributed("the figures of evaluator 'x'"),
    ):
        raise MemoryError("3 TiB")
    assert attribution(raised.value) is None

    def figures():
        raise MemoryError

    assert made_figures(figures, "x", "the figures of x are missing") == (
        [],
        ["the figures of x are missing: there is not enough memory"],
    )


@pytest.mark.parametrize("kind", ["loaders", "builders", "evaluators"])
def test_every_whole_number_among_the_options_has_a_bound(kind):
    host = suite.Host()
    unbounded = {
        f"{options.__name__}.{option.name}"
        for task in host.tasks()
        for contributed in getattr(host, kind)(task.full_name)
        for attribute in ("options", "prediction_options")
        if (options := getattr(contributed.item, attribute, None)) is not None
        for option in describe(options)
        if re.search(r"\bint\b", option.type) and "<" not in option.type and option.type != "int | str"
    }
    # Names of classes, and the number of a column, take nothing.
    assert {name for name in unbounded if not name.endswith((".classes", ".text_column"))} == set()


def test_data_that_is_gone_when_it_is_scored_is_not_called_nothing_to_score(tmp_path):
    examples = [Example("a.temps", FileSource(tmp_path / "a.temps"), "cold")]
    experiment = SimpleNamespace(dataset=Dataset(train=examples, test=examples))
    notes = []
    assert train._predicted(fake(), experiment, "test", notes) is None
    (note,) = notes
    assert note == (
        "the test split is not scored, for none of its examples could be read any more (was the data moved or"
        f" changed while the training ran?): {tmp_path}/a.temps cannot be read: no such file or directory"
    )


def test_a_zip_of_bombs_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as writer:
        for number in range(5):
            writer.writestr(f"{number}.bin", bytes(30_000))
    with zipfile.ZipFile(tmp_path / "stored.zip", "w") as writer:
        writer.writestr("a.bin", bytes(150_000))
    with suite.limited(max_unpacked_gb=100 * KB):
        with pytest.raises(UserError, match=r"a\.zip unpacks to 0\.00015 GB, more than the limit of 0\.0001"):
            open_tree(tmp_path / "a.zip")
        assert open_tree(tmp_path / "stored.zip").sizes.tolist() == [150_000]
    assert len(open_tree(tmp_path / "a.zip")) == 5


def test_a_glob_that_also_matches_a_pipe_goes_on(pipe, tmp_path):
    (tmp_path / "a.temps").write_text("1 2 3 4")
    results = list(fake().predict_each(Inputs([f"{tmp_path}/*.temps"], weather.codec())))
    assert [result.error for result in results] == [None, f"{pipe} is no regular file"]
