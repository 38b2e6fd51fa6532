"""What fits whom: personal shelves, what goes with a product or a cart, each with its reason."""
