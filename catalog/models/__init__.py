"""The models of the catalogue, one subject per module."""

from catalog.models.access import ApiKey, AuditEntry
from catalog.models.encoders import EncoderAdaptation, EncoderComparison, EndpointUse
from catalog.models.imports import ImportRun
from catalog.models.index import IndexVersion, ReindexRun
from catalog.models.item import Attribute, Item
from catalog.models.judged import JudgedQuery, JudgedSet, Judgement, MeasuredSetting, Measurement
from catalog.models.ledger import PICTURE_ORDINAL, EmbeddingBatch, EmbeddingState, Passage
from catalog.models.lexical import Posting, TermCount, TermDelta
from catalog.models.rules import RulesStamp, SearchRule, Synonym
from catalog.models.samples import VectorSample
from catalog.models.searches import PopularQuery, SearchIntent

__all__ = [
    "PICTURE_ORDINAL",
    "ApiKey",
    "Attribute",
    "AuditEntry",
    "EmbeddingBatch",
    "EmbeddingState",
    "EncoderAdaptation",
    "EncoderComparison",
    "EndpointUse",
    "ImportRun",
    "IndexVersion",
    "Item",
    "JudgedQuery",
    "JudgedSet",
    "Judgement",
    "MeasuredSetting",
    "Measurement",
    "Passage",
    "PopularQuery",
    "Posting",
    "ReindexRun",
    "RulesStamp",
    "SearchIntent",
    "SearchRule",
    "Synonym",
    "TermCount",
    "TermDelta",
    "VectorSample",
]
