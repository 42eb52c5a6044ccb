"""Search text of customers, in FTS5 on SQLite and with an inverted index on PostgreSQL; their credit codes by an index."""

from alembic import op

revision = "0015"
down_revision = "0014"

#: Tokens come ready made and apart by blanks; the shortest beginnings have an index of their own.
ON_SQLITE = (
    "CREATE VIRTUAL TABLE search_customers"
    " USING fts5(tokens, tokenize = \"ascii tokenchars '+^'\", detail = none, columnsize = 0, prefix = '2 3')",
)
#: With few statistics a rare token counts as a common one, and every customer would be looked at.
ON_POSTGRESQL = (
    "CREATE TABLE search_customers (rowid integer PRIMARY KEY, tokens tsvector NOT NULL)",
    "CREATE INDEX ix_search_customers_tokens ON search_customers USING gin (tokens)",
    "ALTER TABLE search_customers ALTER COLUMN tokens SET STATISTICS 1000",
)


def upgrade() -> None:
    """Go up; the tokens are written by the program that starts next."""
    for statement in ON_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else ON_SQLITE:
        op.execute(statement)
    op.create_index("ix_customers_licence_no", "customers", ["licence_no"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_customers_licence_no", "customers")
    op.drop_table("search_customers")
