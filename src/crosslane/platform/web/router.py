"""Which route answers an address."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from crosslane.platform.web import errors
from crosslane.platform.web.routes import Route

_SLASHES = re.compile("//+")
_PARAMETER = re.compile(r"{(\w+)}")


class Found(msgspec.Struct, frozen=True):
    """What is at an address.

    Args:
        path: the address, written in the one way.
        values: what stands in it for the parameters, in order.
        by_method: its routes; HEAD is answered by that of GET.
    """

    path: str
    values: Sequence[str]
    by_method: Mapping[str, Route]

    @property
    def allowed(self) -> str:
        """The methods it takes, for the header ``Allow``."""
        return ", ".join(sorted([*self.by_method, "OPTIONS"]))

    def route(self, method: str) -> Route:
        """Return the route of a method.

        Raises:
            MethodNotAllowed: there is none.
        """
        route = self.by_method.get(method)
        if route is None:
            raise errors.MethodNotAllowed(method=method, allowed=self.allowed)
        return route

    def parameters(self, route: Route) -> dict[str, str]:
        """Return the values of its parameters by the names that a route gives them."""
        if not self.values:
            return {}
        return dict(zip(_PARAMETER.findall(route.path), self.values, strict=True))


class Router:
    """Every address of an application. A plain one goes before one with parameters."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._plain: dict[str, dict[str, Route]] = defaultdict(dict)
        self._root = _Step()
        for route in routes:
            by_method = self._plain[route.path] if "{" not in route.path else self._place(route)
            by_method[route.method] = route
            if route.method == "GET":
                by_method["HEAD"] = route

    def find(self, path: str) -> Found:
        """Return what is at an address; doubled slashes and one at the end make no difference.

        Raises:
            NoSuchAddress: nothing is.
        """
        path = _SLASHES.sub("/", "/" + path.strip("/"))
        by_method = self._plain.get(path)
        if by_method is not None:
            return Found(path, (), by_method)
        step, values = self._root, []
        for text in path[1:].split("/"):
            known = step.named.get(text)
            if known is None:
                known = step.any
                values.append(text)
            if known is None:
                raise errors.NoSuchAddress
            step = known
        if not step.by_method:
            raise errors.NoSuchAddress
        return Found(path, values, step.by_method)

    def _place(self, route: Route) -> dict[str, Route]:
        step = self._root
        for text in route.path[1:].split("/"):
            if text.startswith("{"):
                step.any = step.any or _Step()
                step = step.any
            else:
                step = step.named.setdefault(text, _Step())
        return step.by_method


class _Step:
    """Where a part of an address leads to."""

    def __init__(self) -> None:
        self.named: dict[str, _Step] = {}
        self.any: _Step | None = None
        self.by_method: dict[str, Route] = {}
