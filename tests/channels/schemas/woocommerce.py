"""What WooCommerce's published reference says of the bodies its teller sends.

``woocommerce-v3.json`` holds for each call the properties that may be written, with their types, as
the tables of the reference give them: woocommerce/woocommerce-rest-api-docs, the pages wp-api-v3 at
13d6196, Apache-2.0. Two things are from elsewhere: ``api_restock`` and ``refund_total`` of refunds
from the schema that ``WC_REST_Order_Refunds_Controller`` publishes, and the calls of the Shipment
Tracking extension from its own documentation. Nothing else may be sent.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec

SCHEMA = Path(__file__).parent / "woocommerce-v3.json"


@cache
def _schemas() -> dict[str, Any]:
    return msgspec.json.decode(SCHEMA.read_bytes())


def faults_of(method: str, path: str, body: Any) -> list[str]:
    """What is wrong with a call, as the reference says."""
    for pattern, schema in _schemas()["calls"].items():
        verb, _, route = pattern.partition(" ")
        if verb == method and re.fullmatch(route.replace("<n>", r"\d+"), path.partition("?")[0]):
            if schema is None:
                return [] if body is None else ["it takes no body"]
            whole = {**schema, "$defs": _schemas()["$defs"]}
            found = jsonschema_rs.Draft202012Validator(whole).iter_errors(body)
            return [f"{fault.instance_path}: {fault.message}" for fault in found]
    return [f"{method} {path} is no call of the reference"]
