"""The version, in one place; bump it whenever a document may yield another record."""

__version__ = "0.1.0"
