"""Folders and archives are seen the same way, and an archive that is broken or hostile is refused."""

import io
import os
import random
import stat
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite.sources import FileSource, open_tree, source
from suite.sources.opening import listed_once

CONTENTS = {
    "train/cat/1.bin": b"one" * 1000,
    "train/dog/2.bin": b"",
    "train/dog/ünï.bin": os.urandom(5000),
    "a.txt": b"text",
}
SUFFIXES = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"]


def write_folder(path, contents=CONTENTS):
    for name, content in contents.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return path


def write_zip(path, contents=CONTENTS, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def write_tar(path, contents=CONTENTS):
    form = {".gz": "gz", ".tgz": "gz", ".bz2": "bz2", ".xz": "xz"}.get(path.suffix, "")
    with tarfile.open(path, f"w:{form}") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write(path, contents=CONTENTS):
    return write_zip(path, contents) if path.suffix == ".zip" else write_tar(path, contents)


def contents_of(tree):
    return {name: tree.source(index).read() for index, name in enumerate(tree.names)}


def test_a_folder(tmp_path):
    tree = open_tree(write_folder(tmp_path))
    assert tree.names == sorted(CONTENTS)
    assert contents_of(tree) == CONTENTS
    assert tree.sizes.tolist() == [len(CONTENTS[name]) for name in tree.names]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_is_seen_as_a_folder(tmp_path, suffix):
    tree = open_tree(write(tmp_path / f"data{suffix}"))
    assert tree.names == sorted(CONTENTS)
    assert contents_of(tree) == CONTENTS
    assert tree.sizes.tolist() == [len(CONTENTS[name]) for name in tree.names]


def test_a_zip_that_is_not_compressed(tmp_path):
    tree = open_tree(write_zip(tmp_path / "data.zip", compression=zipfile.ZIP_STORED))
    assert contents_of(tree) == CONTENTS


def test_what_an_archive_is_called_does_not_say_how_it_is_compressed(tmp_path):
    path = write_tar(tmp_path / "data.tar.xz")
    assert contents_of(open_tree(path.rename(tmp_path / "data.tar.gz"))) == CONTENTS


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_a_member_has_a_name_and_a_size(tmp_path, suffix):
    path = write(tmp_path / f"data{suffix}")
    source = open_tree(path).source(1)
    assert source.name == f"{path}/train/cat/1.bin"
    assert source.size == 3000


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_members_are_read_by_many_threads_at_once(tmp_path, suffix):
    contents = {f"{number:03}.bin": bytes([number]) * (number * 500) for number in range(200)}
    tree = open_tree(write(tmp_path / f"data{suffix}", contents))
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda index: tree.source(index).read(), list(range(200)) * 5))
    assert read == [contents[name] for name in tree.names] * 5


def test_hidden_files_are_skipped(tmp_path):
    hidden = {
        ".DS_Store": b"",
        "cat/._1.bin": b"",
        "__MACOSX/cat/1.bin": b"",
        ".git/x": b"",
        "cat/1.bin": b"",
    }
    assert open_tree(write_folder(tmp_path / "folder", hidden)).names == ["cat/1.bin"]
    assert open_tree(write_zip(tmp_path / "a.zip", hidden)).names == ["cat/1.bin"]
    assert open_tree(write_tar(tmp_path / "a.tar", hidden)).names == ["cat/1.bin"]


def test_folders_in_archives_are_no_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("cat/", b"")
        archive.writestr("cat/1.bin", b"")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(write_folder(tmp_path / "folder", {"cat/1.bin": b""}), "./")
    assert open_tree(tmp_path / "a.zip").names == ["cat/1.bin"]
    assert open_tree(tmp_path / "a.tar").names == ["cat/1.bin"]


def test_of_two_members_with_one_name_the_later_counts(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for content in (b"old", b"newer"):
            member = tarfile.TarInfo("x")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    tree = open_tree(tmp_path / "a.tar")
    assert contents_of(tree) == {"x": b"newer"}
    assert tree.sizes.tolist() == [5]


def test_names_in_a_zip_of_old_windows_programs(tmp_path):
    assert open_tree(write_zip(tmp_path / "a.zip", {"cat\\1.bin": b""})).names == ["cat/1.bin"]


def test_utf8_names_in_a_zip_that_does_not_say_so(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"größe/1": b""})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset + 1] &= ~0x08
    path.write_bytes(content)
    assert open_tree(path).names == ["größe/1"]


def test_links_in_a_folder_are_followed_once(tmp_path):
    folder = write_folder(tmp_path / "folder", {"cat/1.bin": b"x"})
    other = write_folder(tmp_path / "other", {"2.bin": b"y"})
    (folder / "dog").symlink_to(other)
    (folder / "cat" / "3.bin").symlink_to(other / "2.bin")
    (folder / "cat" / "up").symlink_to(folder)
    (folder / "cat" / "gone.bin").symlink_to(tmp_path / "nowhere")
    tree = open_tree(folder)
    assert tree.names == ["cat/1.bin", "cat/3.bin", "dog/2.bin"]
    assert tree.problems == [
        "cat/gone.bin is a broken link",
        "cat/up is a link to a folder above it: not followed",
    ]


