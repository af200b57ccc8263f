"""Start the strict carrier as a process of its own."""

from pathlib import Path

from cyclopts import App

from crosslane.carriers.port.fake.depot import Depot
from crosslane.carriers.port.fake.server import Carrier

app = App(help="A strict carrier to try Crosslane against.")


@app.default
def serve(*, state: Path, port: int = 0, api_key: str) -> None:
    """Serve until killed, on 127.0.0.1.

    Args:
        state: file in which every label is kept.
        port: where to listen; 0 for any free one. The address is printed.
        api_key: what callers have to show.
    """
    Carrier(port, api_key, Depot(state)).run()


if __name__ == "__main__":
    app()
