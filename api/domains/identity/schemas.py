"""JSON of identity."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator


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
    password: Annotated[SecretStr, Field(min_length=10, max_length=1000)]
    age_band: Band | None = None
    income_band: Band | None = None
    household_size: Band | None = None

    @model_validator(mode="after")
    def _password_is_not_the_email(self) -> Self:
        if self.password.get_secret_value().strip().lower() == self.email:
            raise ValueError("the password must not be the e-mail address")
        return self


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
