"""Texts to arrays and back: chunks score each token once, writing goes on where it stopped."""

from __future__ import annotations

import json
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite.sources import FileSource
from suite_text.generation.chunks import Chunk, Chunks
from suite_text.generation.codec import GenerationCodec
from suite_text.generation.options import GenerationOptions
from suite_text.generation.types import Continuation, Dissected
from suite_text.reading.cleaning import AS_IT_IS
from suite_text.reading.input_files import InputFiles
from suite_text.tokens.vocabulary import END, START, UNKNOWN, Vocabulary
from texts_on_disk import lines

TEXTS = ["the cat sat on the mat", "the dog sat on the cat", "ein Hund und eine Katze"] * 3


def codec(kind="bpe", lengths=(8, 16), tokens_per_pass=4, **options) -> GenerationCodec:
    size = 300 if kind == "bpe" else 40
    return GenerationCodec(
        vocabulary=Vocabulary.learn(TEXTS, kind, size),
        lengths=lengths,
        tokens_per_pass=tokens_per_pass,
        cleaning=AS_IT_IS,
        options=GenerationOptions(**options),
    )


@pytest.fixture(scope="module")
def bpe():
    return codec()


def outputs(tokens, per_token: float = 1.0, written=()):
    """Each token has `per_token` bits."""
    given = np.full(len(tokens), -per_token * math.log(2), np.float32)
    given[0] = 0
    pairs = [(token, -1.0) for token in written]
    return {"log_probabilities": given, "written": np.array(pairs, np.float32).reshape(-1, 2)}


def scored(of_codec: GenerationCodec, text: str, bits_of=lambda ids: np.ones(len(ids))) -> Continuation:
    """As the host does it, with a network for which the bits of a token depend on nothing but itself."""
    chunks = of_codec.chunks(Dissected(text))
    predictions = []
    for chunk in chunks if chunks is not None else [Dissected(text)]:
        encoded = of_codec.encode(chunk)
        tokens = encoded.arrays["tokens"]
        given = -bits_of(tokens) * math.log(2)
        given[0] = 0
        found = {"log_probabilities": given.astype(np.float32), "written": np.zeros((0, 2), np.float32)}
        predictions.append(of_codec.decode(found, encoded.context))
    return predictions[0] if chunks is None else chunks.merge(predictions)


