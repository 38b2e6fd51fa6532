"""`agora lake mend`."""

from infra.local.environment import enter
from infra.local.settings import LocalError
from ingestion.recovery.resume import NoWayBack
from pipelines.lib.care import CareIsBusy
from pipelines.lib.mend import NotMendable, mend
from pipelines.lib.settings import load_settings


def mend_table(table: str, *, dry_run: bool) -> None:
    """Do it, and name each file."""
    enter()
    try:
        done = mend(load_settings(), table, dry_run=dry_run)
    except (NoWayBack, NotMendable, CareIsBusy) as error:
        raise LocalError(str(error)) from error
    for path in done.files:
        print(f"cannot be read: {path}")
    if not done.files:
        print(f"every file of {table} can be read")
    else:
        print(f"{done.rows:,} rows {'lie in them' if dry_run else 'are there again'}")
