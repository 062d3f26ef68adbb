"""Labels that are none of the classes."""

from __future__ import annotations

import pytest

from suite import UserError
from suite_classification.labels import refuse_unknown


def test_unknown_labels_are_named_the_most_frequent_first_with_what_was_perhaps_meant():
    refuse_unknown(["cat", "dog"], {"cat", "dog"}, "odd")
    with pytest.raises(UserError, match=r"^odd: 'cot' \(2 times\), 'x' \(1 times\); did you mean 'cat'\?"):
        refuse_unknown(["cat", "x", "cot", "cot"], {"cat", "dog"}, "odd")
