"""The store on PostgreSQL: its tables, writing by COPY, reading by a few connections, roles."""
