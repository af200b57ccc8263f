"""Orders of three lines as each family of channels tells them, made up by number.

Each has what real ones have beside what is read of it, so that it costs what they cost.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

LINES = 3
AT = datetime(2012, 1, 5, 10, 0, 0, tzinfo=UTC)
Document = dict[str, Any]


def of_ours(number: int, sold: Sequence[str]) -> Document:
    """Return an order in our own words.

    Args:
        number: of the order.
        sold: SKUs of which it has some, others with the next number.
    """
    return {
        "type": "order",
        "source_id": f"O-{number}",
        "event_at": AT,
        "buyer": {"name": "Ada Brown", "email": f"ada{number}@example.com"},
        "ship_to": {
            "name": "Ada Brown",
            "lines": ["12 High Street"],
            "city": "Oxford",
            "postcode": "OX1 1AA",
            "country": "GB",
        },
        "lines": [
            {"id": str(n), "sku": sku, "quantity": 1, "unit_price_milli": 600_000}
            for n, sku in enumerate(_goods(number, sold))
        ],
    }


def of_shopify(number: int, sold: Sequence[str]) -> Document:
    """Return an order of a Shopify shop; likewise below."""
    home = {
        "first_name": "Ada",
        "last_name": "Brown",
        "address1": "12 High Street",
        "address2": None,
        "city": "Oxford",
        "zip": "OX1 1AA",
        "country": "United Kingdom",
        "country_code": "GB",
        "province": None,
        "latitude": 51.752,
        "longitude": -1.2577,
        "phone": "01865 000000",
    }
    lines = [_shopify_line(number, n, sku) for n, sku in enumerate(_goods(number, sold))]
    return {
        "id": 1_000_000 + number,
        "name": f"#{number}",
        "order_number": number,
        "email": f"ada{number}@example.com",
        "currency": "GBP",
        "financial_status": "authorized",
        "fulfillment_status": None,
        "taxes_included": True,
        "test": False,
        "created_at": AT,
        "processed_at": AT,
        "updated_at": AT,
        "cancelled_at": None,
        "total_price": "18.00",
        "subtotal_price": "18.00",
        "total_tax": "3.00",
        "total_discounts": "0.00",
        "customer_locale": "en",
        "source_name": "web",
        "tags": "new, british",
        "token": "b1946ac92492d2347c6235b4d2611184",
        "landing_site": "/",
        "note_attributes": [{"name": "colour", "value": "red"}],
        "customer": {"id": 7, "first_name": "Ada", "last_name": "Brown", "state": "enabled"},
        "shipping_address": home,
        "billing_address": home,
        "shipping_lines": [{"code": "Standard", "title": "Standard", "price": "0.00"}],
        "line_items": lines,
        "fulfillments": [],
        "refunds": [],
    }


def of_woocommerce(number: int, sold: Sequence[str]) -> Document:
    """Return an order of a WooCommerce shop."""
    home = {
        "first_name": "Ada",
        "last_name": "Brown",
        "company": "",
        "address_1": "12 High Street",
        "address_2": "",
        "city": "Oxford",
        "state": "",
        "postcode": "OX1 1AA",
        "country": "GB",
    }
    lines = [_woocommerce_line(number, n, sku) for n, sku in enumerate(_goods(number, sold))]
    told = AT.isoformat()[:19]
    return {
        "id": 1_000_000 + number,
        "parent_id": 0,
        "number": str(number),
        "order_key": "wc_order_58d2d042d1d",
        "created_via": "checkout",
        "version": "9.3.3",
        "status": "processing",
        "currency": "GBP",
        **{f"date_{what}{zone}": told for what in ("created", "modified", "paid")
           for zone in ("", "_gmt")},
        "date_completed": None,
        "date_completed_gmt": None,
        "discount_total": "0.00",
        "discount_tax": "0.00",
        "shipping_total": "0.00",
        "shipping_tax": "0.00",
        "cart_tax": "3.00",
        "total": "18.00",
        "total_tax": "3.00",
        "prices_include_tax": True,
        "customer_id": 7,
        "customer_ip_address": "",
        "customer_note": "",
        "billing": home | {"email": f"ada{number}@example.com", "phone": "01865 000000"},
        "shipping": home,
        "payment_method": "bacs",
        "payment_method_title": "Direct Bank Transfer",
        "transaction_id": "",
        "cart_hash": "b1946ac92492d2347c6235b4d2611184",
        "meta_data": [{"id": 13106, "key": "_download_permissions_granted", "value": "yes"}],
        "line_items": lines,
        "tax_lines": [
            {"id": 318, "rate_code": "GB-VAT", "rate_id": 75, "label": "VAT", "compound": False,
             "tax_total": "3.00", "shipping_tax_total": "0.00", "meta_data": []}
        ],
        "shipping_lines": [
            {"id": 317, "method_title": "Standard", "method_id": "flat_rate", "total": "0.00",
             "total_tax": "0.00", "taxes": [], "meta_data": []}
        ],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "_links": {
            "self": [{"href": f"https://example.com/wp-json/wc/v3/orders/{1_000_000 + number}"}],
            "collection": [{"href": "https://example.com/wp-json/wc/v3/orders"}],
        },
    }  # fmt: skip


def of_amazon(number: int, sold: Sequence[str]) -> Document:
    """Return an order of Amazon's API of 2026."""
    lines = [_amazon_line(number, n, sku) for n, sku in enumerate(_goods(number, sold))]
    return {
        "orderId": f"202-{number:07}-0000001",
        "orderAliases": [{"aliasId": f"A-{number}", "aliasType": "SELLER_ORDER_ID"}],
        "createdTime": AT,
        "lastUpdatedTime": AT,
        "programs": ["PRIME"],
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": "A1F83G8C2ARO7P",
            "marketplaceName": "Amazon.co.uk",
        },
        "buyer": {"buyerName": "Ada Brown", "buyerEmail": f"ada{number}@marketplace.amazon.co.uk"},
        "recipient": {
            "deliveryAddress": {
                "name": "Ada Brown",
                "addressLine1": "12 High Street",
                "city": "Oxford",
                "postalCode": "OX1 1AA",
                "countryCode": "GB",
                "phone": "01865 000000",
                "addressType": "RESIDENTIAL",
            },
        },
        "proceeds": {"grandTotal": {"currencyCode": "GBP", "amount": "18.00"}},
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED",
            "fulfilledBy": "MERCHANT",
            "fulfillmentServiceLevel": "STANDARD",
            "shipByWindow": {"earliestDateTime": AT, "latestDateTime": AT},
            "deliverByWindow": {"earliestDateTime": AT, "latestDateTime": AT},
        },
        "orderItems": lines,
        "packages": [],
    }


