"""How each fault is done to a running stage, and undone."""

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
from confluent_kafka import KafkaException

from ingestion.settings import load_settings
from ingestion.topics import admin_client, ensure_topics, identify
from tests.chaos.plan import DISK, FREEZE, KILL, TOPIC, TWO_LANDERS, Fault
from tests.chaos.stage import Stage, send

NOTICED_SECONDS = 240.0
BACK_SECONDS = 240.0
Said = Callable[[str], None]


class Hammer:
    """Does faults one after the other, each with those that come with it."""

    def __init__(self, stage: Stage, dice: random.Random, folder: Path, say: Said) -> None:
        self._stage = stage
        self._dice = dice
        self._folder = folder
        self._say = say

    def strike(self, fault: Fault) -> None:
        """Do it, wait as long as it lasts, undo it."""
        frozen = [self._begin(each) for each in (fault, *fault.also)]
        if fault.kind == TOPIC:
            self._make_again(fault)
        elif fault.kind == TWO_LANDERS:
            self._two_landers(fault.lasts)
        elif fault.kind == DISK:
            self._fill_disk(fault.lasts)
        else:
            time.sleep(max(each.lasts for each in (fault, *fault.also)))
        for processes in frozen:
            send(processes, signal.SIGCONT)

    def _begin(self, fault: Fault) -> list[psutil.Process]:
        """Kill, or freeze; the processes that have to be woken."""
        processes = self._stage.processes(fault.target)
        if fault.kind == FREEZE:
            self._say(f"{send(processes, signal.SIGSTOP)} processes of {fault.target} stand still")
            return processes
        if fault.kind == KILL and processes:
            # The first process alone, or one that it started, or all of them.
            victims = self._dice.choice([processes[:1], [self._dice.choice(processes)], processes])
            self._say(f"{send(victims, signal.SIGKILL)} of {len(processes)} processes of {fault.target} are dead")
        return []

    def _two_landers(self, lasts: float) -> None:
        """A second one waits beside the first, takes over when that freezes, and has it come back."""
        second = self._stage.second("ingestion.lander", self._folder / "second-lander.log")
        time.sleep(lasts / 3)
        first = self._stage.processes("lander")
        send(first, signal.SIGSTOP)
        self._say("the first lander stands still, the second may take over")
        time.sleep(lasts)
        send(first, signal.SIGCONT)
        self._say("both run")
        time.sleep(lasts / 2)
        if self._dice.random() < 0.5:
            second.kill()
            self._say("the second lander is dead")
        else:
            second.terminate()
            self._say("the second lander is asked to stop")
        second.wait(30)

    def _fill_disk(self, lasts: float) -> None:
        self._stage.disk.fill(self._stage.processes("s3"))
        self._say(f"nothing can be written: {self._stage.disk.how}")
        time.sleep(lasts)
        self._stage.disk.free()
        self._say("there is room again")

    def _make_again(self, fault: Fault) -> None:
        settings = load_settings()
        admin, topic = admin_client(settings), settings.topic(fault.target)
        before = ""

        def delete() -> bool:
            """Kafka may still be on its way up from the fault before."""
            nonlocal before
            try:
                before = before or identify(admin, [topic])[topic].topic_id
                for future in admin.delete_topics([topic], operation_timeout=10).values():
                    future.result(30)
            except KafkaException:
                return False
            return True

        self._until(delete, f"topic {topic} is deleted", BACK_SECONDS)
        time.sleep(fault.lasts)
        self._until(lambda: self._is_there(before, topic, fault.target), "it is made again", BACK_SECONDS)
        self._until(self._is_noticed, "its table is stopped", NOTICED_SECONDS)
        self._until(lambda: self._resume(fault.target), "it is resumed", BACK_SECONDS)
        self._until(lambda: not self._is_noticed(), "it lands again", BACK_SECONDS)

    def _is_there(self, before: str, topic: str, domain: str) -> bool:
        settings = load_settings()
        try:
            ensure_topics(settings, [domain])
            found = identify(admin_client(settings), [topic]).get(topic)
        except KafkaException:
            return False
        return found is not None and found.topic_id != before

    def _is_noticed(self) -> bool:
        settings = load_settings()
        try:
            with psycopg.connect(settings.lake_catalog_url, connect_timeout=5) as connection:
                return connection.execute("select exists (select from ingest_stopped)").fetchone() == (True,)
        except psycopg.Error:
            return False

    def _resume(self, domain: str) -> bool:
        done = self._stage.agora("topics", "resume", domain)
        for line in (done.stdout + done.stderr).splitlines()[-6:]:
            self._say(f"agora topics resume {domain}: {line}")
        return done.returncode == 0

    def _until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:.0f} s: {what}")
            time.sleep(0.5)
        self._say(what)
