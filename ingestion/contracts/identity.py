"""Events of identity. No e-mail, name or password ever leaves the domain."""

from typing import ClassVar

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import AnonymousId, Attribute, CustomerId


class CustomerRegistered(Event):
    """A person has an account. The segments are self-declared, and null where the person said nothing."""

    type: ClassVar[str] = "identity.customer_registered"
    key_field: ClassVar[str] = "customer_id"

    customer_id: CustomerId
    source: str
    age_band: Attribute | None = None
    income_band: Attribute | None = None
    household_size: Attribute | None = None


class SignedIn(Event):
    """A person signed in; `anonymous_id` is what the browser was known as until then."""

    type: ClassVar[str] = "identity.signed_in"
    key_field: ClassVar[str] = "customer_id"

    customer_id: CustomerId
    anonymous_id: AnonymousId | None = None


class EmailVerified(Event):
    """A person showed that the account's address is theirs."""

    type: ClassVar[str] = "identity.email_verified"
    key_field: ClassVar[str] = "customer_id"

    customer_id: CustomerId


class ConsentGranted(Event):
    """A person agreed to one use of their data, in the words of one version."""

    type: ClassVar[str] = "identity.consent_granted"
    key_field: ClassVar[str] = "customer_id"

    customer_id: CustomerId
    purpose: str
    text_version: str


class ConsentWithdrawn(Event):
    """A person took an agreement back; from here on that use has to stop."""

    type: ClassVar[str] = "identity.consent_withdrawn"
    key_field: ClassVar[str] = "customer_id"

    customer_id: CustomerId
    purpose: str
    text_version: str
