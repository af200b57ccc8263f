"""Refusals of the command line."""

from crosslane.kernel import Invalid


class NotUnderstood(Invalid):
    """{words} is not understood: {reason}."""


class InstanceRefused(Invalid):
    """The instance cannot be simulated: {reason}."""


class CannotMeasure(Invalid):
    """This cannot be measured: {reason}."""
