"""Typed events to models, to the registry, to the serving tables."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts.catalog import ProductPublished
from ingestion.contracts.identity import CustomerRegistered
from ingestion.contracts.ordering import OrderCancelled, OrderPlaced
from ingestion.contracts.recommendations import TasteRemoved, TasteReset, TasteRestored
from pipelines.defs.about import DAILY, SCIENCE, table
from pipelines.defs.typed.assets import typed_key
from pipelines.lib import training
from pipelines.lib.settings import Settings

# What people say about themselves and their taste: it changes what is told of them, not what is learned.
SAID = (CustomerRegistered, TasteRemoved, TasteRestored, TasteReset)
MODELS = ("popularity", "own_repeats", "item_knn", "ease", "als", "content", "blend")
CHAMPION = dg.AssetKey(["models", "champion"])
SERVING = dg.AssetKey(["serving", "recommendations"])
_SHOWN = ("ndcg_at_10", "recall_at_20", "map_at_10", "new_ndcg_at_10", "coverage_at_10", "fit_seconds")


def model_key(name: str) -> dg.AssetKey:
    """The asset of one kind of model."""
    return dg.AssetKey(["models", name])


@dg.multi_asset(
    specs=[
        *(
            dg.AssetSpec(
                model_key(name),
                deps=[typed_key(event.type) for event in (OrderPlaced, OrderCancelled, ProductPublished)],
                description=f"The model {name}, fitted and tested on a time split.",
                owners=[SCIENCE],
                kinds={"mlflow"},
                skippable=name == "blend",  # a short history teaches it nothing
            )
            for name in MODELS
        ),
        dg.AssetSpec(
            CHAMPION,
            deps=[model_key(name) for name in MODELS],
            description="The best model, fitted on everything.",
            owners=[SCIENCE],
            kinds={"mlflow"},
            freshness_policy=DAILY,
        ),
        dg.AssetSpec(
            SERVING,
            deps=[CHAMPION, *(typed_key(event.type) for event in SAID)],
            description="The version that answers in the product; histories respect what people took out of theirs.",
            owners=[SCIENCE],
            metadata=table("agora.serving.model_versions"),
            kinds={"postgres"},
            freshness_policy=DAILY,
        ),
    ],
    group_name="models",
    name="models",
)
def models(settings: dg.ResourceParam[Settings]) -> Iterator[dg.MaterializeResult[None]]:
    """Train every model, register the best one and let it answer."""
    outcome = training.train(settings)
    links = {name: dg.MetadataValue.url(link) for name, link in outcome.registered.links.items()}
    for name, trained in outcome.training.trained.items():
        shown = {figure: float(trained.evaluation.figures[figure]) for figure in _SHOWN}
        yield dg.MaterializeResult(asset_key=model_key(name), metadata=shown | {"mlflow": links[name]})
    yield dg.MaterializeResult(
        asset_key=CHAMPION,
        metadata={
            "model": outcome.training.champion,
            "registered_version": outcome.registered.version,
            "lines": outcome.training.lines,
            "customers": len(outcome.training.purchases.customer_ids),
            "products": len(outcome.training.purchases.product_ids),
            "training_seconds": round(outcome.training.seconds, 1),
            "lake_snapshots": {name: str(snapshot) for name, snapshot in outcome.data.snapshots.items()},
            "mlflow": links[outcome.training.champion],
        },
    )
    rows = {f"rows_{name}": count for name, count in outcome.served.rows.items()}
    yield dg.MaterializeResult(asset_key=SERVING, metadata=rows | {"version": outcome.served.version})
