"""The machine under every capability; each part is a front door of its own.

database (transactions, tenants), migrations, lane (commands), log and reactions, effects,
facts, faults, worker, web, auth, settings, telemetry, postgres.
"""
