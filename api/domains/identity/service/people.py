"""Who may do what: operators find people, give roles and take them; each act is in the audit log."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.access import ROLES
from api.core.audit import record_act
from api.core.db import Reader
from api.core.errors import Invalid
from api.domains.identity.contracts import CustomerView
from api.domains.identity.errors import CustomerNotFound, OwnRoles
from api.domains.identity.repository import accounts as repository
from api.domains.identity.service import accounts

GIVEN = tuple(role for role in ROLES if role != "customer")  # everybody is a customer


async def find(reader: Reader, query: str) -> list[CustomerView]:
    """People by the beginning of their e-mail address or by id; without a query those who have roles."""
    query = query.strip().lower()
    if not query:
        return await repository.list_staff(reader)
    try:
        customer_id = UUID(query)
    except ValueError:
        customer_id = None
    return await repository.find_people(reader, query, customer_id)


async def set_role(session: AsyncSession, actor_id: UUID, customer_id: UUID, role: str, is_given: bool) -> CustomerView:
    """Give or take a role; it holds at the person's next request in a browser, with a token within five minutes.

    Raises Invalid for a role that there is not, CustomerNotFound, and OwnRoles: nobody locks themselves out or up.
    """
    if role not in GIVEN:
        raise Invalid("role", f"must be one of {', '.join(GIVEN)}")
    if actor_id == customer_id:
        raise OwnRoles
    if await accounts.get_customer(session, customer_id) is None:
        raise CustomerNotFound
    had = role in await repository.get_roles(session, customer_id)
    if is_given and not had:
        await repository.add_role(session, customer_id, role)
    elif had and not is_given:
        await repository.drop_role(session, customer_id, role)
    if had != is_given:
        action = "identity.give_role" if is_given else "identity.take_role"
        await record_act(session, actor_id, action, f"customer:{customer_id}", role=role)
    view = await accounts.get_customer(session, customer_id)
    if view is None:
        raise CustomerNotFound
    return view
