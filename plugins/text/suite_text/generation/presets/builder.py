"""The builder of keras-hub's presets that write text."""

from __future__ import annotations

from typing import Any

from suite import UserError
from suite.data import Dataset
from suite.options import resolved
from suite.pipeline import TrainablePipeline
from suite_text.generation.builders import bytes_of_a_token, pipeline
from suite_text.generation.options import PresetOptions
from suite_text.generation.recipes import context_for, preset_recipe
from suite_text.generation.survey import survey
from suite_text.reading.cleaning import cleaning_of
from suite_text.reading.input_files import input_files_of
from suite_text.tokens.byte_pairs import GPT2, LLAMA3, QWEN, byte_pair_tokenizer
from suite_text.tokens.vocabulary import SPECIAL, Vocabulary

PATTERNS = {"GPT2": GPT2, "Llama3": LLAMA3, "Qwen": QWEN, "Qwen3": QWEN}
"""How each family splits a text before it makes pairs."""


def preset(dataset: Dataset, options: PresetOptions) -> TrainablePipeline:
    """A GPT-2, Llama 3 or Qwen of keras-hub, fine-tuned, or from scratch.

    Raises:
        suite.UserError: if keras-hub is missing, the preset is not known, does not load or is of another
            family, an option does not fit it, or the data has nothing to learn from.
    """
    from suite_text.generation.models.language_model import networks_of
    from suite_text.generation.presets.network import PresetLanguageModel, load_preset

    cleaning = cleaning_of(dataset.facts)
    data = survey(dataset, cleaning)
    loaded = load_preset(options.preset, load_weights=options.load_weights)
    tokenizer = loaded.tokenizer
    vocabulary, silent = vocabulary_of(tokenizer, PATTERNS[loaded.family])
    bytes_per_token = bytes_of_a_token(vocabulary, data)
    # What the network writes needs positions behind what it sees.
    limit = None if loaded.max_length is None else loaded.max_length - options.tokens_per_pass
    if limit is not None and options.context != "auto" and options.context > limit:
        raise UserError(
            f"'{options.preset}' sees {loaded.max_length} tokens at most, {options.tokens_per_pass} of"
            f" which it writes in a pass: context cannot be {options.context}"
        )
    context = context_for(data, bytes_per_token, 1024)
    options = resolved(options, {"context": context if limit is None else min(context, limit)})
    end = int(tokenizer.end_token_id)
    start = getattr(tokenizer, "start_token_id", None)
    model = PresetLanguageModel(
        loaded.model,
        tokens=len(vocabulary) - len(SPECIAL),
        start=end if start is None else int(start),
        end=end,
        silent=silent,
        name="preset",
    )
    return pipeline(
        options,
        vocabulary,
        networks_of(model, "preset"),
        preset_recipe(data, bytes_per_token, int(options.context), trained=options.load_weights),
        context=int(options.context),
        tokens_per_pass=options.tokens_per_pass,
        cleaning=cleaning,
        files=input_files_of(dataset.facts),
        counts=data.sizes / bytes_per_token,
    )


def vocabulary_of(tokenizer: Any, pattern: str) -> tuple[Vocabulary, tuple[int, ...]]:
    """The vocabulary of a `BytePairTokenizer` of keras-hub, and its tokens that are no text."""
    numbers = dict(tokenizer.vocabulary)
    tokens = [""] * (max(numbers.values()) + 1)
    for token, number in numbers.items():
        # Tokens between such marks are special to a family.
        if token not in tokenizer.special_tokens and not (token.startswith("<|") and token.endswith("|>")):
            tokens[number] = token
    merges = [str(merge) for merge in tokenizer.merges if "#version:" not in str(merge)]
    written = byte_pair_tokenizer(SPECIAL, tokens, merges, pattern)
    silent = tuple(number for number, token in enumerate(tokens) if not token)
    return Vocabulary(kind="byte-pairs", tokenizer=written), silent
