"""Runs the migrations as the owner of the database; each revision is a transaction of its own."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

OWNER_URL = "AGORA_POSTGRES_OWNER_URL"


def run() -> None:
    """Migrate the database that the option `sqlalchemy.url` or the environment names."""
    url = context.config.get_main_option("sqlalchemy.url") or os.environ.get(OWNER_URL)
    if not url:
        raise SystemExit(f"{OWNER_URL} is not set")
    engine = create_engine(f"postgresql+psycopg://{url.split('://', 1)[1]}", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
