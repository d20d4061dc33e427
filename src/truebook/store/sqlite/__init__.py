"""The store on SQLite: all of its SQL, tables, writing and reading."""
