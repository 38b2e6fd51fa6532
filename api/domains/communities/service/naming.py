"""How communities and sets of them are called, and where they are found."""

import re
from collections.abc import Collection

from api.core.errors import Invalid
from api.core.texts import fitting, together

LONGEST_NAME = 80
_SLUG = re.compile(r"[a-z0-9_-]{3,30}")


def naming(slug: str, name: str, reserved: Collection[str] = ()) -> tuple[str, str]:
    """Address and name in the form that is kept. Raises Invalid with whatever is wrong with either."""
    name, slug = together(lambda: fitting_name(name), lambda: _fitting_slug(slug, reserved))
    return slug, name


def fitting_name(name: str) -> str:
    """The name on one line. Raises Invalid."""
    return " ".join(fitting("name", name, LONGEST_NAME, shortest=1).split())


def _fitting_slug(slug: str, reserved: Collection[str]) -> str:
    slug = slug.strip().lower()
    if not _SLUG.fullmatch(slug) or slug in reserved:
        raise Invalid("slug", "takes 3 to 30 letters, digits, - or _")
    return slug
