"""Reading recordings of every kind, and what is said of those that cannot be read."""

import io
import math
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import suite
from speech_on_disk import FORMATS, LOSSY, RATE, encoded, tone, write
from suite import UserError
from suite.data.dataset import digest
from suite.sources import BytesSource, FileSource, open_tree
from suite_speech_recognition.audio import recordings, sound_decoder
from suite_speech_recognition.audio.recordings import Description, Recording


def refused(raw, rate=16_000):
    with pytest.raises(UserError) as error:
        recordings.read(raw, rate)
    return str(error.value)


def with_sizes(content, riff, data):
    """A WAV file with other sizes in its header."""
    return content[:4] + struct.pack("<I", riff) + content[8:40] + struct.pack("<I", data) + content[44:]


# What is read


@pytest.mark.parametrize(
    ("container", "subtype"),
    [("WAV", "GSM610"), ("WAV", "G721_32"), ("AU", "G723_24"), ("AU", "G723_40"), ("WAV", "IMA_ADPCM")],
)
def test_codecs_in_which_nothing_can_be_looked_up_are_read(container, subtype):
    file = io.BytesIO()
    soundfile.write(file, tone(1.0), RATE, format=container, subtype=subtype)
    found = recordings.read(file.getvalue(), RATE)
    assert abs(len(found) - RATE) < 1_000
    assert np.sqrt(np.mean(found[1_000:7_000] ** 2)) == pytest.approx(0.5 / math.sqrt(2), rel=0.1)
    part = recordings.section(file.getvalue(), RATE, 0.5, 0.6)
    np.testing.assert_array_equal(part, found[4_000:4_800])


@pytest.mark.parametrize("size", [2_000_000_000, 0x7FFFFFFF, 0x7FFFF000, 0x80000000, 0xFFFFFFFF, 0x40000000])
def test_a_size_that_stands_for_an_unknown_one_is_none(size):
    content = with_sizes(encoded(tone(0.5)), min(size + 36, 0xFFFFFFFF), size)
    assert len(recordings.read(content, RATE)) == RATE // 2


def test_one_channel_may_be_heard_and_an_inverted_one_does_not_cancel_the_other():
    left, right = tone(0.2, frequency=440.0), tone(0.2, frequency=700.0)
    content = encoded(np.stack([left, right], axis=1), kind="wav, floats")
    np.testing.assert_allclose(recordings.read(content, RATE, "left"), left, atol=1e-6)
    np.testing.assert_allclose(recordings.read(content, RATE, "right"), right, atol=1e-6)
    second = recordings.read(Recording(BytesSource(content), channel=1), RATE)
    np.testing.assert_allclose(second, right, atol=1e-6)
    assert "has only 2 channels" in refused(Recording(BytesSource(content), channel=2))
    inverted = encoded(np.stack([left, -left], axis=1), kind="wav, floats")
    np.testing.assert_allclose(recordings.read(inverted, RATE), left, atol=1e-6)
    mono = encoded(left, kind="wav, floats")
    np.testing.assert_allclose(recordings.read(mono, RATE, "right"), left, atol=1e-6)


def test_an_array_may_come_with_its_rate():
    sound = tone(0.5, 16_000)
    expected = recordings.read(encoded(sound, 16_000, "wav, floats"), RATE)
    pairs = ((sound, 16_000), [sound, 16_000.0], {"array": sound, "sampling_rate": 16_000})
    for pair in pairs:
        np.testing.assert_allclose(recordings.read(pair, RATE), expected, atol=1e-4)
    assert recordings.describe((sound, 16_000)) == Description(0.5, 16_000, 1)
    assert digest((sound, 16_000)) != digest((sound, 8_000))
    assert "is no rate of an array" in refused((sound, 7))
    assert 'needs its "sampling_rate"' in refused({"array": sound})


