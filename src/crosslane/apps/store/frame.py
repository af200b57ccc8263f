"""The frame of the store: its navigation and its templates."""

from importlib.resources import files

from crosslane.apps.viewing import view
from crosslane.platform.screens import Pages, Step

NAVIGATION: tuple[Step, ...] = ()

PAGES = Pages(files("crosslane.apps.store"), title="Store", navigation=NAVIGATION)

__all__ = ["PAGES", "view"]
