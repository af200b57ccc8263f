"""Start the strict payment provider as a process of its own."""

from pathlib import Path

from cyclopts import App

from crosslane.payments.provider.fake.bank import Bank
from crosslane.payments.provider.fake.messages import Delivery, Messenger
from crosslane.payments.provider.fake.server import Provider

app = App(help="A strict payment provider to try Crosslane against.")


@app.default
def serve(
    *,
    state: Path,
    port: int = 0,
    api_key: str,
    webhook_secret: str,
    webhook_url: str = "",
) -> None:
    """Serve until killed, on 127.0.0.1.

    Args:
        state: file in which every charge is kept.
        port: where to listen; 0 for any free one. The address is printed.
        api_key: what callers have to show.
        webhook_url: where messages are sent; none are sent while empty.
        webhook_secret: what they are signed with: whsec_ and base64 (Standard Webhooks).
    """
    bank = Bank(state)
    messenger = Messenger(bank, Delivery(url=webhook_url, secret=webhook_secret))
    Provider(port, api_key, bank, messenger).run()


if __name__ == "__main__":
    app()
