"""`python quix_sink.py BOOTSTRAP TOPIC COUNT`, in Quix Streams' own environment: so many records into Parquet files."""

import json
import sys
import time
from typing import Any

from quixstreams import Application  # type: ignore[import-not-found]
from quixstreams.sinks.community.file.formats import ParquetFormat  # type: ignore[import-not-found]
from quixstreams.sinks.community.file.local import LocalFileSink  # type: ignore[import-not-found]


class Sink(LocalFileSink):  # type: ignore[misc]
    """The sink as it is; it notes when the first record came."""

    began = 0.0

    def add(self, *arguments: Any, **more: Any) -> None:
        """Only for the first record: afterwards the method is the library's own."""
        type(self).began = time.monotonic()
        del type(self).add
        self.add(*arguments, **more)


def main(bootstrap: str, topic: str, count: int) -> None:
    """Run until everything is written and its offsets are committed."""
    application = Application(
        broker_address=bootstrap,
        consumer_group=f"quix.{topic}",
        auto_offset_reset="earliest",
        commit_interval=2.0,
        auto_create_topics=False,
        loglevel="WARNING",
    )
    events = application.dataframe(application.topic(topic, value_deserializer="json", key_deserializer="bytes"))
    events.sink(Sink(directory="rows", format=ParquetFormat(compression="zstd")))
    application.run(count=count)
    print(json.dumps({"seconds": time.monotonic() - Sink.began}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
