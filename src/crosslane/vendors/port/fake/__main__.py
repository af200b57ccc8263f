"""Start the strict vendor as a process of its own."""

from pathlib import Path

from cyclopts import App

from crosslane.vendors.port.fake.messages import Messenger, Script
from crosslane.vendors.port.fake.office import Office
from crosslane.vendors.port.fake.server import VendorServer

app = App(help="A strict vendor to try Crosslane against.")


@app.default
def serve(
    *,
    state: Path,
    port: int = 0,
    order_secret: str,
    message_secret: str,
    message_url: str = "",
) -> None:
    """Serve until killed, on 127.0.0.1.

    Args:
        state: file in which every order is kept.
        port: where to listen; 0 for any free one. The address is printed.
        order_secret: what orders must be signed with (Standard Webhooks).
        message_secret: what its own messages are signed with.
        message_url: where it sends them; it says nothing while empty.
    """
    messenger = Messenger(Script(url=message_url, secret=message_secret))
    VendorServer(port, order_secret, Office(state), messenger).run()


if __name__ == "__main__":
    app()
