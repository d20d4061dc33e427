"""PostgreSQL, for whoever keeps tables in it: connections, and tables that change by version."""
