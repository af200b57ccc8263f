"""A strict shop: Shopify's own schema executed over what a shop keeps, as its documentation says.

It knows orders with their fulfillment orders by location, fulfillments, edits, refunds of payments,
stock, variants, idempotency keys and a bucket of points. What the schema does not allow it refuses;
what it gives out the schema checks too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from graphql import GraphQLError, execute_sync, get_operation_ast

from crosslane.channels import Answer, Call
from tests.channels.schemas.shopify import judged, schema
from tests.channels.strict_shopify_parts import AskedReturns, ListedOrders, error, gid

TOKEN = "shpat_strict"
PATH = "admin/api/2026-10/graphql.json"
PAGE = {"hasPreviousPage": False, "startCursor": None}
IDEMPOTENT = {"refundCreate", "inventorySetQuantities"}
INPUTS_MAX = 250
RESTORED = 100.0
BUCKET = 2_000.0
AT = "2026-11-28T12:00:00Z"


class StrictShop:
    """One shop.

    Args:
        page_max: items of a page at most, fewer than asked for.
        cancels_at_once: whether an order is off by the time the job is answered.
    """

    def __init__(self, *, page_max: int = 250, cancels_at_once: bool = True) -> None:
        self.page_max, self.cancels_at_once = page_max, cancels_at_once
        self.orders: dict[str, dict[str, Any]] = {}
        self.works: dict[str, dict[str, Any]] = {}
        self.fulfillments: dict[str, dict[str, Any]] = {}
        self.edits: dict[str, dict[str, int]] = {}
        self.asked = AskedReturns()
        self.listed = ListedOrders()
        self.variants: dict[str, dict[str, Any]] = {}
        self.stock: dict[tuple[str, str], int] = {}
        self.locations: set[str] = set()
        self.keys: dict[str, tuple[bytes, Any]] = {}
        self.available = BUCKET
        self.status = 200
        self.calls: list[str] = []
        self._last, self._key = 1_000, ""

    # What a test sets up.

    def add_order(
        self,
        number: str,
        lines: Mapping[str, int],
        places: Mapping[str, Mapping[str, int]],
        *,
        paid: Sequence[str] = (),
        currency: str = "GBP",
        method: str = "SHIPPING",
        status: str = "OPEN",
    ) -> None:
        """An order of lines, worked on at places; ``paid`` are its captured payments."""
        self.locations |= set(places)
        works = []
        for place, units in places.items():
            work = {
                "id": gid("FulfillmentOrder", self._next()),
                "status": status,
                "place": place,
                "method": method,
                "left": {gid("LineItem", n): u for n, u in units.items()},
                "prepared": False,
            }
            works.append(work)
            self.works[work["id"]] = work
        self.orders[gid("Order", number)] = {
            "id": gid("Order", number),
            "cancelledAt": None,
            "lines": {gid("LineItem", n): [u, 0] for n, u in lines.items()},
            "works": works,
            "fulfillments": [],
            "refunds": [],
            "currency": currency,
            "payments": {gid("OrderTransaction", self._next()): float(p) for p in paid},
        }

    def save_order(self, order: dict[str, Any]) -> None:
        self.listed.orders[order["id"]] = order

    def add_variant(self, sku: str, product: int, *, price: str = "1.00") -> dict[str, Any]:
        number = self._next()
        variant = {
            "id": gid("ProductVariant", number),
            "sku": sku,
            "price": price,
            "compareAtPrice": None,
            "inventoryItem": {"id": gid("InventoryItem", number + 500_000)},
            "product": {"id": gid("Product", product)},
        }
        self.variants[variant["id"]] = variant
        return variant

    def units(self, sku: str, place: str) -> int | None:
        (variant,) = [v for v in self.variants.values() if v["sku"] == sku]
        return self.stock.get((variant["inventoryItem"]["id"], gid("Location", place)))

    # How it answers.

    def answer(self, call: Call) -> Answer:
        """Answer a call as it would over HTTP."""
        if self.status != 200:
            return Answer(status=self.status, body=b'{"errors":"closed"}')
        if (call.method, call.path) != ("POST", PATH) and not self.listed.is_asked(call):
            return Answer(status=404, body=b'{"errors":"Not Found"}')
        if call.headers.get("x-shopify-access-token") != TOKEN:
            return Answer(status=401, body=b'{"errors":"[API] Invalid API key or access token"}')
        if self.listed.is_asked(call):
            return self.listed.answer(call)
        if call.headers.get("content-type") != "application/json":
            return Answer(status=400, body=b'{"errors":"Bad Request"}')
        done = self.execute(**msgspec.json.decode(call.body))
        return Answer(body=msgspec.json.encode(done))

    def execute(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        parsed, faults = judged(query)
        if faults:
            return {"errors": [{"message": fault} for fault in faults]}
        operation = get_operation_ast(parsed)
        cost = 10.0 if operation.operation.value == "mutation" else 4.0
        if cost > self.available:
            told = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return {"errors": [told], "extensions": self._cost(cost, None)}
        self.available -= cost
        names = [field.name.value for field in operation.selection_set.selections]
        self.calls += names
        for field in operation.selection_set.selections:
            keys = [
                variables[directive.arguments[0].value.name.value]
                for directive in field.directives or ()
                if directive.name.value == "idempotent"
            ]
            if field.name.value in IDEMPOTENT and not keys:
                return {"errors": [{"message": "The @idempotent directive is required"}]}
            self._key = next(iter(keys), "")
        done = execute_sync(schema(), parsed, self._root(), variable_values=variables)
        body: dict[str, Any] = {"data": done.data, "extensions": self._cost(cost, cost)}
        for fault in done.errors or ():
            if fault.original_error and not isinstance(fault.original_error, GraphQLError):
                raise fault.original_error
            body.setdefault("errors", []).append(
                {"message": fault.message, "extensions": fault.extensions or {}}
            )
        return body

    def _cost(self, asked: float, actual: float | None) -> dict[str, Any]:
        status = {"currentlyAvailable": self.available, "restoreRate": RESTORED}
        bucket = {"maximumAvailable": BUCKET, **status}
        costs = {"requestedQueryCost": asked, "actualQueryCost": actual}
        return {"cost": {**costs, "throttleStatus": bucket}}

    def _root(self) -> dict[str, Callable[..., Any]]:
        return {
            "order": lambda _, id: self._order(id),
            "fulfillment": lambda _, id: self._fulfillment(id),
            "fulfillmentOrder": lambda _, id: self._work(self.works.get(id)),
            "node": lambda _, id: self._calculated(id),
            "nodes": lambda _, ids: [self._variant(self.variants.get(i)) for i in ids],
            "productVariants": self._search,
            "fulfillmentCreate": self._fulfill,
            "fulfillmentTrackingInfoUpdate": self._track,
            "fulfillmentEventCreate": self._happened,
            "fulfillmentOrderLineItemsPreparedForPickup": self._prepare,
            "orderCancel": self._cancel,
            "orderEditBegin": self._begin,
            "orderEditSetQuantity": self._set,
            "orderEditCommit": self._commit,
            **self.asked.root(),
            "refundCreate": self._keyed(self._refund),
            "inventorySetQuantities": self._keyed(self._stock),
            "productVariantsBulkUpdate": self._price,
        }

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _page(self, items: Iterable[dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        listed = list(items)

        def page(info: Any, first: int, after: str | None = None, **_: Any) -> dict[str, Any]:
            assert 1 <= first <= 250, first
            begin = int(after) if after else 0
            end = begin + min(first, self.page_max)
            told = {**PAGE, "hasNextPage": end < len(listed), "endCursor": str(end)}
            return {"nodes": listed[begin:end], "pageInfo": told}

        return page

    # What it shows.

    def _order(self, name: str) -> dict[str, Any] | None:
        order = self.orders.get(name)
        if order is None:
            return None
        ordered = [
            {"id": n, "currentQuantity": units, "unfulfilledQuantity": units - gone}
            for n, (units, gone) in order["lines"].items()
        ]
        return {
            "id": name,
            "cancelledAt": order["cancelledAt"],
            "fulfillments": lambda _, first, **__: [
                self._fulfillment(f["id"]) for f in order["fulfillments"][:first]
            ],
            "fulfillmentOrders": self._page(map(self._work, order["works"])),
            "lineItems": self._page(ordered),
            "refunds": lambda _, first: order["refunds"][:first],
            "suggestedRefund": lambda _, **__: self._suggested(order),
        }

    def _suggested(self, order: dict[str, Any]) -> dict[str, Any]:
        def money(left: float) -> dict[str, Any]:
            told = {"amount": f"{left:.2f}", "currencyCode": order["currency"]}
            return {"shopMoney": told, "presentmentMoney": told}

        return {
            "suggestedTransactions": [
                {
                    "gateway": "bogus",
                    "parentTransaction": {"id": name},
                    "maximumRefundableSet": money(left),
                }
                for name, left in order["payments"].items()
            ]
        }

    def _work(self, work: dict[str, Any] | None) -> dict[str, Any] | None:
        if work is None:
            return None
        lines = [
            {"id": f"{work['id']}-{n}", "remainingQuantity": units, "lineItem": {"id": line}}
            for n, (line, units) in enumerate(work["left"].items())
        ]
        return {
            "id": work["id"],
            "status": work["status"],
            "assignedLocation": {"location": {"id": gid("Location", work["place"])}},
            "deliveryMethod": {"methodType": work["method"]},
            "lineItems": self._page(lines),
        }

    def _fulfillment(self, name: str) -> dict[str, Any] | None:
        one = self.fulfillments.get(name)
        if one is None:
            return None
        tracking = one["tracking"]
        numbers = tracking.get("numbers") or [tracking.get("number")]
        urls = tracking.get("urls") or [tracking.get("url")]
        told = [
            {
                "number": number,
                "company": tracking.get("company"),
                "url": urls[n] if n < len(urls) else None,
            }
            for n, number in enumerate(numbers)
            if number or tracking.get("company")
        ]
        lines = [{"quantity": units, "lineItem": {"id": n}} for n, units in one["units"].items()]
        return {
            "id": name,
            "status": one["status"],
            "inTransitAt": one["events"].get("IN_TRANSIT"),
            "deliveredAt": one["events"].get("DELIVERED"),
            "trackingInfo": lambda _, first: told[:first],
            "fulfillmentLineItems": self._page(lines),
        }

    def _variant(self, variant: dict[str, Any] | None) -> dict[str, Any] | None:
        return variant and {**variant, "__typename": "ProductVariant"}

    def _search(self, _: Any, first: int, query: str, **__: Any) -> dict[str, Any]:
        """A search finds what begins alike, too, whatever its case."""
        wanted = [
            part.removeprefix('sku:"').removesuffix('"').replace('\\"', '"').lower()
            for part in query.split(" OR ")
        ]
        found = [
            v
            for v in self.variants.values()
            if any(str(v["sku"]).lower().startswith(sku) for sku in wanted)
        ]
        return self._page(found)(None, first)

    # What it does.

    def _fulfill(self, _: Any, fulfillment: dict[str, Any], **__: Any) -> dict[str, Any]:
        taken = []
        for part in fulfillment["lineItemsByFulfillmentOrder"]:
            work = self.works.get(part["fulfillmentOrderId"])
            if work is None:
                return self._no("Fulfillment order does not exist.")
            if work["status"] not in ("OPEN", "IN_PROGRESS"):
                return self._no(f"Fulfillment order {work['id']} has an unfulfillable status")
            names = {f"{work['id']}-{n}": line for n, line in enumerate(work["left"])}
            wanted = part.get("fulfillmentOrderLineItems") or [
                {"id": n, "quantity": work["left"][line]} for n, line in names.items()
            ]
            for line in wanted:
                if line["quantity"] > work["left"].get(names.get(line["id"], ""), 0):
                    return self._no("Invalid fulfillment order line item quantity requested.")
                taken.append((work, names[line["id"]], line["quantity"]))
        if len({work["place"] for work, *_ in taken}) != 1:
            return self._no("All fulfillment orders must have the same assigned location.")
        order = next(o for o in self.orders.values() if taken[0][0] in o["works"])
        if order["cancelledAt"]:
            return self._no("The order is cancelled.")
        units: dict[str, int] = {}
        for work, line, quantity in taken:
            work["left"][line] -= quantity
            order["lines"][line][1] += quantity
            units[line] = units.get(line, 0) + quantity
            if not any(work["left"].values()):
                work["status"] = "CLOSED"
        made = {
            "id": gid("Fulfillment", self._next()),
            "status": "SUCCESS",
            "tracking": fulfillment.get("trackingInfo") or {},
            "units": units,
            "events": {},
            "notified": fulfillment["notifyCustomer"],
            "place": taken[0][0]["place"],
        }
        self.fulfillments[made["id"]] = made
        order["fulfillments"].append(made)
        return {"fulfillment": self._fulfillment(made["id"]), "userErrors": []}

    def _no(self, message: str, *field: str, code: str = "") -> dict[str, Any]:
        return {"userErrors": [error(message, *field, code=code)]}

    def _track(
        self, _: Any, fulfillmentId: str, trackingInfoInput: dict[str, Any], **__: Any
    ) -> dict[str, Any]:
        one = self.fulfillments.get(fulfillmentId)
        if one is None:
            return self._no("Fulfillment does not exist.", "fulfillmentId")
        one["tracking"] = trackingInfoInput
        return {"fulfillment": self._fulfillment(fulfillmentId), "userErrors": []}

    def _happened(self, _: Any, fulfillmentEvent: dict[str, Any]) -> dict[str, Any]:
        one = self.fulfillments[fulfillmentEvent["fulfillmentId"]]
        one["events"][fulfillmentEvent["status"]] = fulfillmentEvent.get("happenedAt") or AT
        return {"fulfillmentEvent": {"id": gid("FulfillmentEvent", self._next())}, "userErrors": []}

    def _prepare(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:
        works = [self.works[p["fulfillmentOrderId"]] for p in input["lineItemsByFulfillmentOrder"]]
        if all(work["prepared"] for work in works):
            code = "NO_LINE_ITEMS_TO_PREPARE_FOR_FULFILLMENT_ORDER"
            return self._no("No lines to prepare", code=code)
        for work in works:
            work["prepared"] = True
        return {"userErrors": []}

    def _cancel(self, _: Any, orderId: str, restock: bool, **how: Any) -> dict[str, Any]:
        order = self.orders[orderId]
        if order["cancelledAt"] or any(f["status"] == "SUCCESS" for f in order["fulfillments"]):
            told = error("Cannot cancel the order", "orderId", code="INVALID")
            return {"orderCancelUserErrors": [told], "userErrors": []}
        if self.cancels_at_once:
            order["cancelledAt"] = AT
            for work in order["works"]:
                work["status"] = "CANCELLED"
        order["note"] = how.get("staffNote")
        job = {"id": gid("Job", self._next()), "done": self.cancels_at_once}
        return {"job": job, "orderCancelUserErrors": [], "userErrors": []}

    def _calculated(self, name: str) -> dict[str, Any] | None:
        order = self.orders.get(name.replace("CalculatedOrder", "Order"))
        edit = self.edits.get(name)
        if order is None or edit is None:
            return None
        lines = [
            {
                "id": line.replace("LineItem", "CalculatedLineItem"),
                "quantity": edit.get(line, units),
            }
            for line, (units, _) in order["lines"].items()
        ]
        return {"__typename": "CalculatedOrder", "id": name, "lineItems": self._page(lines)}

    def _begin(self, _: Any, id: str) -> dict[str, Any]:
        if self.orders[id]["cancelledAt"]:
            return self._no("The order cannot be edited", "id")
        name = id.replace("Order", "CalculatedOrder")
        self.edits[name] = {}
        return {"calculatedOrder": {"id": name}, "userErrors": []}

    def _set(self, _: Any, id: str, lineItemId: str, quantity: int, **__: Any) -> dict[str, Any]:
        line = lineItemId.replace("CalculatedLineItem", "LineItem")
        _, gone = self.orders[id.replace("CalculatedOrder", "Order")]["lines"][line]
        if quantity < gone:
            return self._no("Quantity can't be less than what is fulfilled", "quantity")
        self.edits[id][line] = quantity
        told = {"id": lineItemId, "quantity": quantity}
        return {"calculatedLineItem": told, "userErrors": []}

    def _commit(self, _: Any, id: str, **__: Any) -> dict[str, Any]:
        order = self.orders[id.replace("CalculatedOrder", "Order")]
        for line, units in self.edits.pop(id).items():
            less = order["lines"][line][0] - units
            order["lines"][line][0] = units
            for work in order["works"]:
                if line in work["left"]:
                    off = min(work["left"][line], less)
                    work["left"][line] -= off
                    less -= off
        return {"order": {"id": order["id"]}, "userErrors": []}

    def _keyed(self, do: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        """Do it once for each key; the same key with other words is refused."""

        def once(info: Any, input: dict[str, Any]) -> dict[str, Any]:
            key = self._key
            said = msgspec.json.encode(input, order="deterministic")
            if key in self.keys:
                before, result = self.keys[key]
                if before != said:
                    return self._no(
                        "Key with other words", code="IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
                    )
                return result
            result = do(info, input)
            if not result["userErrors"]:
                self.keys[key] = (said, result)
            return result

        return once

    def _refund(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:
        order = self.orders[input["orderId"]]
        for one in input["transactions"]:
            if float(one["amount"]) > order["payments"].get(one["parentId"], 0) + 0.001:
                message = "Refund amount is more than is left of the transaction"
                return self._no(message, "transactions", "0", "amount")
        for one in input["transactions"]:
            order["payments"][one["parentId"]] -= float(one["amount"])
        made = {"id": gid("Refund", self._next()), "note": input.get("note"), "input": input}
        order["refunds"].append(made)
        return {"refund": {"id": made["id"]}, "userErrors": []}

    def _stock(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:
        if len(input["quantities"]) > INPUTS_MAX:
            code = {"code": "MAX_INPUT_SIZE_EXCEEDED"}
            raise GraphQLError("The input array size is too large", extensions=code)
        known = {v["inventoryItem"]["id"] for v in self.variants.values()}
        seen: set[tuple[str, str]] = set()
        errors = []
        for n, one in enumerate(input["quantities"]):
            at, pair = ("input", "quantities", str(n)), (one["inventoryItemId"], one["locationId"])
            if "changeFromQuantity" not in one:
                errors.append(error("is required", *at, code="COMPARE_QUANTITY_REQUIRED"))
            elif one["changeFromQuantity"] not in (None, self.stock.get(pair, 0)):
                errors.append(error("is stale", *at, code="CHANGE_FROM_QUANTITY_STALE"))
            if one["inventoryItemId"] not in known:
                code = "INVALID_INVENTORY_ITEM"
                errors.append(error("not found", *at, "inventoryItemId", code=code))
            if one["locationId"] not in {gid("Location", p) for p in self.locations}:
                errors.append(error("not found", *at, "locationId", code="INVALID_LOCATION"))
            if one["quantity"] < 0:
                code = "INVALID_QUANTITY_NEGATIVE"
                errors.append(error("is negative", *at, "quantity", code=code))
            if pair in seen:
                code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
                errors.append(error("twice", *at, code=code))
            seen.add(pair)
        if errors:
            return {"userErrors": errors}
        for one in input["quantities"]:
            self.stock[one["inventoryItemId"], one["locationId"]] = one["quantity"]
        return {
            "inventoryAdjustmentGroup": {"id": gid("InventoryAdjustmentGroup", self._next())},
            "userErrors": [],
        }

    def _price(
        self, _: Any, productId: str, variants: list[dict[str, Any]], **__: Any
    ) -> dict[str, Any]:
        errors, done = [], []
        for n, one in enumerate(variants):
            variant = self.variants.get(one["id"])
            if variant is None or variant["product"]["id"] != productId:
                code = "PRODUCT_VARIANT_DOES_NOT_EXIST"
                errors.append(error("does not exist", "variants", str(n), "id", code=code))
                continue
            variant |= {"price": one["price"], "compareAtPrice": one.get("compareAtPrice")}
            done.append({"id": one["id"]})
        return {"productVariants": done, "userErrors": errors}
