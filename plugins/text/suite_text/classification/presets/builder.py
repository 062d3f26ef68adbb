"""The builder of keras-hub's BERT family."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.options import chosen, resolved
from suite.pipeline import Stage, TrainablePipeline
from suite_text.classification.builders import pipeline
from suite_text.classification.codec import ClassificationCodec
from suite_text.classification.options import PresetOptions
from suite_text.classification.readers.word_pieces import WordPieceReader
from suite_text.classification.recipes import preset_defaults
from suite_text.classification.survey import survey
from suite_text.tokens.padding import lengths_for


def preset(dataset: Dataset, options: PresetOptions) -> TrainablePipeline:
    """A BERT, DistilBERT or ELECTRA of keras-hub, fine-tuned, or from scratch.

    Raises:
        suite.UserError: if keras-hub is missing, the preset is not known, does not load or is of another
            family, an option does not fit it, or the data cannot be learned from.
    """
    from suite_text.classification.presets.network import load_preset, preset_network

    data = survey(dataset)
    loaded = load_preset(options.preset, load_weights=options.load_weights)
    choices, recipe = preset_defaults(data, options.load_weights)
    limit = loaded.max_length
    if options.max_length != "auto" and options.max_length > limit:
        raise UserError(
            f"'{options.preset}' reads {limit} tokens at most: max_length cannot be {options.max_length}"
        )
    options = resolved(options, {**choices, "max_length": min(limit, choices["max_length"])})
    max_length = int(options.max_length)
    unpadded = word_pieces(loaded.tokenizer, (max_length,))
    counts = data.lengths(lambda texts: [len(unpadded.read(text)["tokens"]) for text in texts])
    lengths = np.minimum(counts + 2, max_length)
    reader = word_pieces(loaded.tokenizer, lengths_for(lengths, max_length))
    codec = ClassificationCodec(
        classes=data.classes,
        reader=reader,
        multi_label=data.multi_label,
        cleaning=data.cleaning,
        files=data.files,
        language=data.language,
    )
    network = preset_network(
        loaded, len(data.classes), padding=reader.padding, dropout=float(options.dropout)
    )
    return pipeline(
        options,
        data,
        codec,
        network,
        recipe,
        stages=_stages(loaded.backbone.name, options),
        lengths=lengths,
    )


def word_pieces(tokenizer: Any, lengths: tuple[int, ...]) -> WordPieceReader:
    """A reader that does what a `WordPieceTokenizer` of keras-hub does, without keras-hub."""
    pieces = tuple(tokenizer.get_vocabulary())
    return WordPieceReader(
        pieces=pieces,
        unknown=pieces.index(tokenizer.oov_token),
        padding=int(tokenizer.pad_token_id),
        start=int(tokenizer.cls_token_id),
        end=int(tokenizer.sep_token_id),
        lower_case=bool(tokenizer.lowercase),
        strip_accents=bool(tokenizer.strip_accents),
        lengths=lengths,
    )


def _stages(backbone: str, options: PresetOptions) -> tuple[Stage, ...]:
    """First the last layers alone, then all of the network, as resolved options ask for."""
    share = chosen(options.frozen_share, 0.0)
    factor = chosen(options.backbone_learning_rate, 1.0)
    frozen = Stage(share=share, freeze=(backbone,))
    whole = Stage(share=1.0 - share, learning_rate_factor=factor)
    return tuple(stage for stage in (frozen, whole) if stage.share > 0)