def of_amazon_v0(number: int, sold: Sequence[str]) -> Document:
    """Return an order of Amazon's API of version 0, fetched with its goods."""

    def money(amount: str) -> Document:
        return {"CurrencyCode": "GBP", "Amount": amount}

    lines = [
        {
            "ASIN": f"B{n:09}",
            "OrderItemId": str(number * LINES + n),
            "SellerSKU": sku,
            "Title": f"Article {sku}",
            "QuantityOrdered": 1,
            "QuantityShipped": 0,
            "ItemPrice": money("6.00"),
            "ItemTax": money("1.00"),
            "PromotionDiscount": money("0.00"),
            "ConditionId": "New",
            "IsGift": "false",
        }
        for n, sku in enumerate(_goods(number, sold))
    ]
    return {
        "AmazonOrderId": f"202-{number:07}-0000001",
        "PurchaseDate": AT,
        "LastUpdateDate": AT,
        "OrderStatus": "Unshipped",
        "FulfillmentChannel": "MFN",
        "SalesChannel": "Amazon.co.uk",
        "ShipServiceLevel": "Std UK Dom",
        "OrderTotal": money("18.00"),
        "NumberOfItemsShipped": 0,
        "NumberOfItemsUnshipped": LINES,
        "PaymentMethod": "Other",
        "PaymentMethodDetails": ["Standard"],
        "IsReplacementOrder": False,
        "MarketplaceId": "A1F83G8C2ARO7P",
        "ShipmentServiceLevelCategory": "Standard",
        "OrderType": "StandardOrder",
        "EarliestShipDate": AT,
        "LatestShipDate": AT,
        "IsPrime": False,
        "ShippingAddress": {
            "Name": "Ada Brown",
            "AddressLine1": "12 High Street",
            "City": "Oxford",
            "PostalCode": "OX1 1AA",
            "CountryCode": "GB",
            "AddressType": "Residential",
        },
        "BuyerInfo": {"BuyerEmail": f"ada{number}@marketplace.amazon.co.uk"},
        "OrderItems": lines,
    }


