"""Topics: one per domain, made where they are missing, and known by their id as well as by their name."""

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from ingestion.contracts import TOPICS
from ingestion.settings import Settings

TIMEOUT = 5.0


@dataclass(frozen=True)
class TopicIdentity:
    """A topic that was deleted and made again has the same name and other ids."""

    name: str
    cluster_id: str
    topic_id: str
    partitions: int


def admin_client(settings: Settings) -> AdminClient:
    """A client for topics; it connects at its first request."""
    return AdminClient({"bootstrap.servers": settings.kafka_bootstrap, "client.id": "agora-ingestion"})


def ensure_topics(settings: Settings, domains: Iterable[str] = TOPICS) -> None:
    """Create the topics that are missing. Raises KafkaException when the broker refuses or is away."""
    admin = admin_client(settings)
    there = admin.list_topics(timeout=TIMEOUT).topics
    missing = [settings.topic(domain) for domain in domains if settings.topic(domain) not in there]
    if not missing:
        return
    wanted = [NewTopic(name, settings.kafka_partitions, settings.kafka_replication) for name in missing]
    for future in admin.create_topics(wanted, operation_timeout=TIMEOUT).values():
        try:
            future.result(TIMEOUT)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def identify(admin: AdminClient, names: list[str]) -> dict[str, TopicIdentity]:
    """Cluster id, topic id and partitions of each topic that exists. Raises KafkaException when the broker is away."""
    cluster_id = str(admin.list_topics(timeout=TIMEOUT).cluster_id)
    identities = {}
    for name, future in admin.describe_topics(TopicCollection(names), request_timeout=TIMEOUT).items():
        try:
            description = future.result(TIMEOUT)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                continue
            raise
        identities[name] = TopicIdentity(name, cluster_id, str(description.topic_id), len(description.partitions))
    return identities


def offset_ranges(admin: AdminClient, identities: Iterable[TopicIdentity]) -> dict[tuple[str, int], tuple[int, int]]:
    """First offset still there and end of every (topic, partition), asked for all at once."""
    places = [(identity.name, partition) for identity in identities for partition in range(identity.partitions)]
    lows = _offsets(admin, places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    highs = ends(admin, places)
    return {place: (lows[place], highs[place]) for place in places}


def ends(admin: AdminClient, places: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Where every (topic, partition) ends at this moment, in one request. Raises KafkaException or TimeoutError."""
    return _offsets(admin, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]


def _offsets(admin: AdminClient, places: list[tuple[str, int]], spec: OffsetSpec) -> dict[tuple[str, int], int]:
    wanted = {TopicPartition(*place): spec for place in places}
    if not wanted:
        return {}
    answers = admin.list_offsets(wanted, request_timeout=TIMEOUT)
    return {(place.topic, place.partition): future.result(TIMEOUT).offset for place, future in answers.items()}
