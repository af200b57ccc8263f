"""Schema changes of a tenant, numbered SQL files; ``control/`` has those all tenants share."""
