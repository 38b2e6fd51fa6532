"""What identity refuses."""

from api.core.errors import AppError, NotFound


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
