"""What others have written finds wrong with documents of UBL that we make.

The schemas are OASIS's own (``ubl-2.1.zip``, with their notice). mock-einvoice holds invoices and
credit notes to all published rules of EN 16931 and Peppol BIS Billing 3.
"""

from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from lxml import etree
from mockeinvoice import rules, ubl

SCHEMAS = Path(__file__).with_name("ubl-2.1.zip")


class _Zipped(etree.Resolver):
    """Schemas that include each other, read out of the file they lie in."""

    def __init__(self) -> None:
        self.zip = ZipFile(SCHEMAS)

    def resolve(self, url, public, context):
        name = url.rpartition("/")[2]
        found = next(one for one in self.zip.namelist() if one.rpartition("/")[2] == name)
        return self.resolve_file(BytesIO(self.zip.read(found)), context, base_url=url)


@cache
def _schema(name: str) -> etree.XMLSchema:
    resolver = _Zipped()
    parser = etree.XMLParser(resolve_entities=False)
    parser.resolvers.add(resolver)
    raw = resolver.zip.read(f"maindoc/UBL-{name}-2.1.xsd")
    return etree.XMLSchema(etree.parse(BytesIO(raw), parser, base_url=f"maindoc/UBL-{name}"))


def found_by_schema(raw: bytes) -> list[str]:
    """What OASIS's schema of a document finds wrong."""
    parser = etree.XMLParser(resolve_entities=False)
    document = etree.parse(BytesIO(raw), parser)
    schema = _schema(etree.QName(document.getroot()).localname)
    schema.validate(document)
    return [error.message for error in schema.error_log]


def found_by_rules(raw: bytes, *, core: bool = False) -> list[str]:
    """Fatal rules of EN 16931, and of Peppol unless only the core is asked, that it breaks."""
    document, findings, sent = ubl.parse_tree(raw)
    report = rules.check(document, "peppol", findings, sent)
    found = [f"{one.code} {one.path}: {one.text}" for one in report.failures]
    return [one for one in found if not (core and one.startswith("PEPPOL"))]
