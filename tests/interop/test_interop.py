"""What others make of us: validators, and a library of webhooks, of other authors."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.interop.conftest import ask, serving
from tests.vendors.strict import MESSAGE_SECRET, ORDER_SECRET

from crosslane import __version__, publishing
from crosslane.app import ROUTES
from crosslane.kernel import new_id
from crosslane.platform.web.openapi import document
from crosslane.platform.web.reference import reference_routes
from crosslane.vendors.domain import Vendor
from crosslane.vendors.errors import BadVendorSignature
from crosslane.vendors.port.http import HttpVendor
from crosslane.vendors.port.port import Recipient, SentLine, SentOrder, VendorRefused
from crosslane.vendors.service.receiving import require_signed

pytestmark = pytest.mark.interop


def openapi() -> dict[str, Any]:
    routes = [*ROUTES, *reference_routes(ROUTES)]
    return document(routes, title="Crosslane", version=__version__)


async def test_the_openapi_document_is_valid():
    assert await ask("openapi.mjs", openapi()) == {"valid": True, "version": "3.1"}


async def test_an_openapi_document_that_is_not_bites():
    wrong = openapi()
    wrong["paths"]["/api/v1/orders"]["get"]["parameters"][0]["in"] = "nowhere"
    assert not (await ask("openapi.mjs", wrong))["valid"]


async def test_the_asyncapi_document_is_valid():
    found = await ask("asyncapi.mjs", publishing.asyncapi())
    assert (found["valid"], found["errors"]) == (True, [])
    assert found["messages"] >= len(publishing.PUBLIC)


async def test_an_asyncapi_document_that_is_not_bites():
    wrong = deepcopy(publishing.asyncapi())
    wrong["operations"]["tellEvents"]["action"] = "shout"
    assert not (await ask("asyncapi.mjs", wrong))["valid"]


def vendor(port: int, secret: str) -> Vendor:
    return Vendor(
        location_id=new_id(),
        port="http",
        endpoint=f"http://127.0.0.1:{port}/orders",
        order_secret=secret,
        message_secret=MESSAGE_SECRET,
        currency="GBP",
        active=True,
    )


def purchase_order() -> SentOrder:
    return SentOrder(
        id=new_id(),
        version=1,
        reference="000001-Y",
        buyer="mf",
        currency="GBP",
        service="STANDARD48",
        promised_at=None,
        ship_to=Recipient(
            name="Zoë Größmann",
            organization="",
            lines=("12 High Street",),
            city="Oxford",
            region="",
            postcode="OX1 4AA",
            country="GB",
            phone="",
        ),
        lines=[
            SentLine(
                line_id=new_id(),
                sku="POT",
                vendor_sku="",
                title="Tea pot “Frühling”",
                quantity=2,
                unit_cost_milli=700_500,
            )
        ],
    )


async def test_a_vendor_verifies_our_orders():
    async with serving("vendor.mjs", ORDER_SECRET) as stranger:
        order = purchase_order()
        await HttpVendor(vendor(stranger.port, ORDER_SECRET)).send("key-1", order)
        taken = (await stranger.says())["taken"]
        assert (taken["id"], taken["ship_to"]["name"]) == (str(order.id), "Zoë Größmann")
        with pytest.raises(VendorRefused):
            await HttpVendor(vendor(stranger.port, MESSAGE_SECRET)).send("key-2", order)
        assert await stranger.says() == {"refused": "WebhookVerificationError"}


async def test_we_verify_what_a_vendor_signs():
    body = json.dumps({"type": "acknowledge", "note": "Grüße"}, ensure_ascii=False)
    at = int(datetime.now(UTC).timestamp())
    asked = {"secret": MESSAGE_SECRET, "id": "m-1", "at": at, "body": body}
    headers = await ask("sign.mjs", asked)
    known = vendor(1, ORDER_SECRET)
    require_signed(known, headers, body.encode())
    with pytest.raises(BadVendorSignature):
        require_signed(known, headers, body.replace("ü", "u").encode())
    late = await ask("sign.mjs", asked | {"at": at - 3_600})
    with pytest.raises(BadVendorSignature):
        require_signed(known, late, body.encode())
