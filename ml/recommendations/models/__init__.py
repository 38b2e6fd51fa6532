"""The models. Each module has `fit(purchases, products, …) -> Scorer`; what a scorer can do is in `serving`."""