def test_bytes_of_any_kind_and_open_files_are_read_as_often_as_wanted(tmp_path):
    path = write(tmp_path / "a.wav", tone(0.2))
    content = path.read_bytes()
    with path.open("rb") as file:
        for raw in (bytearray(content), memoryview(content), io.BytesIO(content), file):
            assert [len(recordings.read(raw, RATE)) for _ in range(2)] == [1_600, 1_600]


@pytest.mark.parametrize(
    ("kind", "codec", "layout"),
    [("ipod", "aac", "mono"), ("mp4", "aac", "stereo"), ("webm", "libopus", "mono"), ("adts", "aac", "mono")],
)
def test_what_libsndfile_does_not_read_is_read_by_pyav(kind, codec, layout, tmp_path):
    av = pytest.importorskip("av", reason="PyAV is an extra")
    rate = 48_000
    sound = np.tile(tone(1.0, rate).astype(np.float32), (1 if layout == "mono" else 2, 1))
    with av.open(str(tmp_path / "a.bin"), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = layout
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout=layout)
        frame.rate, frame.pts = rate, 0
        fifo = av.AudioFifo()
        fifo.write(frame)
        size = stream.codec_context.frame_size or 960
        while (piece := fifo.read(size) or fifo.read()) is not None:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    found = recordings.read(tmp_path / "a.bin", RATE)
    assert abs(len(found) - RATE) < 400
    assert np.sqrt(np.mean(found[1_000:7_000] ** 2)) == pytest.approx(0.5 / math.sqrt(2), rel=0.1)
    part = recordings.section(tmp_path / "a.bin", RATE, 0.5, 0.6)
    np.testing.assert_allclose(part, found[4_000:4_800], atol=1e-2)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_kind_of_file_is_read_at_its_own_rate(kind, tmp_path):
    sound = tone(0.5, 16_000)
    path = write(tmp_path / "a.bin", sound, 16_000, kind)
    found = recordings.read(path, 16_000)
    assert found.dtype == np.float32
    assert found.ndim == 1
    assert abs(len(found) - len(sound)) <= (2_000 if kind in LOSSY else 0)
    if kind not in LOSSY:
        assert np.abs(found - sound).max() < (0.02 if kind in ("wav, 8 bits", "wav, mu-law") else 1e-4)
    assert np.sqrt(np.mean(found[2_000:6_000] ** 2)) == pytest.approx(0.5 / math.sqrt(2), rel=0.05)


def test_the_content_says_what_a_file_is_and_not_its_ending(tmp_path):
    sound = tone(0.5, 16_000)
    mislabeled = write(tmp_path / "a.wav", sound, 16_000, "mp3")
    honest = write(tmp_path / "a.mp3", sound, 16_000, "mp3")
    raw = write(tmp_path / "a.raw", sound, 16_000, "flac")
    assert np.array_equal(recordings.read(mislabeled, 16_000), recordings.read(honest, 16_000))
    assert len(recordings.read(raw, 16_000)) == 8_000


def test_a_file_its_source_its_bytes_and_a_member_of_an_archive_are_the_same(tmp_path):
    path = write(tmp_path / "folder" / "a.flac", tone(0.3, 44_100), 44_100, "flac")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "a.flac")
    of_path = recordings.read(path, 16_000)
    member = open_tree(tmp_path / "a.zip").source(0)
    in_folder = open_tree(tmp_path / "folder").source(0)
    for raw in (str(path), FileSource(path), path.read_bytes(), member, in_folder, Recording(member)):
        assert np.array_equal(recordings.read(raw, 16_000), of_path)


