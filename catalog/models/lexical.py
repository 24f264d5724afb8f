"""The keyword index: postings and the counts that BM25 needs, written by the triggers on `Item`."""

from __future__ import annotations

from django.db import models


class Posting(models.Model):
    """One term of one item. Its covering primary key serves a term's whole list without touching the heap."""

    pk = models.CompositePrimaryKey("term", "item_id")
    term = models.TextField(db_collation="C")
    item_id = models.BigIntegerField()
    frequency = models.FloatField(help_text="Occurrences, each weighted by its field.")
    length = models.FloatField(help_text="Sum of the item's frequencies.")
    title_terms = models.SmallIntegerField(help_text="Terms in the title, if this is one of them; else 0.")

    class Meta:
        managed = False
        db_table = "catalog_posting"

    def __str__(self) -> str:
        return f"{self.term} in item {self.item_id}"


class TermCount(models.Model):
    """How many items hold a term, and how often.

    The empty term counts all items and all their terms, and a space followed by a language code counts the items in it.
    """

    term = models.TextField(primary_key=True, db_collation="C")
    documents = models.BigIntegerField()
    tokens = models.FloatField()

    class Meta:
        managed = False
        db_table = "catalog_termcount"

    def __str__(self) -> str:
        return f"{self.term}: {self.documents}"


class TermDelta(models.Model):
    """A change to a `TermCount` not yet folded into it.

    Transactions only append here, so two of them never wait for the count of a common word. Readers add both tables;
    `catalog.index.keywords` moves the changes over.
    """

    term = models.TextField(db_collation="C")
    documents = models.BigIntegerField()
    tokens = models.FloatField()

    class Meta:
        managed = False
        db_table = "catalog_termdelta"

    def __str__(self) -> str:
        return f"{self.term}: {self.documents:+d}"
