"""The link to the sales system begins with empty copies."""

from typing import Any

import pytest
from flask import Flask

from tests.integrations.trade import forget_trade


@pytest.fixture
def app(app: Flask) -> Any:
    """The application, with nothing of any sales system."""
    forget_trade(app)
    return app
