"""Each person's look at a list: the tabs of saved filters, the columns and the page size, and how they are changed."""

from app.views.lists.changes import ListChanges
from app.views.lists.looks import ListLooks, Look, Saved
from app.views.lists.saved import SavedFilters
from app.views.lists.tabs import Tab, Tabs

__all__ = ["ListChanges", "ListLooks", "Look", "Saved", "SavedFilters", "Tab", "Tabs"]
