"""The warehouse: PostgreSQL, its migrations, bulk loads and the embedded server."""
