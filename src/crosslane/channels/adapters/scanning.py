"""Parsers of XML that tell where elements begin and end, and make nothing of them."""

from typing import Any

from defusedxml.ElementTree import DefusedXMLParser

_ELEMENTS = (
    *("StartElementHandler", "EndElementHandler", "CharacterDataHandler", "CommentHandler"),
    *("ProcessingInstructionHandler", "DefaultHandlerExpand"),
)
_GUARDS = (
    *("StartDoctypeDeclHandler", "EntityDeclHandler", "UnparsedEntityDeclHandler"),
    "ExternalEntityRefHandler",
)


def scanner() -> Any:
    """Return a parser of expat for UTF-8 that calls nobody yet, but refuses document types.

    What it raises while it parses is of expat, or a DefusedXmlException.
    """
    parser: Any = DefusedXMLParser(forbid_dtd=True, encoding="utf-8").parser
    for name in _ELEMENTS:
        setattr(parser, name, None)
    return parser


def release(parser: Any) -> None:
    """Forget whom a parser calls; else they hold each other until garbage is collected."""
    for name in (*_ELEMENTS, *_GUARDS):
        setattr(parser, name, None)
