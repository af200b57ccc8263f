"""Beginning an adapter: a package that can be installed, proved and changed."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from crosslane.channels.adapters import FAMILIES, NAME
from crosslane.kit.errors import BadName, FolderTaken, NameTaken

TEMPLATE = "template"
# So that nothing takes the template itself for code.
SUFFIX = ".txt"


def new_package(name: str, folder: Path) -> Path:
    """Write a package with a family that works; return its folder.

    Args:
        name: of the family.
        folder: to be made.

    Raises:
        BadName: no family is called so.
        NameTaken: one is.
        FolderTaken: there is something already.
    """
    if not NAME.fullmatch(name):
        raise BadName
    if name in FAMILIES:
        raise NameTaken(name=name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(folder=str(folder))
    module = f"{re.sub('[^a-z0-9]', '_', name)}_adapter"
    words = {"family-name": name, "family_module": module, "FAMILY_OBJECT": _constant(name)}
    _write(files("crosslane.kit") / TEMPLATE, folder, words)
    return folder


def _constant(name: str) -> str:
    return name.replace("-", "_").upper()


def _write(source: Traversable, folder: Path, words: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part in source.iterdir():
        target = folder / _filled(part.name.removesuffix(SUFFIX), words)
        if part.is_dir():
            _write(part, target, words)
        else:
            target.write_text(_filled(part.read_text("utf-8"), words), "utf-8")


def _filled(text: str, words: dict[str, str]) -> str:
    for word, meant in words.items():
        text = text.replace(word, meant)
    return text
