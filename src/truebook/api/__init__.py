"""The Backpack dialect over HTTP: authenticate, decode to commands, answer with their replies."""
