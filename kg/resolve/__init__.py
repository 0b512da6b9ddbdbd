"""Who is who: mentions of one document to its entities, entities of many documents to the graph's."""

from kg.resolve.document import resolve_document

__all__ = ["resolve_document"]
