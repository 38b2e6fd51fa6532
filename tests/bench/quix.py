"""A Quix Streams sink beside the lander, in a virtual environment of its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from tests.bench.form import FOLDER
from tests.bench.topic import PATIENCE
from tests.ingestion.plane import Plane

HERE = Path(__file__).parent
HOME = FOLDER / "quix"


def quix_rate(plane: Plane, count: int) -> float | None:
    """Rows a second from the same topic into Parquet files on the same disk; None where it cannot be installed."""
    if (python := _install()) is None:
        return None
    work = HOME / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        command = [str(python), str(HERE / "quix_sink.py"), plane.settings.kafka_bootstrap, plane.topic(), str(count)]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=True, timeout=PATIENCE)
        rows = sum(pq.ParquetFile(file).metadata.num_rows for file in work.rglob("*.parquet"))
        if rows != count:
            raise RuntimeError(f"the sink wrote {rows} rows of {count}")
        return count / float(json.loads(done.stdout.splitlines()[-1])["seconds"])
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _install() -> Path | None:
    python = HOME / "venv" / "bin" / "python"
    stamp, wanted = HOME / "complete", (HERE / "quix.lock").read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    uv = Path(sys.executable).parent / "uv"
    install = [uv, "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", HERE / "quix.lock"]
    try:
        for command in ([uv, "venv", "--quiet", "--clear", "--python", sys.executable, HOME / "venv"], install):
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError) as error:
        sys.stdout.write(f"(without Quix Streams, which cannot be installed: {type(error).__name__}) ")
        return None
    stamp.write_text(wanted)
    return python
