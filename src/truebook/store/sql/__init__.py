"""Questions in SQL that both databases understand, and what their answers mean."""
