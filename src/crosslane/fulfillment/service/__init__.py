"""Use cases of fulfillment: offer, accept, reject, pick, pack, hand over, follow, read."""
