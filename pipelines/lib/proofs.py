"""The proof as a job: bring the warehouse up to the lake, compare all places, keep the result."""

import time
from collections.abc import Callable
from dataclasses import asdict

from psycopg.types.json import Jsonb

from ingestion.proof import Proof, Prover
from pipelines.lib.alerts import tell
from pipelines.lib.ops import open_ops
from pipelines.lib.refresh import refresh_typed_and_warehouse
from pipelines.lib.settings import Settings
from pipelines.lib.stopped import note_stopped_topics

KEPT = 24 * 90
ATTEMPTS = 4
PAUSE_SECONDS = 15.0


def prove_and_keep(settings: Settings, attempts: int = ATTEMPTS, wait: Callable[[float], None] = time.sleep) -> Proof:
    """The proof of this moment, written to `ops.proof_runs`.

    What is on its way is no loss: where something differs, the lander gets time for a commit and the warehouse is
    brought up to it again, `attempts` times in all. A difference that is left after that is kept as it is.
    """
    began = time.monotonic()
    prover = Prover(settings.lake)
    for attempt in range(attempts):
        refresh_typed_and_warehouse(settings)
        proof = prover.prove()
        if not proof.difference or attempt == attempts - 1:
            break
        wait(PAUSE_SECONDS)
    keep(settings, proof, time.monotonic() - began)
    note_stopped_topics(settings)
    wrong = [f"{row.topic} {row.type}: {row.difference}" for row in proof.rows if row.difference]
    tell(settings, "proof", f"difference {proof.difference}: {'; '.join(wrong)}" if wrong else None)
    return proof


def keep(settings: Settings, proof: Proof, seconds: float) -> None:
    """Write one proof, and forget those beyond the last `KEPT`."""
    rows = Jsonb([asdict(row) for row in proof.rows])
    with open_ops(settings) as connection:
        connection.execute(
            "insert into ops.proof_runs (as_of, seconds, difference, rows) values (%s, %s, %s, %s)",
            (proof.as_of, seconds, proof.difference, rows),
        )
        connection.execute(
            "delete from ops.proof_runs where proof_id not in"
            " (select proof_id from ops.proof_runs order by proof_id desc limit %s)",
            (KEPT,),
        )
