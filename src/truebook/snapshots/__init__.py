"""An engine's state in files: written while it goes on, and started from (docs/snapshots.md)."""
