"""What one sees: Flask-AppBuilder model views as declarations, and the edge between requests and the rest."""
