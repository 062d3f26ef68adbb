"""What people call the splits of their data."""

from __future__ import annotations

import re

SPLIT_NAMES = ("train", "validation", "test")

SPLIT_COLUMNS = ("split", "part", "subset", "partition")
"""What a column may be called that names the split of each row, in lower case."""

SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "validation": "validation",
    "validate": "validation",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "development": "validation",
    "test": "test",
    "testing": "test",
    "tst": "test",
    "eval": "test",
    "evaluation": "test",
    "holdout": "test",
}
"""The words by which a folder, a table or a cell may call a split, in lower case."""

_FILLERS = (
    "set", "sets", "data", "dataset", "split", "part", "subset", "folder", "dir", "files", "samples",
    "examples", "images", "image", "imgs", "img",
)  # fmt: skip
"""Words that say nothing of their own beside that of a split: `training_set`, `test_images`."""

_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_NUMBER = re.compile(r"\d+$")
_WORD = re.compile(f"({'|'.join(sorted(SPLIT_WORDS, key=len, reverse=True))})({'|'.join(_FILLERS)})")


def split_of_name(name: str, *, whole: bool = False) -> str | None:
    """The split that a file or folder is called after, if it is called after exactly one.

    Found are the words of `SPLIT_WORDS`, in upper and lower case, with numbers and the word *set* behind
    them:
    "train", "dev-clean", "Test_1", "instances_train2017.json", "PublicTest", "training_set", "valset".

    Args:
        name: of the file or folder.
        whole: whether the name may say nothing else: "test_set_2" is a split then, "test tube" is not.
    """
    text = " ".join(_SEPARATORS.split(_CAMEL_CASE.sub(" ", name).lower())).replace("hold out", "holdout")
    words = [word for word in (_NUMBER.sub("", word) for word in text.split()) if word]
    found = set()
    for word in words:
        joined = _WORD.fullmatch(word)
        split = SPLIT_WORDS.get(joined[1] if joined else word)
        if split:
            found.add(split)
        elif whole and word not in _FILLERS:
            return None
    return found.pop() if len(found) == 1 else None
