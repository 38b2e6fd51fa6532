"""Where the catalogue points for a table, and where else it could: for the day on which that is wrong."""

from collections.abc import Iterator

from pyarrow.fs import FileSelector, FileSystem, FileType
from pyiceberg.catalog.sql import IcebergTables
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import Table
from sqlalchemy import select, update

from ingestion.lake.catalog import LakeCatalog

_SUFFIX = ".metadata.json"


def location_of(catalog: LakeCatalog, name: str) -> str:
    """The metadata file that stands for a table, whether it is there or not. Raises NoSuchTableError."""
    namespace, own = name.rsplit(".", 1)
    query = select(IcebergTables.metadata_location).where(
        IcebergTables.catalog_name == catalog.name,
        IcebergTables.table_namespace == namespace,
        IcebergTables.table_name == own,
    )
    with catalog.engine.connect() as connection:
        location = connection.execute(query).scalar()
    if location is None:
        raise NoSuchTableError(name)
    return str(location)


def whole_metadata(catalog: LakeCatalog, name: str) -> Iterator[tuple[str, Table]]:
    """Every metadata file in the table's folder that can be read and whose newest snapshot is whole, newest first."""
    location = location_of(catalog, name)
    folder = location.rpartition("/")[0]
    io = catalog._load_file_io(location=location)
    scheme, _, path = folder.partition("://")
    client: FileSystem = io.fs_by_scheme(scheme, None)  # type: ignore[attr-defined]
    found = client.get_file_info(FileSelector(path, allow_not_found=True))
    named = [each for each in found if each.type == FileType.File and each.base_name.endswith(_SUFFIX)]
    for each in sorted(named, key=lambda each: (each.mtime, each.base_name), reverse=True):
        place = f"{scheme}://{each.path}"
        try:
            metadata = FromInputFile.table_metadata(io.new_input(place))
            table = Table(tuple(name.rsplit(".", 1)), metadata, place, io, catalog)
            current = table.current_snapshot()
            if current is not None:
                for manifest in current.manifests(io):
                    manifest.fetch_manifest_entry(io)
        except (OSError, ValueError):
            continue
        yield place, table


def point_at(catalog: LakeCatalog, name: str, location: str) -> None:
    """Let the catalogue point at another metadata file of the table."""
    namespace, own = name.rsplit(".", 1)
    statement = (
        update(IcebergTables)
        .where(
            IcebergTables.catalog_name == catalog.name,
            IcebergTables.table_namespace == namespace,
            IcebergTables.table_name == own,
        )
        .values(metadata_location=location)
    )
    with catalog.engine.begin() as connection:
        connection.execute(statement)
