"""The lines that articles named in a fact belong to."""

from collections.abc import Sequence

from crosslane.catalog import UnknownSku, variants_by_sku
from crosslane.inventory import BundleHasNoStock
from crosslane.kernel import new_id
from crosslane.platform.database import Tx
from crosslane.transfers.domain import Line, Transfer


async def lines_of(tx: Tx, transfer: Transfer, skus: Sequence[str]) -> dict[str, Line]:
    """Return the line of each article; one that nobody asked for gets a line of its own.

    Raises:
        UnknownSku: there is no such article.
        BundleHasNoStock: only its parts lie on a shelf.
    """
    known = {line.sku: line for line in transfer.lines}
    missing = [sku for sku in dict.fromkeys(skus) if sku not in known]
    variants = await variants_by_sku(tx, missing) if missing else {}
    for sku in missing:
        variant, place = variants.get(sku), skus.index(sku)
        if variant is None:
            raise UnknownSku(pointer=f"/lines/{place}/sku", sku=sku)
        if variant.is_bundle:
            raise BundleHasNoStock(pointer=f"/lines/{place}/sku", sku=sku)
        # An article may have got another SKU since it was asked for.
        line = transfer.line_of(variant.id)
        if line is None:
            line = Line(new_id(), len(transfer.lines) + 1, variant.id, variant.sku, 0)
            transfer.lines.append(line)
        known[sku] = line
    return known
