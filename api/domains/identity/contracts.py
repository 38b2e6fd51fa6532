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
