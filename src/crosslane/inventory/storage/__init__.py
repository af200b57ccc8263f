"""All SQL of inventory, by noun."""
