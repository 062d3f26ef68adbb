"""Which file of a folder a table means, by a name that is not quite its path."""

from __future__ import annotations

from pathlib import Path

from suite import UserError
from suite.kit import some
from suite.sources import open_tree
from suite_images.file_index import name_key, split_of_path, stem
from suite_images.listing import is_image


class ImageFinder:
    """The images below a folder, found by the end of their paths, with or without the ending of the file.

    The folder is listed when the first name is looked for.

    Args:
        folder: where they are.

    Attributes:
        elsewhere: names with folders that the images lie not in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: list[str] | None = None
        self.elsewhere: list[str] = []
        self._by_stem: dict[str, list[int]] = {}

    def find(self, name: str, split: str | None, location: str) -> str | None:
        """The path of an image, relative to the folder; None if there is none.

        Upper and lower case, and how letters with accents are composed, may differ. Of several, one in a
        folder of the split is taken, or the only one whose ending is as written.

        Args:
            name: as the table has it: a path, a file's name, or one without its ending.
            split: of the row.
            location: of the row, for a message.

        Raises:
            UserError: if it may be one of several.
        """
        if self._names is None:
            self._names = [path for path in open_tree(self._folder).names if is_image(path)]
            for number, path in enumerate(self._names):
                self._by_stem.setdefault(name_key(stem(path)), []).append(number)
        wanted = name_key(name.replace("\\", "/").removeprefix("./").strip("/"))
        base = wanted.rpartition("/")[2]
        stems = {base, stem(wanted)} if is_image(wanted) else {base}
        alike = [self._names[number] for base_stem in stems for number in self._by_stem.get(base_stem, ())]
        keys = {path: f"/{name_key(path)}" for path in alike}
        for end in dict.fromkeys([f"/{wanted}", f"/{base}"]):
            for whole in (True, False):
                found = [path for path, key in keys.items() if _without(key, whole).endswith(end)]
                own = [path for path in found if len(found) == 1 or split_of_path(path) == split]
                if len(own) == 1:
                    if end != f"/{wanted}":
                        self.elsewhere.append(name)
                    return own[0]
                if found:
                    raise UserError(
                        f"{location}: '{name}' is the name of several images, {some(found)}: name their"
                        " folder with --set loader.images=FOLDER"
                    )
        return None


def _without(path: str, whole: bool) -> str:
    """The path, or what is before its ending."""
    return path if whole else path[: path.rfind(".")]
