"""Events of identity. No e-mail, name or password ever leaves the domain."""

from typing import ClassVar
from uuid import UUID

from ingestion.contracts.envelope import Event


class CustomerRegistered(Event):
    """A person has an account. The segments are self-declared, and null where the person said nothing."""

    type: ClassVar[str] = "identity.customer_registered"
    key_field: ClassVar[str] = "customer_id"

    customer_id: UUID
    source: str
    age_band: str | None = None
    income_band: str | None = None
    household_size: str | None = None


class SignedIn(Event):
    """A person signed in; `anonymous_id` is what the browser was known as until then."""

    type: ClassVar[str] = "identity.signed_in"
    key_field: ClassVar[str] = "customer_id"

    customer_id: UUID
    anonymous_id: UUID | None = None
