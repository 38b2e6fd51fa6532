"""The databases of tests/api, for loads that go through the domains."""

from tests.api.conftest import committed, migrated_env, pool

__all__ = ["committed", "migrated_env", "pool"]
