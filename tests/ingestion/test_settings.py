"""Settings are refused by name."""

import pytest

from ingestion.settings import SettingsError, load_settings

GOOD = {
    "AGORA_POSTGRES_INGESTION_URL": "postgresql://agora_ingestion@127.0.0.1:1/agora",
    "AGORA_LAKE_CATALOG_URL": "postgresql://agora_lake@127.0.0.1:1/lake",
    "AGORA_WAREHOUSE_URL": "postgresql://agora_pipelines@127.0.0.1:1/warehouse",
    "AGORA_VALKEY_URL": "redis://127.0.0.1:1/0",
    "AGORA_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "AGORA_S3_ENDPOINT": "http://127.0.0.1:1",
    "AGORA_S3_ACCESS_KEY": "access",
    "AGORA_S3_SECRET_KEY": "hidden",
}


@pytest.fixture(autouse=True)
def _good(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    for name in ("AGORA_KAFKA_TOPIC_PREFIX", "AGORA_LANDER_COMMIT_SECONDS", "AGORA_LAKE_NAMESPACE_PREFIX"):
        monkeypatch.delenv(name, raising=False)


def test_the_local_stack_needs_nothing_else() -> None:
    settings = load_settings()
    assert settings.topic("ordering") == "agora.ordering"
    assert settings.table("raw.ordering") == "raw.ordering"
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AGORA_KAFKA_BOOTSTRAP", "nowhere"),
        ("AGORA_KAFKA_BOOTSTRAP", "host:99999"),
        ("AGORA_S3_ENDPOINT", "127.0.0.1:9000"),
        ("AGORA_LAKE_CATALOG_URL", "mysql://host/lake"),
        ("AGORA_LAKE_CATALOG_URL", "postgresql:///lake"),
        ("AGORA_LANDER_COMMIT_SECONDS", "0"),
        ("AGORA_LAKE_NAMESPACE_PREFIX", "Drop.Table"),
        ("AGORA_KAFKA_FOO", "1"),
        ("AGORA_LANDER_COMMIT_SECOND", "1"),
    ],
)
def test_what_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}:"):
        load_settings()


def test_every_missing_name_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGORA_S3_ENDPOINT")
    monkeypatch.delenv("AGORA_WAREHOUSE_URL")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "AGORA_S3_ENDPOINT" in str(refusal.value)
    assert "AGORA_WAREHOUSE_URL" in str(refusal.value)


def test_names_of_other_planes_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_S3_MEDIA_BUCKET", "agora-media")
    monkeypatch.setenv("AGORA_API_DOMAINS", "catalog")
    load_settings()
