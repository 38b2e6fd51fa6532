"""Arrow tables into Postgres by binary COPY: the one way in which rows leave the lake."""

import psycopg
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import sql

_BATCH_ROWS = 20_000


def copy_arrow(connection: psycopg.Connection, table: sql.Identifier, rows: pa.Table) -> int:
    """Append `rows`, whose columns have the names and the types of the table's; returns how many.

    Part of the connection's transaction. Raises psycopg's errors where the table does not take them.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(table, names)
    encoder = ArrowToPostgresBinaryEncoder(rows.schema)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(encoder.write_header())
        for batch in rows.combine_chunks().to_batches(max_chunksize=_BATCH_ROWS):
            copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())
    return int(rows.num_rows)
