"""`make chaos`: a stack of its own under load, faults drawn from a seed, and whether everything came out right.

The report with its timeline is `var/chaos/report.md`; the logs of that run lie beside it.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time

import psycopg

from infra.local.settings import ROOT
from tests.chaos.faults import Hammer
from tests.chaos.journal import Journal, pauses, read_lines, wait_until
from tests.chaos.load import Load
from tests.chaos.plan import draw
from tests.chaos.report import write
from tests.chaos.stage import Stage, open_stage
from tests.chaos.verdict import Check, examine

FOLDER = ROOT / "var" / "chaos"
PORT_BASE = int(os.environ.get("CHAOS_PORT_BASE", "28500"))


def main() -> int:
    """0 where every check holds."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="repeats a run's plan")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open_stage(FOLDER, PORT_BASE) as stage:
        checks = run(stage, options.seed, options.minutes * 60)
    failed = [check for check in checks if not check.holds]
    _tell(f"{len(checks) - len(failed)} of {len(checks)} checks hold: {FOLDER / 'report.md'}")
    return 1 if failed else 0


def run(stage: Stage, seed: int, seconds: float) -> list[Check]:
    """Load, faults, calm, checks, report."""
    subprocess.run([sys.executable, "-c", _GOODS], cwd=ROOT, env=os.environ, check=True)
    load = Load(stage.env["AGORA_API_URL"], _products(stage), seed)
    plan, journal = draw(seed, seconds), Journal()
    hammer = Hammer(stage, random.Random(seed + 1), FOLDER, lambda text: _say(journal, text))
    _tell(f"seed {seed}: {len(plan)} faults in {seconds / 60:g} minutes; the disk is {stage.disk.how}")
    load.start()
    began, troubles = time.monotonic(), []
    for fault in plan:
        wait_until(began + fault.at)
        journal.begin(fault.name)
        _tell(f"{time.monotonic() - began:5.0f} s  {fault.name}")
        try:
            hammer.strike(fault)
        except Exception as error:
            _say(journal, f"{type(error).__name__}: {error}")
            troubles.append(f"{fault.name}: {error}")
        journal.end()
    wait_until(began + seconds)
    ended = journal.now()
    load.stop()
    checks = [Check("every fault could be done and undone", not troubles, "; ".join(troubles))]
    for check in examine(stage, load.promised):
        _tell(f"{'holds' if check.holds else 'FAILS'}  {check.name}  {check.found[:200]}")
        checks.append(check)
    lines = read_lines([*stage.settings.logs.glob("*.log*"), *FOLDER.glob("second-lander.log")])
    found = pauses(lines, journal.began, ended)
    silent = [pause for pause in found if not pause.lines]
    told = f"{len(found)} pauses, {len(silent)} without a line"
    checks.append(Check("every pause is explained in the logs", not silent, told))
    title = f"Chaos: {len(plan)} faults in {seconds / 60:g} minutes, seed {seed}"
    write(FOLDER / "report.md", title, journal, lines, found, checks, load.promised)
    shutil.copytree(stage.settings.logs, FOLDER / "logs", dirs_exist_ok=True)
    return checks


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _say(journal: Journal, text: str) -> None:
    _tell(f"         {text}")
    journal.say(text)


def _products(stage: Stage) -> list[int]:
    query = "select product_id from catalog.products where is_active and price_minor > 0 order by 1"
    with psycopg.connect(stage.env["AGORA_POSTGRES_OWNER_URL"]) as connection:
        return [product_id for (product_id,) in connection.execute(query)]


_GOODS = "import asyncio; from tests.browser.shelves import fill_shop; asyncio.run(fill_shop())"


if __name__ == "__main__":
    sys.exit(main())
