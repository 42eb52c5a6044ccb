"""The demo company: a believable Chinese company of any size, made of a seed and today's date."""

from app.demo.loading import MOST_CUSTOMERS, DemoRefused, is_demo, load, refuse_records

#: Who can sign in, all with the one password of the settings.
ACCOUNTS = ("admin", "zhuguan", "jingli1", "jingli2", "gaoguan")

__all__ = ["ACCOUNTS", "MOST_CUSTOMERS", "DemoRefused", "is_demo", "load", "refuse_records"]
