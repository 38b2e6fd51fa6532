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


class EmailVerified(Event):
    """A person showed that the account's address is theirs."""

    type: ClassVar[str] = "identity.email_verified"
    key_field: ClassVar[str] = "customer_id"

    customer_id: UUID


class ConsentGranted(Event):
    """A person agreed to one use of their data, in the words of one version."""

    type: ClassVar[str] = "identity.consent_granted"
    key_field: ClassVar[str] = "customer_id"

    customer_id: UUID
    purpose: str
    text_version: str


class ConsentWithdrawn(Event):
    """A person took an agreement back; from here on that use has to stop."""

    type: ClassVar[str] = "identity.consent_withdrawn"
    key_field: ClassVar[str] = "customer_id"

    customer_id: UUID
    purpose: str
    text_version: str
