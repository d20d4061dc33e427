"""Looking through an engine's memory for what its commands didn't make."""
