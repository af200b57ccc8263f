"""Pure stock: positions, the sheet that decides over them, holds, supply and surveys."""
