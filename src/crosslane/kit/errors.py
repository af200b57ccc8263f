"""What the kit refuses."""

from crosslane.kernel import Conflict, Invalid, NotFound


class FixturesMissing(NotFound):
    """There are no fixtures in {folder}; name their folder by --fixtures."""


class FixturesUnusable(Invalid):
    """The fixtures cannot be used: {file}: {reason}."""


class BadName(Invalid):
    """A family is called by 2 to 40 small letters, digits and hyphens, a letter first."""


class NameTaken(Conflict):
    """There is a family {name} already."""


class FolderTaken(Conflict):
    """There is something in {folder} already."""
