"""What happens by itself or takes long: one file per feature, each with its kinds of jobs; ``frame`` runs them."""
