"""The model card: data, use, figures and limits of one registered version, in words."""

from collections.abc import Mapping

from ml.recommendations.train import Training

INTERVALS = (("ndcg_at_10", "NDCG@10"), ("recall_at_20", "Recall@20"), ("map_at_10", "MAP@10"))


def card(training: Training, lake_snapshots: Mapping[str, int]) -> str:
    """Markdown with the same figures as the run's metrics."""
    facts = training.facts
    snapshots = ", ".join(f"`{name}` {snapshot}" for name, snapshot in sorted(lake_snapshots.items())) or "none"
    sampled = (
        f"{facts['evaluated_people']:.0f} of {facts['held_out_people']:.0f} customers with purchases in the held-out "
        "time, drawn with a fixed seed among those who had bought before"
    )
    return "\n".join(
        [
            f"# Product recommendations: {training.champion}",
            "",
            "## Use",
            (
                "Orders products for one person: shelves of the home page, a product's page, the cart. Not for prices, "
                "credit, health or anything that decides about a person."
            ),
            "",
            "## Data",
            (
                f"{training.lines:,} order lines of {len(training.purchases.customer_ids):,} customers and "
                f"{len(training.purchases.product_ids):,} products sold, of {facts['catalogue_products']:,.0f} in the "
                f"catalogue, until {training.purchases.until:%Y-%m-%d}. Lake snapshots: {snapshots}. "
                "No age, income or other attribute of a person is learned from. Who is new gets what people of the "
                "same age band and household size buy, counted over twenty people and more."
            ),
            "",
            "## Evaluation",
            (
                f"Trained on purchases until {training.cut:%Y-%m-%d %H:%M} UTC, tested on the "
                f"{facts['held_out_days']:.1f} days after it: {sampled}. The whole catalogue is ranked, products "
                "bought before included, because people buy groceries again. Brackets: 95 % bootstrap over people. "
                "`new` ranks only what the person had not bought before; `alone` is the model without the weight of "
                "own repeats."
            ),
            "",
            *figures(training),
            "",
            (
                f"The champion has the best NDCG@10 and was then fitted on all lines. Parameters: "
                f"{', '.join(f'{k}={v}' for k, v in sorted(training.trained[training.champion].parameters.items()))}."
            ),
            "",
            "## Limits",
            "- Offline figures reward what people would have bought anyway. They do not measure what a shelf changes.",
            (
                "- Shelves mix repeats and discoveries, drop what is sold out and vary departments; the figures are of "
                "the plain ranking."
            ),
            "- Weights of clicks and cart events beside purchases are set by judgement: the training data have none.",
            "- New products are reached by content and popularity only; rare tastes are served worse than common ones.",
            "",
        ]
    )


def figures(training: Training) -> list[str]:
    """One row per candidate, best first."""
    rows = ["| model | NDCG@10 | Recall@20 | MAP@10 | new NDCG@10 | alone NDCG@10 | coverage@10 | fit s |"]
    rows.append("|---|---|---|---|---|---|---|---|")
    ordered = sorted(training.trained.values(), key=lambda t: -t.evaluation.figures["ndcg_at_10"])
    for trained in ordered:
        found = trained.evaluation.figures
        cells = [
            f"{found[name]:.4f} [{found[name + '_low']:.4f}, {found[name + '_high']:.4f}]"
            for name, _ in (*INTERVALS, ("new_ndcg_at_10", ""))
        ]
        rows.append(
            f"| {trained.name} | {' | '.join(cells)} | {found['alone_ndcg_at_10']:.4f} "
            f"| {found['coverage_at_10']:.4f} | {trained.seconds:.1f} |"
        )
    return rows
