"""An environment that the pipelines cannot use is refused by name."""

import pytest

from ingestion.settings import SettingsError
from pipelines.lib.dbt_env import dbt_env
from pipelines.lib.settings import load_settings

COMPLETE = {
    "AGORA_POSTGRES_INGESTION_URL": "postgresql://a:b@127.0.0.1:1/agora",
    "AGORA_LAKE_CATALOG_URL": "postgresql://a:b@127.0.0.1:1/lake",
    "AGORA_WAREHOUSE_URL": "postgresql://a:b@127.0.0.1:1/warehouse",
    "AGORA_VALKEY_URL": "redis://127.0.0.1:1/0",
    "AGORA_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "AGORA_S3_ENDPOINT": "http://127.0.0.1:1",
    "AGORA_S3_ACCESS_KEY": "key",
    "AGORA_S3_SECRET_KEY": "secret",
}


@pytest.fixture(autouse=True)
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)


def test_a_complete_environment_is_taken() -> None:
    settings = load_settings()
    assert settings.warehouse_url.endswith("/warehouse")
    assert settings.lake.lake_catalog_url == settings.lake_catalog_url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AGORA_WAREHOUSE_READ_URL", "mysql://127.0.0.1/warehouse"),
        ("AGORA_WAREHOUSE_URL", "not an address"),
        ("AGORA_WAREHOUSE_ULR", "postgresql://127.0.0.1/warehouse"),
        ("AGORA_DBT_TARGETDIR", "elsewhere"),
        ("AGORA_LAKE_CATALOG_URL", "postgresql://127.0.0.1:port/lake"),
        ("AGORA_POSTGRES_PIPELINES_URL", "http://127.0.0.1/agora"),
        ("AGORA_MLFLOW_URL", "127.0.0.1:18007"),
    ],
)
def test_a_wrong_name_or_address_is_refused_by_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_dbt_gets_the_address_in_parts() -> None:
    environment = dbt_env("postgresql://user:p%40ss@127.0.0.1:18002/warehouse")
    assert environment["AGORA_DBT_HOST"] == "127.0.0.1"
    assert environment["AGORA_DBT_PORT"] == "18002"
    assert environment["AGORA_DBT_PASSWORD"] == "p@ss"
    assert environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
