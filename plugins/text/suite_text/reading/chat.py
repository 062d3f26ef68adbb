"""Conversations in JSON, as text: who speaks, and what; and questions with their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

USER, ASSISTANT, SYSTEM = "user", "assistant", "system"

_LISTS = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns")
_SPEAKERS = ("role", "from", "speaker", "author")
_CONTENTS = ("content", "value", "text", "message", "utterance")
_ROLES = {
    "human": USER, "customer": USER, "gpt": ASSISTANT, "bot": ASSISTANT, "model": ASSISTANT, "ai": ASSISTANT,
    "chatgpt": ASSISTANT, "agent": ASSISTANT, "developer": SYSTEM,
}  # fmt: skip
_PAIRS = (
    ("instruction", "output"), ("instruction", "response"), ("prompt", "completion"), ("prompt", "response"),
    ("prompt", "chosen"), ("question", "answer"), ("query", "response"), ("input", "output"),
)  # fmt: skip
"""What two columns may be called that are a question and its answer."""

Message = tuple[str, str]


def messages_of(row: Mapping[str, Any]) -> list[Message]:
    """The messages of a conversation, each with who speaks; empty if a row is none.

    Known are lists of objects with a role and a content, as the interfaces of chat models have them, and
    pairs of columns ("instruction", with an "input" if there is one, and "output").
    """
    for name in _LISTS:
        if messages := _listed(row.get(name)):
            return messages
    for asked, answered in _PAIRS:
        question, answer = row.get(asked), row.get(answered)
        if isinstance(question, str) and isinstance(answer, str):
            more = row.get("input") if asked == "instruction" else None
            question = f"{question}\n{more}" if isinstance(more, str) and more.strip() else question
            return [(USER, question), (ASSISTANT, answer)]
    return []


def _listed(entries: Any) -> list[Message]:
    messages = []
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, Mapping):
            return []
        speaker = next((entry[name] for name in _SPEAKERS if isinstance(entry.get(name), str)), "")
        content = next((text for name in _CONTENTS if (text := _content(entry.get(name))) is not None), None)
        if not speaker or content is None:
            return []
        messages.append((_ROLES.get(speaker.lower(), speaker.lower()), content))
    return messages


def _content(content: Any) -> str | None:
    """A text, or the texts of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return "\n".join(text for text in texts if isinstance(text, str))
    return None


def conversation(messages: Sequence[Message]) -> str:
    """Messages as text: a line for each, which begins with who speaks."""
    return "\n".join(f"{speaker}: {content}" for speaker, content in messages)


def question(messages: Sequence[Message]) -> str:
    """Messages as what a model is to continue with an answer: without the answer that is there already."""
    if messages and messages[-1][0] == ASSISTANT:
        messages = messages[:-1]
    return f"{conversation(messages)}\n{ASSISTANT}:"


def asked(text: str) -> str:
    """A text that somebody says, as what a model is to continue with an answer, unless it is that already."""
    if text.rstrip().endswith(f"{ASSISTANT}:") or f"\n{ASSISTANT}:" in text:
        return text
    return question([(USER, text)] if not text.startswith(f"{USER}:") else [_split(text)])


def _split(text: str) -> Message:
    speaker, _, content = text.partition(":")
    return speaker, content.removeprefix(" ")
