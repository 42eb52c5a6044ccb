"""The link to the sales system begins with empty copies: what the cast ordered goes first."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update

from app.extensions import db
from app.models import Customer, CustomerMonth, Order, OrderLine, Product, StockLevel
from app.security.actor import SYSTEM
from app.security.scope import copying


@pytest.fixture
def app(app: Flask) -> Any:
    """The application, with nothing of any sales system."""
    with app.app_context():
        session = db.session()
        session.info["actor"] = SYSTEM
        with copying(session):
            for model in (OrderLine, Order, CustomerMonth, StockLevel, Product):
                session.execute(delete(model))
            session.execute(update(Customer).values(last_order_on=None))
        session.commit()
    return app
