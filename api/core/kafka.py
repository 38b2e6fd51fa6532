"""Topics: one per domain, made where they are missing, because brokers do not create them by themselves."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from api.core.settings import Settings
from ingestion.contracts import TOPICS

_NO_ERROR, _ALREADY_EXISTS = 0, 36


async def ensure_topics(settings: Settings) -> None:
    """Create the topics that are missing. Raises KafkaError when the broker refuses or is away."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap, client_id="agora-api")
    await admin.start()
    try:
        wanted = {settings.kafka_topic_prefix + topic for topic in TOPICS}
        missing = sorted(wanted - set(await admin.list_topics()))
        if not missing:
            return
        answer = await admin.create_topics(
            [NewTopic(name, settings.kafka_partitions, settings.kafka_replication) for name in missing]
        )
        for topic_error in answer.topic_errors:
            if topic_error[1] not in (_NO_ERROR, _ALREADY_EXISTS):
                raise for_code(topic_error[1])(f"cannot create {topic_error[0]}")
    finally:
        await admin.close()
