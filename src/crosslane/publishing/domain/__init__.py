"""Pure decisions of publishing: what is public, where a reader stands, when to try again."""
