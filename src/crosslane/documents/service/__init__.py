"""Use cases of documents: issuing, reading and drawing them."""
