"""Tables of identity."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from api.core.db import Base

SCHEMA = {"schema": "identity"}
TIME = DateTime(timezone=True)


class Customer(Base):
    """A person with an account; `email` is kept in lower case."""

    __tablename__ = "customers"
    __table_args__ = SCHEMA

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
    source: Mapped[str]
    age_band: Mapped[str | None]
    income_band: Mapped[str | None]
    household_size: Mapped[str | None]
    registered_at: Mapped[datetime] = mapped_column(TIME)
    email_verified_at: Mapped[datetime | None] = mapped_column(TIME)


class CustomerRole(Base):
    """A role beyond `customer`, which everybody has."""

    __tablename__ = "customer_roles"
    __table_args__ = SCHEMA

    customer_id: Mapped[UUID] = mapped_column(ForeignKey(Customer.customer_id), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    granted_at: Mapped[datetime] = mapped_column(TIME, server_default=func.now())


class SignInSession(Base):
    """One sign-in: a browser's, with `token_hash`, or an API client's, with refresh tokens."""

    __tablename__ = "sessions"
    __table_args__ = SCHEMA

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey(Customer.customer_id))
    token_hash: Mapped[bytes | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(TIME, server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(TIME)
    revoked_at: Mapped[datetime | None] = mapped_column(TIME)
    confirmed_at: Mapped[datetime] = mapped_column(TIME, server_default=func.now())
    user_agent: Mapped[str] = mapped_column(server_default="")


class RefreshToken(Base):
    """One link in the chain of a session's refresh tokens."""

    __tablename__ = "refresh_tokens"
    __table_args__ = SCHEMA

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey(SignInSession.session_id))
    issued_at: Mapped[datetime] = mapped_column(TIME, server_default=func.now())
    used_at: Mapped[datetime | None] = mapped_column(TIME)
