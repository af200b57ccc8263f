"""What is given for goods whose order nobody knows; pure."""

from crosslane.kernel import line_amount
from crosslane.organization import TaxMode
from crosslane.pricing import Amounts, split
from crosslane.returns.domain.policy import ReturnPolicy


def value_of(unit_price_milli: int, quantity: int, tax_rate_bp: int, mode: TaxMode) -> Amounts:
    """Return what units are worth; line and tax are rounded once each, half away from zero.

    Args:
        unit_price_milli: price of one in 1/1000 minor unit, with tax where prices have it.
        quantity: units.
        tax_rate_bp: rate in basis points.
        mode: whether the channel's prices include tax.
    """
    basis = "gross" if mode == "inclusive" else "net"
    return split(line_amount(unit_price_milli, quantity), tax_rate_bp, basis)


def why_a_person(policy: ReturnPolicy, gross_minor: int) -> str:
    """Return why a blind return takes a manager's reason, "" when it does not."""
    if policy.blind == "manager":
        return "the policy leaves it to a person"
    if policy.blind == "allowed" and gross_minor > policy.blind_minor_max:
        return f"{gross_minor} is above the limit of {policy.blind_minor_max}"
    return ""