def written_by(of_codec: GenerationCodec, prompt: str, tokens: list[int]) -> list[Continuation]:
    """As the host does it, with a network that writes `tokens`, then ends."""
    raw, predictions, passes = prompt, [], []
    while raw is not None:
        encoded = of_codec.encode(raw)
        passes.append(encoded)
        done = sum(len(prediction.written) for prediction in predictions)
        chunk = [*tokens[done : done + of_codec.tokens_per_pass], *[END] * of_codec.tokens_per_pass][
            : of_codec.tokens_per_pass
        ]
        found = outputs(encoded.arrays["tokens"], written=chunk)
        predictions.append(of_codec.decode(found, encoded.context))
        raw = of_codec.next_input(prompt, predictions)
    return predictions


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(2, 20), st.data())
def test_chunks_score_each_token_once_in_order_with_enough_before_it(count, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    whole = Chunk(range(count), 0, 0, np.zeros(count))
    chunks = list(Chunks(whole, size, overlap))
    assert len(chunks) == Chunks(whole, size, overlap).total
    told = [token for chunk in chunks for token in chunk.ids[chunk.first :]]
    assert told == list(range(count))
    for number, chunk in enumerate(chunks):
        assert len(chunk.ids) <= size
        assert chunk.first >= (overlap if number else 0)
        if len(chunk.ids) > chunk.first:
            assert chunk.ids[chunk.first] == chunk.position


def test_a_short_passage_is_one_row_with_a_start(bpe):
    encoded = bpe.encode(Dissected("the cat"))
    ids = bpe.vocabulary.encode("the cat")
    tokens = encoded.arrays["tokens"].tolist()
    assert tokens[: len(ids) + 1] == [START, *ids]
    assert set(tokens[len(ids) + 1 :]) <= {0}
    assert len(tokens) in bpe.lengths
    assert encoded.arrays["draws"].shape == (0,)
    assert bpe.chunks(Dissected("the cat")) is None


def test_the_bits_of_a_long_text_are_the_sum_over_its_tokens_whatever_the_windows():
    text = "the dog sat on the cat and the cat sat on the mat, " * 7
    price = np.random.default_rng(0).random(400) * 9
    totals = []
    for lengths in ((8, 16), (12,), (1024,)):
        of_codec = codec(lengths=lengths)
        found = scored(of_codec, text, lambda ids: price[ids])
        totals.append(found.bits)
        ids = of_codec.vocabulary.encode(text)
        assert found.tokens == len(ids)
        assert found.bits == pytest.approx(price[ids].sum(), rel=1e-5)
        assert sum(found.by_position) == pytest.approx(found.bits)
        assert "".join(piece for piece, _ in found.pieces).lstrip() == text
        assert [bits for _, bits in found.pieces] == pytest.approx(price[ids].tolist(), rel=1e-5)


def test_bits_by_place_count_from_the_beginning_of_the_whole_text():
    found = scored(codec(), "the cat " * 40)
    tokens = found.tokens
    assert tokens > 64
    assert list(found.by_position[:3]) == pytest.approx([16, 16, 32])
    assert sum(found.by_position) == pytest.approx(tokens)


def test_what_is_too_long_and_not_in_parts_is_estimated_by_its_beginning(bpe):
    text = "the cat sat on the mat " * 20
    encoded = bpe.encode(Dissected(text))
    found = bpe.decode(outputs(encoded.arrays["tokens"]), encoded.context)
    assert found.tokens == len(bpe.vocabulary.encode(text))
    assert found.bits == pytest.approx(found.tokens, rel=1e-5)


def test_unknown_characters_are_paid_for_in_bytes():
    of_codec = codec("characters")
    assert UNKNOWN in of_codec.vocabulary.encode("caté")
    assert scored(of_codec, "caté").bits == pytest.approx(4 + 16)
    assert scored(of_codec, "cat☃" * 10).bits == pytest.approx(40 + 240)
    assert scored(codec(), "☃").bits == pytest.approx(len(codec().vocabulary.encode("☃")))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_no_text_crashes_it(bpe, text):
    assert scored(bpe, text).bits >= 0
    encoded = bpe.encode(text)
    assert encoded.arrays["tokens"][0] == START
    assert len(encoded.arrays["draws"]) == bpe.tokens_per_pass


def test_writing_in_chunks_is_joined_to_the_text_of_all_tokens(bpe):
    tokens = bpe.vocabulary.encode(" sat on the mat and the dog sat on Katze ☃")
    predictions = written_by(bpe, "the cat", tokens)
    assert len(predictions) == len(tokens) // 4 + 1
    joined = bpe.join(predictions)
    expected = bpe.vocabulary.decode([*bpe.vocabulary.encode("the cat"), *tokens])
    assert "the cat" + joined.text == expected
    assert joined.ended
    assert joined.written == tuple(tokens)


def test_what_is_shown_so_far_is_always_a_beginning_of_the_whole(bpe):
    tokens = bpe.vocabulary.encode("mat ☃☃☃ é und eine Katze ☃")
    predictions = written_by(bpe, "the", tokens)
    whole = bpe.join(predictions).text
    for count in range(1, len(predictions)):
        assert whole.startswith(bpe.join(predictions[:count]).text)
    assert "☃☃☃" in whole


def test_no_more_tokens_are_written_than_asked_for():
    tokens = codec().vocabulary.encode("the cat sat on the mat and the dog sat on Katze")
    for most in (1, 4, 6):
        of_codec = codec(tokens=most)
        joined = of_codec.join(written_by(of_codec, "the", tokens))
        assert joined.written == tuple(tokens[:most])
        assert not joined.ended
    endless = codec(tokens=0)
    assert endless.join(written_by(endless, "the", tokens)).written == tuple(tokens)


def test_writing_stops_before_the_words_that_stop_it():
    of_codec = codec(stop="on the")
    tokens = of_codec.vocabulary.encode("dog sat on the mat and the dog sat on Katze")
    predictions = written_by(of_codec, "the", tokens)
    assert len(predictions) < len(tokens) // 4
    joined = of_codec.join(predictions)
    assert joined.text == " dog sat "
    assert joined.ended


def test_stop_marks_may_be_several_and_have_line_breaks():
    of_codec = codec(stop=("\\n", "mat"))
    ids = of_codec.vocabulary.encode("sat on\nthe mat")
    found = of_codec.join([Continuation(text=" sat on\nthe mat", written=tuple(ids))])
    assert (found.text, found.ended) == (" sat on", True)
    assert of_codec.next_input("the cat", [Continuation(text="x", written=tuple(ids))]) is None


def test_several_samples_of_a_text_have_draws_of_their_own(bpe):
    assert bpe.chunks("the cat") is None
    samples = codec(samples=3).chunks("the cat")
    assert samples.total == 3
    draws = [codec().encode(prompt).arrays["draws"].tolist() for prompt in samples]
    assert draws[0] == bpe.encode("the cat").arrays["draws"].tolist()
    assert len({tuple(row) for row in draws}) == 3
    merged = samples.merge([Continuation(text=text) for text in ("a", "b", "c")])
    assert (merged.text, merged.samples, str(merged)) == ("a", ("a", "b", "c"), "a\n\nb\n\nc")


def test_the_model_of_a_chat_is_asked_and_answers_as_itself(bpe, tmp_path):
    chat = msgspec.structs.replace(codec(lengths=(64,)), files=InputFiles(chat=True))
    for said in ("the cat", "user: the cat", "user: the cat\nassistant:"):
        ids = [token for token in chat.encode(said).arrays["tokens"].tolist() if token > 0][1:]
        assert chat.vocabulary.decode(ids) == "user: the cat\nassistant:"
    written = Continuation(text=" sat\nuser: so", written=tuple(bpe.vocabulary.encode("sat\nuser: so")))
    assert chat.join([written]).text == " sat"
    rows = [{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]}]
    path = lines(tmp_path / "a.jsonl", *map(json.dumps, rows))
    assert [line.text for line in chat.open_stream(FileSource(path))] == ["user: Hi\nassistant:"]


