"""What identity refuses."""

from api.core.errors import AppError, Conflict, NotFound


class WrongCredentials(AppError):
    """Unknown e-mail or wrong password: never told apart."""

    status = 401
    type = "wrong-credentials"
    title = "E-mail or password is wrong"


class RefreshRefused(AppError):
    """A refresh token that is unknown, expired, revoked or was used before."""

    status = 401
    type = "refresh-refused"
    title = "Sign in again"


class CustomerNotFound(NotFound):
    """No customer has this e-mail or id."""

    type = "customer-not-found"
    title = "There is no such customer"


class CodeRefused(AppError):
    """A one-time code that is wrong, too old, used, or tried too often: never told apart."""

    status = 422
    type = "code-refused"
    title = "This code does not hold; check it, or ask for a new one"


class SecondFactorNeeded(AppError):
    """The password is right; the second factor is awaited with `challenge` at POST /v1/tokens/second-factor."""

    status = 401
    type = "second-factor-needed"
    title = "Enter the code of your authenticator app"


class SecondFactorRefused(AppError):
    """A wrong or used code, or a challenge that is over."""

    status = 401
    type = "second-factor-refused"
    title = "This code does not hold; wait for the next one, or sign in again"


class SecondFactorIsOn(Conflict):
    """There is a second factor already."""

    type = "second-factor-on"
    title = "The second factor is on already; turn it off first"


class SecondFactorIsOff(Conflict):
    """There is no second factor, or it was never confirmed."""

    type = "second-factor-off"
    title = "There is no second factor to do this with"


class AddressNotFound(NotFound):
    """No such address, or another person's."""

    type = "address-not-found"
    title = "There is no such address"


class TooManyAddresses(Conflict):
    """More addresses than a person may keep."""

    type = "too-many-addresses"
    title = "You keep as many addresses as fit; remove one first"


class SessionNotFound(NotFound):
    """No such sign-in, or another person's."""

    type = "session-not-found"
    title = "There is no such sign-in"


class OwnRoles(Conflict):
    """Nobody gives or takes roles of their own."""

    type = "own-roles"
    title = "Another operator has to change your roles"
