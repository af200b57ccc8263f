"""Strict shops in processes of their own: a test sets them up, and looks into them."""

import sys
from typing import Any, ClassVar

import msgspec

from tests.counterpart import Counterpart

SHOPS = ("shopify", "woocommerce", "amazon", "ebay", "square")
# What the app of a test shows for a token, and its client id and secret.
APP = "an app:its secret"
GRANT = b"grant_type=client_credentials&client_id=an+app&client_secret=its+secret"


class ShopProcess(Counterpart):
    """One strict shop.

    Args:
        family: which of the SHOPS.
    """

    MODULE: ClassVar[str] = "tests.channels.strict_server"

    def __init__(self, family: str) -> None:
        super().__init__(family)

    def do(self, name: str, *args: Any, **named: Any) -> None:
        """Have the shop do one of its own methods, such as ``add_order``."""
        self.ask("POST", "control/do", {"name": name, "args": args, "named": named})

    def lose(self, call: str) -> None:
        """Let the answer to the next call of a name be lost, done as it is."""
        self.ask("POST", "control/lose", call)

    @property
    def shown(self) -> dict[str, Any]:
        """What it keeps."""
        return self.ask("POST", "control/shown", {}).json()


def _shown(shop: Any) -> dict[str, Any]:
    """What a shop keeps, as JSON; names of a pair are written as one."""
    kept = {name: value for name, value in vars(shop).items() if not name.startswith("_")}
    kept.pop("keys", None)
    return {
        name: sorted(value)
        if isinstance(value, set)
        else {"@".join(n) if isinstance(n, tuple) else str(n): v for n, v in value.items()}
        if isinstance(value, dict)
        else value
        for name, value in kept.items()
    }


def serve(family: str) -> None:
    """Serve one shop until killed."""
    from threading import Lock

    from crosslane.channels import Answer, Call
    from crosslane.platform.misdeeds import Lost
    from crosslane.platform.strangers import Asked, Said, Stranger
    from tests.channels.strict_amazon import StrictAmazon
    from tests.channels.strict_ebay import StrictEbay
    from tests.channels.strict_shopify import TOKEN, StrictShop
    from tests.channels.strict_square import StrictSquare
    from tests.channels.strict_woocommerce import StrictWoo

    every = (StrictShop, StrictWoo, StrictAmazon, StrictEbay, StrictSquare)
    plays = dict(zip(SHOPS, every, strict=True))
    shop: Any = plays[family]()

    class Server(Stranger):
        body_bytes_max = 4 << 20

        def __init__(self) -> None:
            super().__init__(0)
            self.lock = Lock()
            self.lost: set[str] = set()

        def answer(self, asked: Asked) -> Said:
            method, *steps = asked.steps
            with self.lock:
                match steps:
                    case ["control", "do"]:
                        told = msgspec.json.decode(asked.body)
                        getattr(shop, told["name"])(*told["args"], **told["named"])
                        return 204, None
                    case ["control", "shown"]:
                        return 200, _shown(shop)
                    case ["admin", "oauth", "access_token"]:
                        if asked.body != GRANT:
                            return 400, {"error": "invalid_client"}
                        return 200, {"access_token": TOKEN, "expires_in": 86_399}
                    case ["control", "lose"]:
                        self.lost.add(msgspec.json.decode(asked.body))
                        return 204, None
                call = Call(
                    method=method, path="/".join(steps), headers=asked.headers, body=asked.body
                )
                answer: Answer = shop.answer(call)
                if shop.calls and shop.calls[-1] in self.lost:
                    self.lost.remove(shop.calls[-1])
                    raise Lost
                more = {n: v for n, v in answer.headers.items() if n != "content-type"}
                return answer.status, answer.body, more

    Server().run()


if __name__ == "__main__":
    serve(sys.argv[1])
