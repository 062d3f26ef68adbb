"""Labels compared with the classes that exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from suite import UserError
from suite.kit import nearest


def refuse_unknown(labels: Iterable[str], classes: Collection[str], what: str) -> None:
    """Refuse labels that are none of `classes`.

    Args:
        labels: names of classes, which may repeat.
        classes: the known names; look-ups are fast in a dictionary or a set.
        what: what is wrong if a label is unknown, as the beginning of a sentence.

    Raises:
        UserError: `what`, then the most frequent unknown labels, and the class that was perhaps meant.
    """
    unknown = Counter(name for name in labels if name not in classes)
    if unknown:
        shown = ", ".join(f"'{name}' ({count:,} times)" for name, count in unknown.most_common(5))
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        few = len(classes) <= 50 or len(unknown) == 1
        hint = f"; {nearest(unknown.most_common(1)[0][0], classes)}" if few else ""
        raise UserError(f"{what}: {shown}{more}{hint}")