def test_channels_are_averaged(tmp_path):
    eight = np.stack([tone() * loudness for loudness in np.linspace(0, 1, 8)], axis=1)
    path = write(tmp_path / "a.wav", eight, kind="wav, floats")
    assert recordings.read(path, RATE) == pytest.approx(eight.mean(axis=1), abs=1e-6)
    assert recordings.describe(path) == Description(0.5, RATE, 8)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([0.5, -0.5]), [0.5, -0.5]),
        (np.array([[0.5, 0.0], [1.0, 0.0]], np.float32), [0.25, 0.5]),
        (np.array([16_384, -32_768], np.int16), [0.5, -1.0]),
        (np.array([2**30], np.int32), [0.5]),
        (np.array([0, 128, 192], np.uint8), [-1.0, 0.0, 0.5]),
        (np.array([0.25], np.float16), [0.25]),
    ],
)
def test_arrays_are_at_the_wanted_rate_and_integers_are_scaled(array, expected):
    found = recordings.read(array, 12_345)
    assert found.dtype == np.float32
    assert found.tolist() == expected


def test_a_tone_keeps_its_frequency_at_every_rate():
    for own, wanted in [
        (8_000, 16_000),
        (44_100, 16_000),
        (48_000, 8_000),
        (11_025, 16_000),
        (22_050, 22_050),
    ]:
        found = recordings.read(encoded(tone(1.0, own, frequency=1_000), own), wanted)
        assert len(found) == wanted
        spectrum = np.abs(np.fft.rfft(found))
        assert np.argmax(spectrum) == 1_000


def test_what_is_above_half_the_wanted_rate_does_not_come_back_as_something_else():
    found = recordings.read(encoded(tone(1.0, 44_100, frequency=7_000), 44_100), 8_000)
    assert np.abs(found[400:-400]).max() < 1e-3


def test_one_sample_is_a_recording_and_so_are_zeros(tmp_path):
    for rate in (8_000, 16_000, 44_100):
        assert len(recordings.read(write(tmp_path / "a.wav", np.array([0.5]), rate), 8_000)) == 1
    assert not recordings.read(encoded(np.zeros(100)), RATE).any()


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0])
def test_a_wav_file_that_does_not_know_its_length_is_read_to_its_end(size, tmp_path):
    content = encoded(tone(0.5))
    streamed = with_sizes(content, size, size)
    assert np.array_equal(recordings.read(streamed, RATE), recordings.read(content, RATE))
    path = tmp_path / "a.wav"
    path.write_bytes(streamed)
    assert np.array_equal(recordings.read(path, RATE), recordings.read(content, RATE))


# Descriptions


def test_a_description_comes_from_the_header(tmp_path):
    path = write(tmp_path / "a.flac", tone(2.0, 44_100, channels=2), 44_100, "flac")
    assert recordings.describe(path) == Description(2.0, 44_100, 2)
    assert recordings.describe(Recording(FileSource(path), 0.5, 1.25)) == Description(0.75, 44_100, 2)
    assert recordings.describe(np.zeros((800, 2)), 8_000) == Description(0.1, 8_000, 2)
    with pytest.raises(ValueError, match="rate"):
        recordings.describe(np.zeros(800))


# Parts


@pytest.mark.slow
@given(
    own=st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000]),
    wanted=st.sampled_from([8_000, 16_000, 22_050]),
    start=st.floats(0, 0.9),
    seconds=st.floats(0.01, 0.5),
)
@settings(deadline=None, max_examples=25)
def test_a_section_is_what_the_whole_has_there(own, wanted, start, seconds):
    generator = np.random.default_rng(own)
    content = encoded(np.cumsum(generator.normal(0, 0.01, own)) / 10, own, "wav, floats")
    whole = recordings.read(content, wanted)
    found = recordings.section(content, wanted, start, start + seconds)
    expected = whole[round(start * wanted) : min(round((start + seconds) * wanted), len(whole))]
    assert len(found) == len(expected)
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flac", "vorbis", "opus", "mp3"])
def test_sections_of_compressed_files_are_found_by_seeking(kind):
    sweep = 0.5 * np.sin(2 * np.pi * np.cumsum(np.linspace(200, 3_000, 16_000 * 4)) / 16_000)
    content = encoded(sweep, 16_000, kind)
    whole = recordings.read(content, 16_000)
    for start in (0.5, 1.0, 2.0, 2.8, 3.4):
        expected = whole[round(start * 16_000) :][:8_000]
        assert recordings.section(content, 16_000, start, start + 0.5) == pytest.approx(expected, abs=1e-4)


