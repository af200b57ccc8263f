"""Which route answers at an address."""

from collections.abc import Sequence

from crosslane.platform.web import errors
from crosslane.platform.web.routes import Route

OPTIONS = "OPTIONS"


class _Step:
    """One step of addresses: what follows it, and who answers where an address ends with it."""

    def __init__(self) -> None:
        self.literal: dict[str, _Step] = {}
        self.parameter: _Step | None = None
        self.routes: dict[str, tuple[Route, list[str]]] = {}


class Directory:
    """Finds routes by method and path; a literal step goes before a parameter.

    Args:
        routes: all there are; GET answers HEAD too.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self._root = _Step()
        # Where nothing is left open an address leads to its route at once.
        self._fixed = {
            (method, route.path): route
            for route in routes
            if "{" not in route.path
            for method in _methods(route)
        }
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        here, names = self._root, []
        for step in route.path.split("/"):
            if step.startswith("{"):
                names.append(step[1:-1])
                here.parameter = here.parameter or _Step()
                here = here.parameter
            elif step:
                here = here.literal.setdefault(step, _Step())
        for method in _methods(route):
            if method in here.routes:
                raise ValueError(f"{method} {route.path} is declared twice")
            here.routes[method] = (route, names)

    def find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], str]:
        """Return who answers, the parameters in the path, and the path without needless slashes.

        The route is None where somebody asks for OPTIONS: :meth:`methods` answers.

        Raises:
            NoSuchAddress: nobody answers there.
            MethodNotAllowed: others do, but not this method.
        """
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, {}, path
        here, values, steps = self._end(path)
        plain = "/" + "/".join(steps)
        found = here.routes.get(method)
        if found is not None:
            route, names = found
            return route, dict(zip(names, values, strict=True)), plain
        if method == OPTIONS:
            return None, {}, plain
        raise errors.MethodNotAllowed(method=method, allowed=self.methods(path))

    def methods(self, path: str) -> str:
        """Return what may be asked for at an address, as the header ``Allow`` says it.

        Raises:
            NoSuchAddress: nobody answers there.
        """
        return ", ".join(sorted([*self._end(path)[0].routes, OPTIONS]))

    def _end(self, path: str) -> tuple[_Step, list[str], list[str]]:
        here, values = self._root, []
        steps = [step for step in path.split("/") if step]
        for step in steps:
            following = here.literal.get(step)
            if following is None:
                following = here.parameter
                values.append(step)
            if following is None:
                raise errors.NoSuchAddress
            here = following
        if not here.routes:
            raise errors.NoSuchAddress
        return here, values, steps


def _methods(route: Route) -> tuple[str, ...]:
    return ("GET", "HEAD") if route.method == "GET" else (route.method,)
