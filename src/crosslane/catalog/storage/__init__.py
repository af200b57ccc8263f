"""All SQL of the catalog: many rows at a time, matched by lower-case SKU."""
