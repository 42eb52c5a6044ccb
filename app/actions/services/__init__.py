"""Service requests: what customers ask for, from its creation until the customer has judged how it was handled."""
