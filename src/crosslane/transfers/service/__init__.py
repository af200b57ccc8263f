"""Use cases of transfers: load and lock, decide on units, move stock, save, tell."""
