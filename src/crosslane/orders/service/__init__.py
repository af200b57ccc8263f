"""Use cases of orders: place, amend, cancel, stop, move, find new stock, read."""