def of_ebay(number: int, sold: Sequence[str]) -> Document:
    """Return an order of eBay."""
    where = {
        "addressLine1": "12 High Street",
        "city": "Oxford",
        "postalCode": "OX1 1AA",
        "countryCode": "GB",
    }
    lines = [_ebay_line(number, n, sku) for n, sku in enumerate(_goods(number, sold))]
    return {
        "orderId": f"12-{number:05}-00001",
        "legacyOrderId": f"6{number}0",
        "creationDate": AT,
        "lastModifiedDate": AT,
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID",
        "sellerId": "marlow",
        "buyer": {"username": "ada", "taxAddress": where},
        "pricingSummary": {
            "priceSubtotal": _money("18.00"),
            "deliveryCost": _money("0.00"),
            "total": _money("18.00"),
        },
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "paymentSummary": {
            "totalDueSeller": _money("18.00"),
            "refunds": [],
            "payments": [
                {
                    "paymentMethod": "EBAY",
                    "paymentReferenceId": "51107",
                    "paymentDate": AT,
                    "amount": _money("18.00"),
                    "paymentStatus": "PAID",
                }
            ],
        },
        "fulfillmentStartInstructions": [
            {
                "fulfillmentInstructionsType": "SHIP_TO",
                "minEstimatedDeliveryDate": AT,
                "maxEstimatedDeliveryDate": AT,
                "ebaySupportedFulfillment": False,
                "shippingStep": {
                    "shipTo": {
                        "fullName": "Ada Brown",
                        "contactAddress": where,
                        "primaryPhone": {"phoneNumber": "01865 000000"},
                        "email": f"ada{number}@members.ebay.com",
                    },
                    "shippingServiceCode": "UK_RoyalMailSecondClass",
                },
            }
        ],
        "fulfillmentHrefs": [],
        "lineItems": lines,
        "salesRecordReference": str(number),
        "totalFeeBasisAmount": _money("18.00"),
    }


def _shopify_line(number: int, n: int, sku: str) -> Document:
    return {
        "id": number * LINES + n,
        "variant_id": 9_000 + n,
        "product_id": 8_000 + n,
        "sku": sku,
        "title": f"Article {sku}",
        "name": f"Article {sku}",
        "quantity": 1,
        "price": "6.00",
        "grams": 300,
        "vendor": "Marlow",
        "taxable": True,
        "gift_card": False,
        "requires_shipping": True,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "total_discount": "0.00",
        "properties": [],
        "discount_allocations": [],
        "tax_lines": [{"title": "VAT", "price": "1.00", "rate": 0.2}],
    }


def _woocommerce_line(number: int, n: int, sku: str) -> Document:
    return {
        "id": number * LINES + n,
        "name": f"Article {sku}",
        "product_id": 8_000 + n,
        "variation_id": 0,
        "quantity": 1,
        "tax_class": "",
        "subtotal": "5.00",
        "subtotal_tax": "1.00",
        "total": "5.00",
        "total_tax": "1.00",
        "taxes": [{"id": 75, "total": "1", "subtotal": "1"}],
        "meta_data": [],
        "sku": sku,
        "price": 5,
    }


def _amazon_line(number: int, n: int, sku: str) -> Document:
    return {
        "orderItemId": str(number * LINES + n),
        "quantityOrdered": 1,
        "product": {
            "asin": f"B{n:09}",
            "title": f"Article {sku}",
            "sellerSku": sku,
            "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
            "price": {"unitPrice": {"currencyCode": "GBP", "amount": "6.00"}},
        },
        "proceeds": {
            "proceedsTotal": {"currencyCode": "GBP", "amount": "6.00"},
            "breakdowns": [_part("ITEM", "5.00"), _part("TAX", "1.00", "ITEM")],
        },
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": 1},
    }


def _ebay_line(number: int, n: int, sku: str) -> Document:
    return {
        "lineItemId": str(number * LINES + n),
        "legacyItemId": str(8_000 + n),
        "sku": sku,
        "title": f"Article {sku}",
        "lineItemCost": _money("6.00"),
        "quantity": 1,
        "soldFormat": "FIXED_PRICE",
        "listingMarketplaceId": "EBAY_GB",
        "purchaseMarketplaceId": "EBAY_GB",
        "lineItemFulfillmentStatus": "NOT_STARTED",
        "total": _money("6.00"),
        "deliveryCost": {"shippingCost": _money("0.00")},
        "appliedPromotions": [],
        "taxes": [{"amount": _money("1.00")}],
        "properties": {"buyerProtection": True},
        "lineItemFulfillmentInstructions": {
            "minEstimatedDeliveryDate": AT,
            "maxEstimatedDeliveryDate": AT,
            "shipByDate": AT,
            "guaranteedDelivery": False,
        },
    }


def _part(kind: str, amount: str, of: str = "") -> Document:
    money = {"currencyCode": "GBP", "amount": amount}
    details = {"detailedBreakdowns": [{"subtype": of, "value": money}]} if of else {}
    return {"type": kind, "subtotal": money, **details}


def _money(value: str) -> Document:
    return {"value": value, "currency": "GBP"}


def _goods(number: int, sold: Sequence[str]) -> list[str]:
    return [sold[(number * LINES + n) % len(sold)] for n in range(LINES)]


TOLD: Mapping[str, tuple[str, Callable[[int, Sequence[str]], Document]]] = {
    "shopify": ("shopify", of_shopify),
    "woocommerce": ("woocommerce", of_woocommerce),
    "amazon": ("amazon", of_amazon),
    "amazon v0": ("amazon", of_amazon_v0),
    "ebay": ("ebay", of_ebay),
    "orders-jsonl": ("orders-jsonl", of_ours),
}
"""By what a figure calls it: the family, and how an order of it is made up."""