def test_a_section_of_a_recording_is_read_like_a_recording(tmp_path):
    sound = np.concatenate([np.zeros(RATE), tone(1.0), np.zeros(RATE)])
    source = FileSource(write(tmp_path / "a.wav", sound))
    section = Recording(source, 1.0, 2.0)
    assert len(recordings.read(section, RATE)) == RATE
    assert np.abs(recordings.read(section, RATE) - tone(1.0)).max() < 1e-3
    assert len(recordings.read(Recording(source, start=2.5), RATE)) == RATE // 2
    assert len(recordings.read(Recording(source, end=0.5), RATE)) == RATE // 2
    assert section.name == f"{source.name} from 1 s to 2 s"


def test_two_parts_of_a_file_are_not_equal_and_two_copies_of_a_file_are(tmp_path):
    first, second = (FileSource(write(tmp_path / name)) for name in ("a.wav", "b.wav"))
    assert digest(Recording(first)) == digest(Recording(second))
    assert digest(Recording(first, 0.0, 0.01)) != digest(Recording(first, 0.01, 0.02))
    assert digest(Recording(first, 0.0, 0.01)) == digest(Recording(first, 0.0, 0.01))
    assert Recording(first, 0.0, 0.01).size == first.size


def test_a_section_may_end_a_little_after_its_recording_since_times_are_rounded(tmp_path):
    source = FileSource(write(tmp_path / "a.wav", tone(0.5)))
    assert len(recordings.read(Recording(source, 0.0, 0.55), RATE)) == RATE // 2


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        (0.2, 0.1, "from 0.2 s to 0.1 s: this is no section of a recording"),
        (-1.0, 0.1, "this is no section of a recording"),
        (math.nan, 1.0, "this is no section of a recording"),
        (0.0, math.inf, "this is no section of a recording"),
        (0.7, None, "the recording is only 0.5 s long"),
        (0.1, 0.9, "from 0.1 s to 0.9 s: the recording is only 0.5 s long"),
    ],
)
def test_a_section_that_is_none_is_refused(start, end, says, tmp_path):
    source = FileSource(write(tmp_path / "a.wav", tone(0.5)))
    assert says in refused(Recording(source, start, end))


def test_a_section_after_the_end_is_refused():
    with pytest.raises(UserError, match="nothing from 1 s to 2 s: it is 0.5 s long"):
        recordings.section(encoded(tone(0.5)), RATE, 1, 2)


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_recording_of_three_hours_is_read_piece_by_piece_in_little_memory(kind, tmp_path):
    path, rate = tmp_path / "long.bin", 2_000
    container, subtype = FORMATS[kind]
    with soundfile.SoundFile(path, "w", rate, 1, subtype, format=container) as file:
        quiet = np.zeros(rate * 600, np.int16)
        for _ in range(18):
            file.write(quiet)
        file.write((tone(1.0, rate) * 32_767).astype(np.int16))
    assert recordings.describe(path).seconds == 3 * 3600 + 1
    tracemalloc.start()
    try:
        with recordings.opened(path) as audio:
            for hour in (0, 1, 2):
                assert not audio.section(16_000, hour * 3600, hour * 3600 + 30).any()
            last = audio.section(16_000, 3 * 3600, 3 * 3600 + 30)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(last) == 16_000
    assert np.abs(last).max() == pytest.approx(0.5, rel=0.05)
    assert most < 20_000_000


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flac", "vorbis", "opus", "mp3"])
def test_a_compressed_file_that_is_decoded_in_blocks_has_no_seams(kind, monkeypatch):
    content = encoded(
        0.5 * np.sin(2 * np.pi * np.cumsum(np.linspace(200, 3_000, 50_000)) / 16_000), 16_000, kind
    )
    whole = recordings.read(content, 16_000)
    monkeypatch.setattr(sound_decoder, "_BLOCK", 16_384)
    assert recordings.read(content, 16_000) == pytest.approx(whole, abs=1e-4)


