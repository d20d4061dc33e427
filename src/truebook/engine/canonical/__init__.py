"""The canonical state: an engine taken to pieces and put together again."""
