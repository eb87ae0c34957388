"""How the tables came to be, step by step: Alembic revisions that run from the package."""
