"""`crosslane migrate`: bring the control schema and every tenant up to date."""

import asyncio

from rich.console import Console

from crosslane.cli.connection import MigrationRefused, command_database
from crosslane.platform.migrations import MigrationChanged, pending
from crosslane.platform.migrations import migrate as apply_migrations


def migrate(*, dry_run: bool = False) -> None:
    """Apply what is missing; `crosslane serve` does this too when it starts.

    Args:
        dry_run: only show what would be applied.
    """
    console = Console()

    async def run() -> None:
        async with command_database(prepared=False) as database:
            if dry_run:
                missing = await pending(database)
                for migration in missing:
                    console.print(f"{migration.target}: {migration.number:04}_{migration.name}")
                console.print(f"{len(missing)} to apply, nothing was changed.")
            else:
                applied = await apply_migrations(database, told=console.print)
                console.print(f"{applied} applied.")

    try:
        asyncio.run(run())
    except MigrationChanged as error:
        raise MigrationRefused(reason=str(error)) from error
