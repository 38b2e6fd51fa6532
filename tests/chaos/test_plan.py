"""The plan of a chaos run, and how its pauses are found in the logs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos.journal import Line, pauses, read_lines
from tests.chaos.plan import DISK, FREEZE, KILL, TARGETS, TOPIC, TOPICS, TWO_LANDERS, draw

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def test_ten_minutes_have_every_fault_and_a_seed_repeats_them() -> None:
    for seed in range(20):
        plan = draw(seed, 600)
        assert plan == draw(seed, 600)
        done = {(fault.kind, fault.target) for fault in plan}
        assert {(kind, target) for kind in (KILL, FREEZE) for target in TARGETS} <= done
        assert {TWO_LANDERS, TOPIC, DISK} <= {kind for kind, _ in done}
        assert all(fault.target in TOPICS for fault in plan if fault.kind == TOPIC)
        assert [fault.at for fault in plan] == sorted(fault.at for fault in plan)
        assert plan[0].at > 0
        assert plan[-1].at < 600


def test_a_short_run_has_one_of_each_kind_first() -> None:
    assert {fault.kind for fault in draw(1, 90)} == {TWO_LANDERS, TOPIC, DISK}


def test_a_pause_is_found_with_what_was_said_in_it_and_a_silent_one_stands_out() -> None:
    def landed(seconds: float) -> Line:
        return Line(at(seconds), "lander", "landed", "")

    waiting = Line(at(12), "lander", "waiting", "error=OSError")
    lines = sorted([landed(2), landed(4), landed(20), landed(22), landed(40), waiting], key=lambda line: line.at)
    found = pauses(lines, at(0), at(45))
    assert [(pause.began, round(pause.seconds), pause.lines) for pause in found] == [
        (at(4), 16, (waiting,)),
        (at(22), 18, ()),
    ]


def test_lines_of_all_processes_are_read_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "lander.log").write_text(
        '{"event": "waiting", "error": "OSError", "timestamp": "2026-03-01T00:00:05Z", "level": "warning"}\n'
        "a line of a library\n"
        '{"event": "request", "timestamp": "2026-03-01T00:00:06Z"}\n'
        '{"event": "cut off'
    )
    local = at(3).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    (tmp_path / "supervisord.log").write_text(f"{local},123 WARN exited: kafka (terminated by SIGKILL)\n")
    lines = read_lines(sorted(tmp_path.glob("*.log")))
    assert [(line.part, line.event) for line in lines] == [("kafka", "exited"), ("lander", "waiting")]
    assert lines[1].said == "error=OSError"
