"""Who sells what where, and what the retailer has decided.

Nouns: legal :class:`Entity` (seat, VAT numbers, book currency, document series), :class:`Brand`,
:class:`Market` (country, currency, locales, tax mode), :class:`Channel` (a row, never code),
:class:`StaffMember` (the person's record; the sign-in account is the platform's) and policy: a
:class:`PolicyKind` is declared by the module that obeys it, a :class:`PolicyVersion` says what
holds in one scope from an instant on.

Doors for other modules: :func:`book` and :func:`policies` answer from memory and are always true in
the reading transaction; what they return is pure. ``policies(tx).resolve(KIND, at, location=...,
category=..., channel=..., brand=...)`` takes codes (a category as the codes from the root to the
leaf) and asks location, category, channel, brand, tenant in this order. A decision keeps the
version it obeyed. A module lists its kinds as ``POLICIES``; the composition root hands them to
:func:`register_policies`, and hands a check of its codes for each further scope to
:func:`register_scope`.

Invariants: codes never change. A channel keeps brand, market, entity, type and tax mode, a market
its country and currency, an entity the currency of its books. Policy versions are only added; an
undo is a version too. Document numbers have no gaps.

Events: PolicyChanged. Facts: ``organization``, ``organization.policies``.
Tables: organization_entity, organization_vat_number, organization_invoice_series,
organization_brand, organization_market, organization_channel, organization_staff_member (name is
personal), organization_policy.
"""

from crosslane.organization.domain import (
    METHODS,
    SCOPE_TYPES,
    TENANT,
    Brand,
    Candidate,
    Channel,
    ChannelType,
    Code,
    DocumentKind,
    Entity,
    Market,
    Method,
    Name,
    OrganizationBook,
    PolicyBook,
    PolicyKind,
    PolicyVersion,
    Reason,
    Scope,
    ScopeType,
    StaffMember,
    StaffRole,
    TaxMode,
    VatNumber,
    require_code,
    require_country,
    require_currency,
    require_locale,
    require_timezone,
    require_vat_number,
)
from crosslane.organization.errors import (
    BadCode,
    BadCountry,
    BadCurrency,
    BadLocale,
    BadTimezone,
    UnknownBrand,
    UnknownChannel,
    UnknownEntity,
    UnknownMarket,
    UnknownStaffMember,
)
from crosslane.organization.events import PolicyChanged
from crosslane.organization.rest import ROUTES
from crosslane.organization.service import (
    ORGANIZATION,
    POLICY_BOOK,
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    PutStaffMember,
    SetPolicy,
    UndoPolicy,
    book,
    policies,
    put_brand,
    put_channel,
    put_entity,
    put_market,
    put_staff,
    register_policies,
    register_scope,
    set_policy,
    staff_by_account,
    staff_by_code,
    staff_by_customer,
    staff_by_id,
    take_document_numbers,
    undo_policy,
)
from crosslane.organization.service.commands import COMMANDS
from crosslane.organization.storage import PERSONAL_COLUMNS

__all__ = [
    "COMMANDS",
    "METHODS",
    "ORGANIZATION",
    "PERSONAL_COLUMNS",
    "POLICY_BOOK",
    "ROUTES",
    "SCOPE_TYPES",
    "TENANT",
    "BadCode",
    "BadCountry",
    "BadCurrency",
    "BadLocale",
    "BadTimezone",
    "Brand",
    "Candidate",
    "Channel",
    "ChannelType",
    "Code",
    "DocumentKind",
    "Entity",
    "Market",
    "Method",
    "Name",
    "OrganizationBook",
    "PolicyBook",
    "PolicyChanged",
    "PolicyKind",
    "PolicyVersion",
    "PutBrand",
    "PutChannel",
    "PutEntity",
    "PutMarket",
    "PutStaffMember",
    "Reason",
    "Scope",
    "ScopeType",
    "SetPolicy",
    "StaffMember",
    "StaffRole",
    "TaxMode",
    "UndoPolicy",
    "UnknownBrand",
    "UnknownChannel",
    "UnknownEntity",
    "UnknownMarket",
    "UnknownStaffMember",
    "VatNumber",
    "book",
    "policies",
    "put_brand",
    "put_channel",
    "put_entity",
    "put_market",
    "put_staff",
    "register_policies",
    "register_scope",
    "require_code",
    "require_country",
    "require_currency",
    "require_locale",
    "require_timezone",
    "require_vat_number",
    "set_policy",
    "staff_by_account",
    "staff_by_code",
    "staff_by_customer",
    "staff_by_id",
    "take_document_numbers",
    "undo_policy",
]
