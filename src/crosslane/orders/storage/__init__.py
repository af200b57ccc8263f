"""All SQL of orders: reading states, writing changes, the views people read."""
