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
from pyiceberg.table import Table

ROW_GROUP_ROWS = 131_072
# Columns of few values; for the others a dictionary would only be begun and thrown away.
_REPEATING = ("event_type", "source", "dataschema", "kafka_topic", "kafka_partition", "landed_at", "reason")


def write_data_file(table: Table, path: str, rows: pa.Table) -> DataFile:
    """Write `rows` of an unpartitioned table to `path` as Parquet; nothing is read again to describe the file."""
    sink = pa.BufferOutputStream()
    footers: list[pq.FileMetaData] = []
    schema = schema_to_pyarrow(table.schema(), include_field_ids=True)
    written = pa.Table.from_arrays(rows.cast(pa.schema(schema)).columns, schema=schema)
    repeating = [name for name in _REPEATING if name in schema.names]
    with pq.ParquetWriter(
        sink, schema, compression="zstd", compression_level=1, use_dictionary=repeating, metadata_collector=footers
    ) as writer:
        writer.write_table(written, row_group_size=ROW_GROUP_ROWS)
    content = sink.getvalue()
    with table.io.new_output(path).create(overwrite=True) as stream:
        stream.write(content)
    return _describe(table, path, content.size, writer.writer.metadata)


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
