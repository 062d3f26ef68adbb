"""What any loader's data must satisfy to be learned from."""

from __future__ import annotations

from suite.data import Dataset
from suite_classification import contract
from suite_text.reading.cleaning import cleaning_of
from suite_text.reading.input_files import input_files_of


def check(dataset: Dataset) -> None:
    """Refuse data that is not as `suite_text.classification.types` documents.

    Raises:
        suite.UserError: if a fact is missing or of another type, or a target is not made of the classes.
    """
    contract.check(dataset)
    cleaning_of(dataset.facts)
    input_files_of(dataset.facts)
