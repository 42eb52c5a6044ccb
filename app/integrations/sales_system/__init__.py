"""The link to the sales system: its products, stock, orders and order lines, of which the program keeps a copy."""

from app.integrations.sales_system.checking import check_settings
from app.integrations.sales_system.importing import import_file
from app.integrations.sales_system.kinds import KINDS
from app.integrations.sales_system.refreshing import Occasion, Refreshed, refresh
from app.integrations.sales_system.settings import SalesSettings, SettingsFault

__all__ = [
    "KINDS",
    "Occasion",
    "Refreshed",
    "SalesSettings",
    "SettingsFault",
    "check_settings",
    "import_file",
    "refresh",
]
