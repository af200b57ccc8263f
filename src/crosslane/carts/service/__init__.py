"""Use cases of carts."""
