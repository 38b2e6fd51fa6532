"""Data files written once, and described from what the writer itself knows of them."""

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import Table

# Columns of few values; for the others a dictionary would only be begun and thrown away.
_REPEATING = (
    *("event_type", "source", "dataschema", "kafka_topic", "kafka_topic_id", "kafka_partition", "landed_at", "reason"),
)


class DataFileWriter:
    """A Parquet file of an unpartitioned table that grows row group by row group and is stored once, at its end.

    It is kept compressed in memory until then, because its name and whether it is needed are only known at the end.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema_to_pyarrow(schema, include_field_ids=True)
        self._plain = schema_to_pyarrow(schema, include_field_ids=False)
        self._sink = pa.BufferOutputStream()
        repeating = [name for name in _REPEATING if name in self._schema.names]
        self._writer = pq.ParquetWriter(
            self._sink, self._schema, compression="zstd", compression_level=1, use_dictionary=repeating
        )

    def write(self, rows: pa.Table) -> None:
        """Add one row group."""
        plain = rows.cast(self._plain)
        self._writer.write_table(pa.Table.from_arrays(plain.columns, schema=self._schema), row_group_size=len(rows))

    def finish(self, table: Table, path: str) -> DataFile:
        """Store the file at `path` and describe it from its footer; nothing is read again. Raises OSError."""
        self._writer.close()
        content = self._sink.getvalue()
        with table.io.new_output(path).create(overwrite=True) as stream:
            stream.write(content)
        return _describe(table, path, content.size, self._writer.writer.metadata)


def _describe(table: Table, path: str, size: int, footer: pq.FileMetaData) -> DataFile:
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=footer,
        stats_columns=compute_statistics_plan(table.schema(), table.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(table.schema()),
    )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=statistics.partition(table.spec(), table.schema()),
        file_size_in_bytes=size,
        sort_order_id=None,
        spec_id=table.spec().spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )
