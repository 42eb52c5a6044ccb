"""Who may: the catalogue of rights, the person a session works for, and the wall around the rows."""
