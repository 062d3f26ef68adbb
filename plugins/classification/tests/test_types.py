"""A classification as text, which is what `suite predict` prints."""

from __future__ import annotations

import pytest

from suite_classification.types import Classification


@pytest.mark.parametrize(
    ("label", "scores", "text"),
    [
        ("cat", {"cat": 0.934, "dog": 0.066}, "cat  0.93"),
        ("cat", {}, "cat"),
        (["cat", "dog"], {"cat": 0.934, "dog": 0.7}, "cat  0.93, dog  0.70"),
        ([], {"cat": 0.1}, "no label"),
    ],
)
def test_the_label_comes_with_its_probability(label, scores, text):
    assert str(Classification(label=label, scores=scores)) == text
