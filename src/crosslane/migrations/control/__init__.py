"""Schema changes of the control schema."""
