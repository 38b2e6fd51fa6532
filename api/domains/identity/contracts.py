"""What identity shows other domains."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CustomerImport:
    """A customer from elsewhere. Without `password_hash` nobody can sign in as this customer."""

    customer_id: UUID
    email: str
    display_name: str
    password_hash: str | None
    source: str
    age_band: str | None
    income_band: str | None
    household_size: str | None
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer as other domains may know one."""

    customer_id: UUID
    email: str
    display_name: str
    roles: frozenset[str]
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an API client gets for a password or a refresh token; `expires_in` is seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person wants things sent; `country` by ISO 3166-1 alpha-2."""

    address_id: UUID
    name: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str
    phone: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class SessionView:
    """One sign-in that still holds."""

    session_id: UUID
    created_at: datetime
    expires_at: datetime
    user_agent: str
    is_browser: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class ConsentView:
    """What a person said of one purpose; never asked or withdrawn: not granted."""

    purpose: str
    version: str
    title: str
    text: str
    is_granted: bool
    said_at: datetime | None


@dataclass(frozen=True, slots=True)
class Profile:
    """An account as its owner sees it."""

    customer_id: UUID
    email: str
    display_name: str
    is_email_verified: bool
    has_second_factor: bool
    recovery_codes_left: int
    registered_at: datetime
