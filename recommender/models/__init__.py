"""The tables of recommendations, one module per subject."""

from recommender.models.events import EventKind, Interaction, ItemPopularity
from recommender.models.owned import SubjectModel
from recommender.models.personal import DeletionReceipt, Preferences
from recommender.models.profiles import Profile, ProfileState, UserEmbedding, VectorCentre
from recommender.models.serving import Experiment, ScenarioChange, ServingRecord, ServingStamp, ShownList, SplitUnit
from recommender.models.taste import TasteModel, TasteVector

__all__ = [
    "DeletionReceipt",
    "EventKind",
    "Experiment",
    "Interaction",
    "ItemPopularity",
    "Preferences",
    "Profile",
    "ProfileState",
    "ScenarioChange",
    "ServingRecord",
    "ServingStamp",
    "ShownList",
    "SplitUnit",
    "SubjectModel",
    "TasteModel",
    "TasteVector",
    "UserEmbedding",
    "VectorCentre",
]
