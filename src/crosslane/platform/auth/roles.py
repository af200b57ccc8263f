"""The table of roles: what each may do. Nothing else in the code knows a role by name.

A permission is ``module:verb``. ``module:*`` stands for every verb of a module, ``*:verb`` for a
verb of every module, ``*`` for everything. Whoever acts for one location only (an associate) is
held to it by the modules, through the actor's ``location_id``.
"""

from collections.abc import Iterable

from crosslane.platform.actor import covers

SELF = "auth:self"
"""What everybody who is known may do: see and end one's own sessions, change one's password."""

_OPERATIONS = (
    "catalog:*",
    "customers:*",
    "locations:*",
    "carriers:*",
    "payments:*",
    "inventory:*",
    "transfers:*",
    "pricing:*",
    "sourcing:*",
    "orders:*",
    "fulfillment:*",
    "returns:*",
    "carts:*",
    "channels:*",
    "engagement:*",
    "documents:*",
    "vendors:*",
    "publishing:*",
)

ROLES: dict[str, tuple[str, ...]] = {
    "customer": (SELF,),
    "associate": (
        SELF,
        "organization:read",
        "catalog:read",
        "locations:read",
        "pricing:read",
        "orders:read",
        "carts:*",
        "inventory:read",
        "inventory:count",
        "inventory:place",
        "inventory:receive",
        "transfers:read",
        "transfers:request",
        "transfers:send",
        "transfers:receive",
        "fulfillment:read",
        "fulfillment:work",
        "returns:read",
        "returns:request",
        "returns:receive",
        "returns:grade",
        "returns:take_back",
        "orders:appease",
        "documents:read",
        "payments:lookup",
        "payments:issue",
    ),
    "agent": (
        SELF,
        "organization:read",
        "catalog:read",
        "locations:read",
        "carriers:read",
        "pricing:read",
        "inventory:read",
        "transfers:read",
        "sourcing:read",
        "payments:read",
        "payments:refund",
        "payments:lookup",
        "payments:issue",
        "payments:give",
        "payments:transfer",
        "payments:block",
        "fulfillment:read",
        "engagement:*",
        "documents:read",
        "documents:list",
        "customers:*",
        "carts:*",
        "orders:read",
        "orders:place",
        "orders:amend",
        "orders:cancel",
        "orders:stop",
        "orders:retry_money",
        "orders:appease",
        "returns:read",
        "returns:request",
        "returns:authorize",
        "returns:cancel",
        "returns:dispatch",
        "returns:settle",
        # Fraud is for a manager to clear.
        "orders:resolve_payment",
        "orders:resolve_address",
        "orders:resolve_manual",
        "orders:resolve_exchange",
        "orders:resolve_gathering",
        "orders:resolve_grace",
    ),
    "manager": (
        SELF,
        "*:read",
        *_OPERATIONS,
        "operations:*",
        "ledger:*",
        "finance:*",
        "insights:*",
        "auth:invite",
        "auth:device",
    ),
    "integrator": (
        SELF,
        "organization:read",
        "ledger:read",
        "finance:read",
        "finance:statement",
        *_OPERATIONS,
    ),
    "admin": ("*",),
}

HELD_TO_A_LOCATION = (
    *ROLES["associate"],
    "carriers:read",
    "channels:submit",
    "finance:statement",
    "inventory:adjust",
    "inventory:feed",
    "inventory:hold",
    "vendors:read",
    "vendors:message",
)
"""What a caller of one location may hold: its module keeps it to that location, or it tells of
nothing that is a location's own."""

STAFF_ROLES = ("associate", "agent", "manager", "admin")
KEY_ROLES = ("integrator", "admin")


def missing(held: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return what is wanted beyond what is held, sorted."""
    kept = frozenset(held)
    return sorted(w for w in wanted if not covers(kept, w))


def permissions_of(role: str, scopes: Iterable[str] | None = None) -> frozenset[str]:
    """Return what a role may do, within the scopes of a key when there are any."""
    held = frozenset(ROLES.get(role, ()))
    if scopes is None:
        return held
    return frozenset([SELF, *(scope for scope in scopes if covers(held, scope))])
