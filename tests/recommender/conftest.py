"""Fixtures of the recommender's tests."""

from tests.databases import committed_db, films, films_database, template_database

__all__ = ["committed_db", "films", "films_database", "template_database"]
