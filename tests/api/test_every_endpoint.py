"""Every endpoint of the manual under generated requests, well formed and malformed, from a running shop.

No request may break the server, and no answer may be one that the manual does not announce: its status, its media type
and the shape of its body.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
import schemathesis
import schemathesis.specs.openapi.schemas  # not in the midst of a test: other threads may be compiling by then
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from tests.shop import filled_shop, open_shop

EXAMPLES = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    ignored_auth,
]
TOKEN = """
import asyncio, tests.browser.shelves as shelves
from uuid import uuid4
from api.core.access import ROLES
from api.core.auth import Principal
from api.core.db import get_database, transaction
from api.domains.identity import facade
from api.domains.identity.service.tokens import sign_access_token
from sqlalchemy import text
async def main():
    async with transaction() as session:
        found = await session.execute(text("SELECT customer_id FROM identity.customers WHERE email = :email"),
                                      {"email": shelves.EXECUTIVE})
        customer_id = found.scalar_one()
    await get_database().close()
    print(sign_access_token(Principal(customer_id, frozenset(ROLES), uuid4()))[0])
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def shop(stack_env: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address of a shop, and the token of somebody with every role."""
    folder = tmp_path_factory.mktemp("shop")
    with filled_shop(stack_env, folder) as env, open_shop(env, folder) as url:
        made = subprocess.run([sys.executable, "-c", TOKEN], env=env, capture_output=True, text=True, check=True)
        yield url, made.stdout.strip()


def test_every_endpoint_answers_as_its_manual_says(shop: tuple[str, str]) -> None:
    url, token = shop
    wrong: dict[str, str] = {}

    def drive(operation: APIOperation) -> None:
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.one_of(operation.as_strategy(mode) for mode in GenerationMode))
        def answers(case: schemathesis.Case) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS, timeout=20)

        try:
            answers()
        except (Exception, FailureGroup) as error:  # the others are tried as well
            wrong[operation.label] = str(error)

    operations = [each.ok() for each in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations()]
    for operation in operations:
        if not operation.path.endswith("/stream"):  # one that succeeds has no end
            drive(operation)
    assert len(operations) >= 20
    assert wrong == {}, "\n\n".join(f"{name}\n{error}" for name, error in wrong.items())
