"""All SQL of vendors."""
