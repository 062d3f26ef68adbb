"""The builder of keras-hub's BERT family."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.options import resolved
from suite.pipeline import Stage, TrainablePipeline
from suite_text.tokens.padding import lengths_for
from suite_text.classification.builders import assembled
from suite_text.classification.codec import ClassificationCodec
from suite_text.classification.options import PresetOptions
from suite_text.classification.readers.readers.readers import WordPieceReader
from suite_text.classification.recipes import preset_defaults
from suite_text.classification.survey import survey


def preset(dataset: Dataset, options: PresetOptions) -> TrainablePipeline:
    """A BERT, DistilBERT or ELECTRA of keras-hub, fine-tuned, or from scratch.

    Raises:
        suite.UserError: where keras-hub is missing, the preset is not known, does not load or is of another
            family, an option does not fit it, or the data cannot be learned from.
    """
    from suite_text.classification.presets.network import load_preset, preset_network

    found = survey(dataset)
    loaded = load_preset(options.preset, load_weights=options.load_weights)
    choices, recipe = preset_defaults(found, options.load_weights)
    if options.longest != "auto" and options.longest > loaded.most:
        raise UserError(
            f"'{options.preset}' reads {loaded.most} tokens at most: longest cannot be {options.longest}"
        )
    options = resolved(options, {**choices, "longest": min(loaded.most, choices["longest"])})
    longest = int(options.longest)
    unpadded = word_pieces(loaded.tokenizer, (longest,))
    counts = [len(unpadded.read(text)["tokens"]) for text in found.texts]
    lengths = np.minimum(np.array(counts) + 2, longest)
    reader = word_pieces(loaded.tokenizer, lengths_for(lengths, longest))
    codec = ClassificationCodec(
        classes=found.classes, reader=reader, multi_label=found.multi_label, cleaning=found.cleaning
    )
    network = preset_network(
        loaded, len(found.classes), padding=reader.padding, dropout=float(options.dropout)
    )
    return assembled(
        options,
        found,
        codec,
        network,
        recipe,
        stages=_stages(loaded.backbone.name, options),
        lengths=lengths,
    )


def word_pieces(tokenizer: Any, lengths: tuple[int, ...]) -> WordPieceReader:
    """What reads as a `WordPieceTokenizer` of keras-hub does, without keras-hub."""
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
    assert options.frozen_share != "auto"
    assert options.backbone_learning_rate != "auto"
    frozen = Stage(share=options.frozen_share, freeze=(backbone,))
    whole = Stage(share=1.0 - options.frozen_share, learning_rate_factor=options.backbone_learning_rate)
    return tuple(stage for stage in (frozen, whole) if stage.share > 0)
