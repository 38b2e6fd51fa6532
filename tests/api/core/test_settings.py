"""An environment that cannot be used is refused by name, before anything starts."""

import os

import pytest

from api.core.settings import SettingsError, load_settings

pytestmark = pytest.mark.usefixtures("migrated_env")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("AGORA_POSTGRES_URL", "mysql://host/agora", "must start with postgresql://"),
        ("AGORA_POSTGRES_URL", "postgresql:///agora", "has no host"),
        ("AGORA_POSTGRES_URL", "postgresql://user:secret@host:port/agora", "ort"),
        ("AGORA_KAFKA_BOOTSTRAP", "localhost", "host:port"),
        ("AGORA_KAFKA_BOOTSTRAP", "localhost:99999", "host:port"),
        ("AGORA_VALKEY_URL", "http://localhost", "redis://"),
        ("AGORA_SIGNING_KEY_FILE", "/nowhere/key.pem", "is not a file"),
        ("AGORA_API_DOMAINS", "identity,astrology", "astrology"),
        ("AGORA_API_POOL_SIZE", "0", "greater than 0"),
        ("AGORA_KAFKA_BOOTSTRAPS", "localhost:9092", "no such setting"),
        ("AGORA_CAPTURE_WIAT", "3", "no such setting"),
    ],
)
def test_each_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert f"{name}: " in str(refused.value)
    assert reason in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGORA_VALKEY_URL")
    with pytest.raises(SettingsError, match="AGORA_VALKEY_URL: "):
        load_settings()


def test_names_of_the_other_planes_are_not_ours_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_LANDER_COMMIT_SECONDS", "2")
    monkeypatch.setenv("AGORA_API_DOMAINS", "identity, analytics")
    assert load_settings().api_domains == ("identity", "analytics")
    assert "AGORA_POSTGRES_OWNER_URL" in os.environ