def test_only_the_last_tokens_of_a_long_prompt_are_seen():
    of_codec = codec(lengths=(8, 16), tokens_per_pass=4)
    prompt = "the dog sat on the cat and the cat sat on the mat"
    ids = of_codec.vocabulary.encode(prompt)
    assert len(ids) > 16
    tokens = of_codec.encode(prompt).arrays["tokens"].tolist()
    assert tokens == [START, *ids[-11:], 0, 0, 0, 0][:16]
    predictions = written_by(of_codec, prompt, [50] * 8)
    again = of_codec.next_input(prompt, predictions[:1])
    assert of_codec.encode(again).arrays["tokens"].tolist()[:12] == [START, *ids[-7:], *[50] * 4]


def test_each_position_has_its_draw_whatever_the_tokens_per_pass():
    def draws(tokens_per_pass: int) -> list[float]:
        of_codec = codec(lengths=(32,), tokens_per_pass=tokens_per_pass, tokens=12, seed=5)
        tokens = [50] * 12
        raw, predictions, found = "the", [], []
        while raw is not None:
            encoded = of_codec.encode(raw)
            found += encoded.arrays["draws"].tolist()
            chosen = outputs(encoded.arrays["tokens"], written=tokens[:tokens_per_pass])
            predictions.append(of_codec.decode(chosen, encoded.context))
            raw = of_codec.next_input("the", predictions)
        return found

    assert draws(4) == draws(12) == draws(3)
    assert draws(4) != codec(lengths=(32,), tokens_per_pass=12, seed=6).encode("the").arrays["draws"].tolist()


def test_nothing_but_a_prompt_is_gone_on_with(bpe):
    passage = Dissected("the cat")
    encoded = bpe.encode(passage)
    found = bpe.decode(outputs(encoded.arrays["tokens"]), encoded.context)
    assert bpe.next_input(passage, [found]) is None
    assert bpe.join([found]) == found


def test_it_is_described_by_json_and_broken_descriptions_are_refused(bpe):
    again = GenerationCodec.from_json(msgspec.json.decode(msgspec.json.encode(bpe.to_json())))
    assert again == bpe
    with pytest.raises(UserError, match=r"lengths \[16, 8\] do not rise"):
        GenerationCodec.from_json({**bpe.to_json(), "lengths": [16, 8]})
    with pytest.raises(UserError, match="its longest length, 1,000,000,000, is over 16,777,216"):
        GenerationCodec.from_json({**bpe.to_json(), "lengths": [16, 10**9]})
    with pytest.raises(UserError, match="its 15 tokens per pass do not fit into 16"):
        GenerationCodec.from_json({**bpe.to_json(), "tokens_per_pass": 15})


def test_a_network_that_does_not_belong_to_it_is_an_error(bpe):
    encoded = bpe.encode("the")
    broken = outputs(encoded.arrays["tokens"], written=[9999] * 4)
    with pytest.raises(ValueError, match="do not belong together"):
        bpe.decode(broken, encoded.context)
    broken["log_probabilities"][:] = np.nan
    with pytest.raises(ValueError, match="weights are broken"):
        bpe.decode(broken, encoded.context)