@pytest.mark.parametrize("name", ["../evil.bin", "a/../../evil.bin", "/etc/evil.bin", "C:/evil.bin"])
@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_a_member_outside_of_the_archive_is_refused(tmp_path, suffix, name):
    path = write(tmp_path / f"data{suffix}", {"fine.bin": b"", name: b"x"})
    with pytest.raises(UserError, match=r"data\..* has a member that lies outside of it: '.*evil.bin'"):
        open_tree(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_a_tar_is_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        member = tarfile.TarInfo("cat/link.jpg")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(UserError, match=r"a\.tar has a member that is a link: 'cat/link.jpg'"):
        open_tree(tmp_path / "a.tar")


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("link.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(UserError, match=r"a\.zip has a member that is a link: 'link.jpg'"):
        open_tree(tmp_path / "a.zip")


def test_a_device_in_a_tar_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        member = tarfile.TarInfo("pipe")
        member.type = tarfile.FIFOTYPE
        archive.addfile(member)
    with pytest.raises(UserError, match="not a plain file: pipe"):
        open_tree(tmp_path / "a.tar")


def test_an_encrypted_zip(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"x.jpg": b"secret"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.zip is encrypted \(x.jpg\)"):
        open_tree(path)


def test_a_zip_of_an_unknown_method(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"x.jpg": b"x"}, zipfile.ZIP_LZMA)
    with pytest.raises(UserError, match=r"a\.zip is compressed by a method that is not supported"):
        open_tree(path)


def test_a_zip_that_lies_about_a_size(tmp_path):
    path = write_zip(tmp_path / "bomb.zip", {"x.jpg": bytes(10_000_000)})
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"bomb.zip/x.jpg is damaged in the archive"):
        open_tree(path).source(0).read()


@pytest.mark.parametrize("claimed", [3_000_000, 10])
def test_a_large_member_of_a_zip_is_unpacked_by_pieces(tmp_path, monkeypatch, claimed):
    monkeypatch.setattr("suite.sources.archive.LARGE", 5)
    content = random.Random(0).randbytes(30_000) * 100
    path = write_zip(tmp_path / "a.zip", {"x.jpg": content})
    packed = bytearray(path.read_bytes())
    place = packed.index(b"PK\x01\x02") + 24
    packed[place : place + 4] = claimed.to_bytes(4, "little")
    path.write_bytes(packed)
    if claimed == len(content):
        assert open_tree(path).source(0).read() == content
    else:
        with pytest.raises(UserError, match="is damaged in the archive"):
            open_tree(path).source(0).read()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.0, 0.2, 0.4])
def test_an_archive_that_is_cut_off(tmp_path, suffix, share):
    path = write(tmp_path / f"data{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match=r"data.* (damaged|cut off|unpacked)"):
        open_tree(path)


def test_a_tar_that_is_damaged_in_the_middle(tmp_path):
    path = write_tar(tmp_path / "a.tar", {name: bytes(600) for name in "abc"})
    content = bytearray(path.read_bytes())
    content[1536:1600] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.tar is damaged after its member a"):
        open_tree(path)


def test_a_web_page_called_zip(tmp_path):
    (tmp_path / "data.zip").write_text("<html>not found</html>" * 100)
    with pytest.raises(UserError, match=r"data\.zip is damaged, or no archive at all"):
        open_tree(tmp_path / "data.zip")


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="nowhere cannot be read: no such file"):
        open_tree(tmp_path / "nowhere")


def test_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UserError, match=r"notes\.txt is neither a folder nor an archive: known endings"):
        open_tree(tmp_path / "notes.txt")


def test_a_file_that_has_gone(tmp_path):
    tree = open_tree(write_folder(tmp_path, {"a": b"x"}))
    (tmp_path / "a").unlink()
    with pytest.raises(UserError, match="a cannot be read: no such file"):
        tree.source(0).read()
    with pytest.raises(UserError, match="a cannot be read: no such file"):
        FileSource(tmp_path / "a").read()


def test_opening_leaves_no_file_behind(tmp_path):
    for suffix in SUFFIXES:
        open_tree(write(tmp_path / f"data{suffix}"))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"data{suffix}" for suffix in SUFFIXES)


@pytest.mark.slow
@given(
    suffix=st.sampled_from([".zip", ".tar", ".tar.gz"]),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_a_damaged_archive_is_read_or_refused_in_words(tmp_path_factory, suffix, changes):
    path = write(tmp_path_factory.mktemp("archive") / f"data{suffix}", {"a/b": b"content" * 20, "c": b"more"})
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[int(place * min(len(content), 1500))] = value
    path.write_bytes(content)
    with suppress(UserError):
        contents_of(open_tree(path))


def test_a_folder_is_listed_once_while_loaders_look_into_it(tmp_path):
    write_folder(tmp_path)
    with listed_once():
        first = open_tree(tmp_path)
        with listed_once():
            assert open_tree(str(tmp_path)) is first
    (tmp_path / "later.txt").touch()
    assert "later.txt" in open_tree(tmp_path).names


def test_bytes_of_any_kind_and_open_files_are_sources_that_can_be_read_again(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        for raw in (b"abc", bytearray(b"abc"), memoryview(b"abc"), io.BytesIO(b"abc"), file, str(path), path):
            assert [source(raw).read() for _ in range(2)] == [b"abc", b"abc"]
        assert source(file).name == str(path)
    with path.open() as file, pytest.raises(TypeError, match="'rb'"):
        source(file)
    with pytest.raises(TypeError, match="not SimpleNamespace"):
        source(SimpleNamespace(seek=print))  # as Pillow's images have it
