"""What may happen: verbs and rules. They take the session and what they act on, and never commit."""
