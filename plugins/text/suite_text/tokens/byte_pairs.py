"""Byte pairs as GPT-2 writes them: the tokens of presets (Radford et al. 2019, section 2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

# How texts are split before pairs are made, as each family published it.
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = LLAMA3.replace("{1,3}", "")


def byte_pair_tokenizer(
    special: Sequence[str], tokens: Sequence[str], merges: Sequence[str], pattern: str
) -> str:
    """The JSON of a `tokenizers.Tokenizer` that splits by `pattern` and then joins bytes to `tokens`.

    Args:
        special: tokens that come first; the second stands for bytes that are no token.
        tokens: in the order of their numbers, each byte written as a character; empty for a token that is no
        text.
        merges: pairs of tokens with a space between, in the order in which they are joined.
        pattern: a regular expression of Oniguruma's.
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    # A space is no byte's character: so no text is taken for such a token.
    named = [*special, *(token or f"<no text {number}>" for number, token in enumerate(tokens))]
    pairs = []
    for merge in merges:
        first, _, second = merge.partition(" ")
        pairs.append((first, second))
    numbers = {token: number for number, token in enumerate(named)}
    tokenizer = Tokenizer(models.BPE(numbers, pairs, unk_token=special[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    written: str = tokenizer.to_str()
    return written


def bytes_of_token(token: str) -> bytes:
    """The bytes that a token stands for; none if it is no text."""
    known = _bytes_of_characters()
    return (
        bytes(known[character] for character in token)
        if all(character in known for character in token)
        else b""
    )


@cache
def _bytes_of_characters() -> dict[str, int]:
    """The byte of each character: printable ones stand for themselves, the rest follows."""
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in printing]
    return {chr(byte): byte for byte in printing} | {
        chr(256 + index): byte for index, byte in enumerate(rest)
    }
