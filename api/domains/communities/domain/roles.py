"""Who may do what in a community."""

from dataclasses import dataclass
from datetime import datetime

from api.domains.communities.contracts import Role, Visibility

BELONGING = frozenset({"owner", "moderator", "member"})
LEADING = frozenset({"owner", "moderator"})


@dataclass(frozen=True, slots=True)
class Standing:
    """A person in a community; `role` None: nothing to do with it. `is_staff`: moderates for the whole house."""

    role: Role | None = None
    appointed_at: datetime | None = None
    is_staff: bool = False

    @property
    def belongs(self) -> bool:
        """Whether the person is a member, of whatever rank."""
        return self.role in BELONGING

    @property
    def leads(self) -> bool:
        """Whether the person moderates here."""
        return self.is_staff or self.role in LEADING


def may_read(visibility: Visibility, person: Standing) -> bool:
    """Everybody reads public and restricted communities, also the banned; members alone read private ones."""
    return visibility != "private" or person.belongs


def may_write(visibility: Visibility, person: Standing) -> bool:
    """Whoever is signed in and not banned writes and votes in public communities; elsewhere members do."""
    if person.role == "banned":
        return False
    return visibility == "public" or person.belongs


def role_on_joining(visibility: Visibility) -> Role:
    """A public community is joined at once; the others let people in."""
    return "member" if visibility == "public" else "waiting"


def outranks(actor: Standing, target: Standing) -> bool:
    """Whether `actor` may act on `target`: the owner on everybody else, a moderator on later ones and on members.

    Who moderates for the house acts on everybody but the owner.
    """
    if target.role == "owner":
        return False
    if actor.role == "owner" or actor.is_staff:
        return True
    if actor.role != "moderator":
        return False
    if target.role != "moderator" or actor.appointed_at is None or target.appointed_at is None:
        return target.role != "moderator"
    return actor.appointed_at < target.appointed_at
