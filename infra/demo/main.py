"""`agora demo`: nine steps from an empty machine to a shop that learns, each with its seconds."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape

from infra.demo import arrival, latency, people, replay, report
from infra.demo.journal import Journal, StepFailed
from infra.demo.runs import failed_runs
from infra.local import stack
from infra.local.launch import ONE_THREAD, PLAIN_S3
from infra.local.settings import ROOT, LocalSettings, load_settings
from infra.local.supervisor import Supervisor

T = TypeVar("T")
REPLAYED_DAYS = 28
RETRAIN_FROM = 0.01
CLICKED_FROM = 400
FOLDER = ROOT / "var" / "demo"
STEPS = 9


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    weeks: int = 40
    baskets: int = 200
    tries: int = 50


class Demo:
    """One run. Everything heavy is imported by the step that needs it."""

    def __init__(self, settings: LocalSettings, console: Console, size: Size, folder: Path) -> None:
        self._settings = settings
        self._weeks, self._baskets, self._tries = size.weeks, size.baskets, size.tries
        self.journal = Journal(console, folder, STEPS)
        self._environment: dict[str, str] = {}
        self._facts: dict[str, Any] = {}

    def run(self) -> dict[str, Any]:
        """All steps; the report. Raises StepFailed at the first that fails."""
        step = self.journal.step
        with step("servers", "Servers: Postgres, Kafka, S3, Valkey, MLflow, Dagster and our own processes"):
            self._start()
        with step("load", f"History: {self._weeks} weeks of a supermarket chain, through the domains' bulk path"):
            self._load()
        with step("landing", "Stream: outbox to Kafka to Iceberg, exactly once"):
            self._land()
        with step("pipeline", "Pipeline: raw to typed to warehouse to marts, started by Dagster's sensor"):
            self._build()
        with step("training", "Models: five of them beside popularity, on a split in time"):
            self._train()
        with step("replay", f"Days that follow: {self._baskets} sessions over the public HTTP API"):
            self._replay()
        with step("clicks", f"Freshness: from a click to a changed list, {self._tries} times"):
            self._click()
        with step("second_pass", "Pipeline again: what the sessions left behind, only the days that it touches"):
            self._land()
            self._build()
        with step("proof", "Proof: accepted = Kafka = lake = warehouse, event by event"):
            self._prove()
        return self._report()

    def _start(self) -> None:
        self._environment = stack.up(self._settings, say=self.journal.say)
        home = {"DAGSTER_HOME": str(self._settings.dagster_home)}
        os.environ.update(self._environment | PLAIN_S3 | ONE_THREAD | home)

    def _load(self) -> None:
        from infra.load.complete_journey import demo_password, load  # noqa: PLC0415

        async def work() -> Any:
            loaded = await load(self._weeks, console=self.journal.console)
            await people.ensure_accounts(demo_password())
            return loaded

        loaded = _with_database(work)
        self._facts["load"] = loaded.as_dict()
        self.journal.say(f"{loaded.orders:,} orders of {loaded.households:,} households, {loaded.new_orders:,} new")

    def _land(self) -> None:
        from pipelines.lib.settings import get_settings  # noqa: PLC0415

        self._facts["events"] = arrival.wait_until_landed(self._environment, get_settings(), self.journal)
        self.journal.say(f"{self._facts['events']:,} events in the lake")

    def _build(self) -> None:
        from pipelines.lib.settings import get_settings  # noqa: PLC0415

        with failed_runs() as failure:
            arrival.wait_until_built(get_settings(), self.journal, failure)

    def _train(self) -> None:
        from pipelines.lib.jobs import run_job  # noqa: PLC0415
        from pipelines.lib.serving import active_summary  # noqa: PLC0415
        from pipelines.lib.settings import get_settings  # noqa: PLC0415

        settings = get_settings()
        share = arrival.share_of_new_orders(settings, active_summary(settings).get("created_at"))
        if share < RETRAIN_FROM:
            self.journal.say(f"{share:.1%} of the orders are newer than the model that answers: it stays until tonight")
        else:
            run_job("training", self.journal.say)
        self._facts["model"] = active_summary(settings)
        self.journal.say(f"champion: {self._facts['model']['champion']}")

    def _pass(self) -> dict[str, str]:
        """What lifts the limits per address: many people's doings come from here."""
        return {"X-Limits-Pass": self._environment["AGORA_API_LIMITS_PASS"]}

    def _replay(self) -> None:
        from infra.load.complete_journey import demo_password, later_baskets  # noqa: PLC0415

        later = later_baskets(self._weeks, REPLAYED_DAYS, shift_days=self._facts["load"]["shift_days"])
        position = replay.Position(self._settings.directory / "replayed-baskets")
        begin = position.read() if position.read() + self._baskets <= len(later) else 0
        baskets = later[begin : begin + self._baskets]
        # Noted first: after an interruption the next run plays other baskets instead of half a session again.
        position.write(begin + len(baskets))
        products = replay.products_by_sku(self._environment)

        async def work() -> replay.Replayed:
            done: asyncio.Queue[None] = asyncio.Queue()
            url, password = self._environment["AGORA_API_URL"], demo_password()
            playing = asyncio.create_task(replay.replay(url, baskets, products, password, done, self._pass()))
            with self.journal.bar("sessions") as advance:
                while not playing.done():
                    advance(done.qsize(), len(baskets))
                    await asyncio.wait([playing], timeout=0.5)
            return await playing

        played = asyncio.run(work())
        if played.orders == 0:
            raise RuntimeError(f"not one of {played.sessions} sessions ended in an order: {dict(played.refused)}")
        self._facts["replay"] = vars(played) | {"refused": dict(played.refused)}
        self._facts["household"] = baskets[0].email
        refused = ", ".join(f"{count} {kind}" for kind, count in played.refused.items()) or "nothing refused"
        self.journal.say(f"{played.sessions} sessions, {played.orders} orders, {played.requests:,} requests; {refused}")

    def _click(self) -> None:
        from infra.load.complete_journey import demo_password  # noqa: PLC0415

        ids = [found for found, _ in replay.products_by_sku(self._environment).values()]
        chosen = sorted(ids)[:: max(1, len(ids) // CLICKED_FROM)]
        with self.journal.bar("tries") as advance:
            url, household = self._environment["AGORA_API_URL"], self._facts["household"]
            trying = latency.measure(url, household, demo_password(), chosen, self._tries, advance, self._pass())
            found = asyncio.run(trying)
        if not found.seconds:
            raise RuntimeError("no click changed the list")
        self._facts["latency"] = found
        self.journal.say(f"median {found.median:.2f} s, p95 {found.p95:.2f} s, {found.missed} without a change")

    def _prove(self) -> None:
        from ingestion.proof import Prover  # noqa: PLC0415
        from ingestion.settings import load_settings as lake_settings  # noqa: PLC0415

        proof = Prover(lake_settings()).prove_within(120)
        self._facts["proof"] = proof.difference
        self._facts["events"] = sum(row.accepted for row in proof.rows)
        self.journal.say(f"{self._facts['events']:,} events, difference {proof.difference}")
        if proof.difference:
            raise RuntimeError("something differs: `agora proof` shows what")

    def _report(self) -> dict[str, Any]:
        model, found = self._facts["model"], self._facts["latency"]
        return {
            "seconds": self.journal.seconds,
            **report.counts(self._environment),
            "events": self._facts["events"],
            "proof_difference": self._facts["proof"],
            "champion": model["champion"],
            "models": model["models"],
            "click_to_changed_list": {
                "tries": self._tries,
                "median": round(found.median, 3),
                "p95": round(found.p95, 3),
                "missed": found.missed,
            },
            "load": self._facts["load"],
            "replay": self._facts["replay"],
            "addresses": report.addresses(self._environment),
            "accounts": report.accounts(self._facts["household"]),
        }


def _with_database(work: Callable[[], Awaitable[T]]) -> T:
    """Run in a loop of its own, with the database's pools closed before the loop ends."""
    from api.core.db import get_database, set_database  # noqa: PLC0415

    async def whole() -> T:
        try:
            return await work()
        finally:
            await get_database().close()
            set_database(None)

    return asyncio.run(whole())


def main(*, stay: bool = True, size: Size | None = None, folder: Path = FOLDER) -> int:
    """Run the demo; 0 when everything held, 1 with the step's name and log when not, 130 when interrupted.

    The stack stays up where `stay`; an interruption takes down what this run brought up.
    """
    settings, console = load_settings(), Console(highlight=False)
    signal.signal(signal.SIGTERM, _interrupt)
    was_up = Supervisor(settings).is_running()
    code = 1
    try:
        found = Demo(settings, console, size or Size(), folder).run()
        report.write(folder / "report.json", found)
        report.show(console, found, settings.directory / "demo-password")
        console.print(f"\nThe whole report is in {folder / 'report.json'}.")
        code = 0
    except StepFailed as error:
        console.print(f"[bold red]{escape(str(error))}[/]")
    except KeyboardInterrupt:
        console.print("\ninterrupted; `make demo` goes on from here")
        stay, code = stay and was_up, 130
    finally:
        if not stay:
            stack.down(settings)
    console.print("The stack is up: `agora status`, `agora down`." if stay else "The stack is down.")
    return code


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
