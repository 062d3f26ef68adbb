"""Recordings that say in their names what is said: `{text}_{speaker}_{take}.wav`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import BoundedPattern, nearest
from suite.sources import open_tree
from suite_speech_recognition.examples import Utterances
from suite_speech_recognition.loaders.listing import is_recording, splits_by_folder
from suite_speech_recognition.loaders.options import PatternOptions
from suite_speech_recognition.loaders.unused_files import seen_beside

Fields = Mapping[str, str]

SPEECH_COMMANDS = "{text}/{speaker}_nohash_{take}.wav"
"""How Speech Commands names its recordings: the one pattern that nobody needs to give."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True)
class Pattern:
    """What the names of recordings are made of.

    Attributes:
        text: the pattern as the user wrote it.
        fields: the names of its fields, `text` among them.
    """

    text: str
    fields: tuple[str, ...]
    _expression: BoundedPattern
    _folders: int

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern: fields in braces, `*` for anything within a name, `/` between folders and file.

        Only the field `text` may hold the characters that stand beside the fields: of `good_day_theo_3`, in
        `{text}_{speaker}_{take}`, the text is `good_day`. An ending of recordings may be left out.

        Raises:
            UserError: if it has no field `text`, one twice, or two with nothing between them.
        """
        fields = _FIELD.findall(text)
        if re.search(r"[{}]", _FIELD.sub("", text)) or not all(field.isidentifier() for field in fields):
            raise UserError(f"pattern '{text}': a field is a word in braces, like {{text}} or {{speaker}}")
        if "text" not in fields:
            raise UserError(f"pattern '{text}' has no field {{text}} for what is said")
        if twice := [field for field in fields if fields.count(field) > 1]:
            raise UserError(f"pattern '{text}' has the field {{{twice[0]}}} twice")
        if "}{" in text:
            raise UserError(
                f"pattern '{text}' has two fields with nothing between them that tells them apart"
            )
        ending = text[text.rindex(".") :] if is_recording(text) else ""
        pieces = _FIELD.split(text.removesuffix(ending))
        written = ""
        for number, piece in enumerate(pieces):
            if number % 2 == 0:
                written += "[^/]*".join(map(re.escape, piece.split("*")))
            elif piece == "text":
                written += "(?P<text>[^/]+)"
            else:
                beside = re.escape(pieces[number - 1][-1:] + (pieces[number + 1] + ending)[:1])
                written += f"(?P<{piece}>[^/{beside}]+)"
        written += f"(?i:{re.escape(ending)})" if ending else r"\.[^./]+"
        expression = BoundedPattern(written, f"pattern '{text}'")
        return cls(text, tuple(fields), expression, text.count("/"))

    def match(self, name: str) -> Fields | None:
        """The fields of a path, or None if it is made otherwise.

        Of its folders only the innermost count, as many as the pattern has.
        """
        end = "/".join(name.split("/")[-1 - self._folders :])
        match = self._expression.fullmatch(end)
        return None if match is None else match.named


def condition(text: str, pattern: Pattern, option: str) -> Callable[[Fields], bool]:
    """Whether a file belongs to a split, as a function of the fields of its name.

    Args:
        text: `take=0-4`, `speaker=theo,jackson` or several of these with spaces between, all of which must
            hold. A range is one of whole numbers, both ends included.
        pattern: it names the fields.
        option: for messages.

    Raises:
        UserError: if it is no condition, or names a field that the pattern does not have.
    """
    wanted: list[tuple[str, set[str], list[range]]] = []
    for term in text.split():
        field, equals, values = term.partition("=")
        if not equals or not field or not values:
            raise UserError(f"{option} '{text}' is no condition: write FIELD=VALUES, for example take=0-4")
        if field not in pattern.fields:
            raise UserError(
                f"{option} '{text}': the pattern '{pattern.text}' has no field '{field}':"
                f" {nearest(field, pattern.fields)}"
            )
        items = values.split(",")
        bounds = [match for item in items if (match := _RANGE.fullmatch(item))]
        wanted.append((field, set(items), [range(int(match[1]), int(match[2]) + 1) for match in bounds]))

    def holds(fields: Fields) -> bool:
        return all(
            fields[field] in values
            or (fields[field].isdecimal() and any(int(fields[field]) in numbers for numbers in ranges))
            for field, values, ranges in wanted
        )

    return holds


def load(path: Path, options: PatternOptions) -> Dataset:
    """Load recordings by their names. In a text, underscores are spaces.

    Splits are what the options `test` and `validation` say, or folders named train, validation and test.
    Without a pattern, names like those of Speech Commands are understood.

    Args:
        path: a folder or an archive.
        options: the pattern, and what the splits are.

    Raises:
        UserError: if there are no recordings, none has such a name, or the pattern or a split is wrong.
            Recordings with other names are in `Dataset.problems`.
    """
    tree = open_tree(path)
    names = [name for name in tree.names if is_recording(name)]
    if not names:
        raise UserError(f"{path} holds no recordings")
    first = names[0].rpartition("/")[2]
    notes = [*tree.problems]
    if not options.pattern and _are_speech_commands(names):
        options = msgspec.structs.replace(options, pattern=SPEECH_COMMANDS)
        note = f"the recordings are named as those of Speech Commands, and read as '{SPEECH_COMMANDS}'"
        notes.append(Problem(note, wrong=False))
    if not options.pattern:
        raise UserError(
            f"{path} holds recordings without transcripts. If their names say what is said, as that of"
            f" '{first}' may, give a pattern, like --set loader.pattern={{text}}_{{speaker}}_{{take}}.wav."
            " Or put a .txt with the same name beside each, or write a manifest: a .tsv with the columns"
            f" path and text{'. ' if (seen := seen_beside(tree)) else ''}{seen.rstrip('.')}"
        )
    pattern = Pattern.parse(options.pattern)
    written = {"test": options.test, "validation": options.validation}
    conditions = {split: condition(text, pattern, split) for split, text in written.items() if text}
    splits = dict.fromkeys(names, "train") if conditions else splits_by_folder(names)
    utterances = Utterances(options.channel)
    counts = dict.fromkeys(conditions, 0)
    matched = False
    for file, name in enumerate(tree.names):
        if name not in splits:
            continue
        fields = pattern.match(name)
        if fields is None:
            utterances.leave_out(f"whose name is not made like '{pattern.text}'", name)
            continue
        matched = True
        claims = [split for split, holds in conditions.items() if holds(fields)]
        if len(claims) > 1:
            raise UserError(
                f"{name} would be in the test split and in the validation split: '{options.test}' and"
                f" '{options.validation}' both hold for it"
            )
        for claim in claims:
            counts[claim] += 1
        split = (*claims, splits[name])[0]
        if split:
            text = " ".join(fields["text"].replace("_", " ").split())
            utterances.add(split, name, file, text, fields.get("speaker", ""))
        else:
            utterances.leave_out("in no folder of a split", name)
    if not matched:
        raise UserError(f"{path}: no recording has a name like '{pattern.text}': the first one is '{first}'")
    for split, count in counts.items():
        if not count:
            raise UserError(
                f"{path}: no recording is in the {split} split: '{written[split]}' holds for none"
            )
    return utterances.dataset(path, tree, notes, options=options)


def _are_speech_commands(names: Sequence[str]) -> bool:
    """Whether more than half of the recordings are named as those of Speech Commands."""
    pattern = Pattern.parse(SPEECH_COMMANDS)
    return 2 * sum(pattern.match(name) is not None for name in names) > len(names)
