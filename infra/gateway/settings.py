"""What the gateway reads from the environment. It shares the address and the secret with the API that calls it."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """Times are in seconds."""

    model_config = SettingsConfigDict(env_prefix="AGORA_", extra="ignore", frozen=True)

    gateway_url: str
    gateway_secret: SecretStr
    local_dir: Path = Path("var/local")
    sandbox_slow_seconds: Annotated[float, Field(ge=0)] = 8.0
    sandbox_webhook_url: Annotated[str, Field(pattern=r"^https?://")] | None = None

    @field_validator("gateway_url")
    @classmethod
    def _on_loopback(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1") or parts.port is None:
            raise ValueError("must be http://<loopback address>:<port>")
        return value

    @property
    def host(self) -> str:
        """The loopback address to listen on."""
        return urlsplit(self.gateway_url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """The port to listen on."""
        return urlsplit(self.gateway_url).port or 0

    @property
    def database(self) -> Path:
        """Where charges are kept."""
        return self.local_dir / "gateway" / "charges.sqlite"


@lru_cache(maxsize=1)
def get_settings() -> GatewaySettings:
    """The settings of this process, read once."""
    return GatewaySettings()
