"""The page in a real browser. A package, so that exchange and browser live as long as it."""
