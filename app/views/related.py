"""Records that belong to the one shown, as a section of its page."""

from collections.abc import Sequence
from typing import Any

from app.views.presentation import Column, Row


def related(title: Any, columns: Sequence[Column], rows: Sequence[Row], empty: Any = "") -> dict[str, Any]:
    """A section with a table; ``empty`` is what it says without rows."""
    return {"template": "crm/related.html", "title": title, "columns": columns, "rows": rows, "empty": empty}
