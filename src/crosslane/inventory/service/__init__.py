"""Use cases of inventory: load and protect, decide on a sheet, save, tell."""
