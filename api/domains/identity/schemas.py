"""JSON of identity."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from babel import Locale
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)


def _address(value: str) -> str:
    local, at, domain = value.lower().partition("@")
    if not (local and at and "." in domain.strip(".")) or any(character.isspace() for character in value):
        raise ValueError("is not an e-mail address")
    return value.lower()


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds characters that cannot be shown")
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_printable)]
Email = Annotated[Text, AfterValidator(_address)]
Name = Annotated[Text, StringConstraints(min_length=1, max_length=100)]
Band = Annotated[Text, StringConstraints(max_length=40)]
# The upper bound keeps one request from costing a long hash.
Password = Annotated[SecretStr, Field(max_length=1000)]


class Body(BaseModel):
    """Base of request bodies: a name that nobody reads is an error."""

    model_config = ConfigDict(extra="forbid")


class Registration(Body):
    """A new account."""

    email: Email
    display_name: Name
    password: Password
    age_band: Band | None = None
    income_band: Band | None = None
    household_size: Band | None = None


class Credentials(Body):
    """E-mail and password."""

    email: Text
    password: Password


class RefreshRequest(Body):
    """The refresh token of the last answer."""

    refresh_token: Annotated[str, StringConstraints(max_length=200)]


class RegistrationAnswer(BaseModel):
    """The same whether or not the address had an account, so that nobody learns who is a customer."""

    email: str
    next: Literal["sign-in"] = "sign-in"


class TokenAnswer(BaseModel):
    """An access token for `Authorization: Bearer`, and the token that renews it once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- a kind, not a secret
    expires_in: int


class Me(BaseModel):
    """The person who asks."""

    customer_id: UUID
    email: str
    display_name: str
    roles: list[str]
    registered_at: datetime
    is_email_verified: bool = False
    has_second_factor: bool = False
    recovery_codes_left: int = 0


def _country(value: str) -> str:
    if value.upper() not in COUNTRIES:
        raise ValueError("is not a country by ISO 3166-1")
    return value.upper()


# Countries by ISO 3166-1 alpha-2, with their English names.
COUNTRIES: dict[str, str] = {
    code: str(name)
    for code, name in sorted(Locale("en").territories.items(), key=lambda item: str(item[1]))
    if len(code) == 2 and code.isalpha() and code not in {"EU", "EZ", "UN", "XA", "XB", "XK", "ZZ", "QO"}
}
Line = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Rest = Annotated[Text, StringConstraints(max_length=200)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]


class AddressWrite(Body):
    """Where things are to be sent."""

    name: Name
    line1: Line
    line2: Rest = ""
    city: Annotated[Line, StringConstraints(max_length=100)]
    region: Annotated[Text, StringConstraints(max_length=10, pattern=r"^[A-Za-z0-9-]*$")] = ""
    postal_code: Annotated[Line, StringConstraints(max_length=20)]
    country: Annotated[Text, AfterValidator(_country)]
    phone: Annotated[Text, StringConstraints(max_length=40, pattern=r"^[0-9+()/. -]*$")] = ""
    is_default: bool = False


class CodeWrite(Body):
    """A code that came by mail or from the authenticator app."""

    code: Code


class ChallengeAnswer(Body):
    """The second step of a sign-in."""

    challenge: Annotated[str, StringConstraints(max_length=200)]
    code: Code


class CodeSent(BaseModel):
    """The same whether or not a mail is on its way."""

    next: Literal["enter-the-code"] = "enter-the-code"


class RecoveryRequest(Body):
    """Whose password is forgotten."""

    email: Email


class RecoveryWrite(Body):
    """A new password, by the mailed code."""

    email: Email
    code: Code
    password: Password


class PasswordWrite(Body):
    """A new password."""

    password: Password


class EmailWrite(Body):
    """A new address of the account."""

    email: Email


class ProfileWrite(Body):
    """What a person says of themselves."""

    display_name: Name


class Confirmation(Body):
    """Who it is, once more; `code` where a second factor is on."""

    password: Password
    code: Annotated[str, StringConstraints(max_length=20)] = ""


class SecondFactorEnrolment(BaseModel):
    """For an authenticator app: the secret in base32, and as an otpauth address."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Each signs in once in place of the app's code; they are shown only now."""

    recovery_codes: list[str]


class Ended(BaseModel):
    """How many sign-ins ended."""

    ended: int


class Preferences(BaseModel):
    """Kinds of mail, and whether each is wanted; whether products are chosen by what the person did."""

    mails: dict[str, bool]
    is_personalised: bool


class PreferencesWrite(Body):
    """The kinds of mail that are wanted, the others are not; what is left out stays as it is."""

    wanted: Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Field(max_length=20)] | None = None
    is_personalised: bool | None = None


class ConsentWrite(Body):
    """Grant or withdraw; `version` is the text that was read."""

    is_granted: bool
    version: Annotated[str, StringConstraints(max_length=20)] | None = None
