"""What any loader's data must satisfy to be learned from."""

from __future__ import annotations

from suite import UserError
from suite.data import Dataset
from suite_text.reading.cleaning import cleaning_of
from suite_text.reading.input_files import input_files_of
from suite_text.translation.types import references_of


def check(dataset: Dataset) -> None:
    """Refuse data that is not as `suite_text.translation.types` documents.

    Raises:
        suite.UserError: if a fact is of another type, or a target is neither a text nor a list of texts.
    """
    for name in ("source", "target"):
        if not isinstance(dataset.facts.get(name, ""), str):
            raise UserError(
                f"the data's fact '{name}' is {dataset.facts[name]!r}: it must be the name of a language"
            )
    cleaning_of(dataset.facts)
    input_files_of(dataset.facts)
    for split, examples in dataset.splits.items():
        for index in range(len(examples)):
            example = examples[index]
            references_of(example.target, f"{split}: {example.id}")