# What is refused, and how


def test_an_empty_file_says_so(tmp_path):
    path = tmp_path / "a.wav"
    path.touch()
    assert refused(path) == f"{path} is empty: it has no bytes"


def test_a_file_without_samples_says_so(tmp_path):
    path = write(tmp_path / "a.wav", np.zeros(0))
    assert refused(path) == f"{path} holds no samples: nothing was recorded"
    assert refused(np.zeros(0)) == "the given array holds no samples: nothing was recorded"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_found_with_its_time(bad):
    sound = tone(1.0)
    sound[RATE // 2] = bad
    said = refused(encoded(sound, kind="wav, floats"))
    assert said == "the given file holds samples that are no numbers (NaN or infinite), first at 0.5 s"
    assert "first at 0.5 s" in refused(sound, RATE)
    assert "first at 0 s" in refused(np.array([1e300]))


@pytest.mark.parametrize("kind", FORMATS)
def test_half_a_file_is_refused_and_what_is_there_is_said(kind, tmp_path):
    content = encoded(tone(4.0, 16_000), 16_000, kind)
    path = tmp_path / "a.wav"
    path.write_bytes(content[: len(content) // 2])
    assert "cut off" in refused(path)
    assert "cut off" in refused(content[: len(content) // 2])


def test_a_wav_file_that_is_cut_off_says_how_much_is_there():
    content = encoded(tone(4.0))
    assert (
        refused(content[: 44 + RATE * 2 * 3])
        == "the given file is cut off: it announces 4 s, and 3 s are there"
    )
    assert refused(content[:44]) == "the given file is cut off: it has nothing of what it announces"
    assert "begins like WAV, but is damaged" in refused(content[:20])


def test_a_few_missing_samples_at_the_end_do_no_harm():
    assert len(recordings.read(encoded(tone(4.0))[:-100], RATE)) == 4 * RATE - 50


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello " * 100, "is no recording: its content is none of WAV, FLAC,"),
        ("hello ".encode("utf-16") * 1000, "is no recording: its content is none of"),
        (bytes(1000), "is no recording"),
        (b"\0\0\0\x20ftypM4A " + bytes(100), "is an M4A file (AAC), which needs PyAV: pip install"),
        (b"\0\0\0\x20ftypisom" + bytes(100), "is an MP4 or QuickTime file, which needs PyAV: pip install"),
        (b"\x1aE\xdf\xa3" + bytes(100), "is a Matroska or WebM file"),
        (b"RIFF\0\0\0\0AVI " + bytes(100), "is an AVI video"),
        (b"\xff\xf1\x50\x80" + bytes(100), "is an AAC file"),
        (b"PK\x03\x04" + bytes(100), "is a zip archive, which cannot be read. These can"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS, not the file itself"),
    ],
)
def test_what_is_no_recording_is_called_what_it_is(content, says, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert says in refused(path)
    assert str(path) in refused(path)


def test_what_is_not_there_or_no_file_is_said(tmp_path):
    assert refused(tmp_path / "no.wav") == f"{tmp_path / 'no.wav'} cannot be read: no such file or directory"
    assert refused(tmp_path) == f"{tmp_path} cannot be read: is a directory"
    assert refused(3) == "int is no recording: give a file, its bytes or an array of samples"


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((2, 16_000)), "would have 16,000 channels: give (samples, channels)"),
        (np.zeros((5, 0)), "0 channels"),
        (np.zeros((2, 2, 2)), "shape (2, 2, 2), is no recording"),
        (np.zeros(5, np.int64), "int64"),
        (np.zeros(5, bool), "bool"),
        (np.zeros(5, complex), "complex128"),
        (np.array("sound"), "is no recording"),
    ],
)
def test_an_array_that_is_no_sound_is_refused(array, says):
    assert says in refused(array)


def test_a_header_with_an_impossible_rate_is_damaged():
    content = encoded(tone(0.1))
    assert "says that it has 7 samples per second" in refused(
        content[:24] + struct.pack("<I", 7) + content[28:]
    )


@given(cut=st.integers(0, 3_000), place=st.integers(0, 2_999), value=st.integers(0, 255))
@settings(deadline=None, max_examples=150)
def test_whatever_is_damaged_there_is_sound_or_one_sentence(cut, place, value):
    content = bytearray(encoded(tone(0.18), kind="wav"))
    content[min(place, len(content) - 1)] = value
    said, found = "", np.zeros(0)
    try:
        found = recordings.read(bytes(content[: len(content) - cut]), RATE)
    except UserError as error:
        said = str(error)
    assert bool(said) != bool(len(found))
    assert "\n" not in said
    assert np.isfinite(found).all()


# What one recording may take


def claiming(content, frames):
    """A FLAC file whose header says that it has so many samples."""
    position = 4 + 4 + 10
    fields = int.from_bytes(content[position : position + 8])
    return content[:position] + (fields >> 36 << 36 | frames).to_bytes(8, "big") + content[position + 8 :]


@pytest.mark.parametrize("frames", [RATE * 3600, (1 << 36) - 1])
def test_a_few_bytes_that_say_they_are_hours_are_refused_at_once(frames):
    content = claiming(encoded(np.zeros(RATE // 10), kind="flac"), frames)
    assert len(content) < 120
    assert "s do not fit into its bytes" in refused(content)
    with pytest.raises(UserError, match="the given file is damaged or cut off"):
        recordings.describe(content)


def test_a_flac_file_from_a_pipe_says_so():
    content = claiming(encoded(tone(0.5), kind="flac"), 0)
    assert "does not say how long it is, as a file does not that was written to a pipe" in refused(content)


def test_how_long_a_recording_may_be_is_an_option():
    content = encoded(np.zeros(RATE * 8), kind="flac")
    with suite.limited(max_input_hours=8.1 / 3600):
        recordings.describe(content)
    with suite.limited(max_input_hours=7 / 3600):
        with pytest.raises(UserError, match=r"is 0.0022+ hours long, more than .*max_input_hours=1"):
            recordings.describe(content)
        # A section of it is short enough.
        section = Recording(BytesSource(content), 1.0, 3.0)
        assert len(recordings.read(section, RATE)) == 2 * RATE


def test_what_is_read_as_a_whole_has_to_fit_into_memory():
    content = encoded(np.zeros(RATE * 8), kind="flac")
    with suite.limited(max_input_gb=4e-4):
        with pytest.raises(UserError, match=r"is read as a whole \(8 s\) and would take 0.000512 GB"):
            recordings.read(content, RATE)
        assert len(recordings.section(content, RATE, 1, 3)) == 2 * RATE


@pytest.mark.parametrize("value", [1e29, -3e38, 1e13])
def test_samples_that_are_no_sound_are_refused(value):
    samples = tone(0.5)
    samples[100] = value
    said = refused(encoded(samples, kind="wav, floats"))
    assert f"holds samples up to {abs(value):.3g}, which are no sound" in said
    assert "no sound" in refused(samples.astype(np.float32))


def test_integers_that_were_never_scaled_are_read():
    loud = (tone(0.5) * 2**31).astype(np.float32)
    assert np.abs(recordings.read(loud, RATE)).max() > 2**29


def test_a_file_of_many_channels_is_decoded_in_small_blocks():
    content = encoded(np.zeros((30_000, 200)), kind="wav, floats")
    tracemalloc.start()
    try:
        assert len(recordings.read(content, RATE)) == 30_000
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken < 2 * len(content)
    with sound_decoder.opened_file(content) as file:
        assert file._max_block * 200 <= sound_decoder._MAX_VALUES
