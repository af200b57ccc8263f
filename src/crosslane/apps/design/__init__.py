"""The design system as a page: every part in every state, `/design`.

Who builds a page finds here what it is made of; who changes a part sees here what it does. Nothing
on it is anybody's data. A test asks that every macro of the parts is shown.
"""

from crosslane.apps.design.showing import ROUTES

__all__ = ["ROUTES"]
