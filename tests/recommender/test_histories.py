"""Whose histories a training reads."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from django.contrib.auth.models import User

from recommender.interactions import NewInteraction, record_interactions
from recommender.preferences import opt_in, opt_out
from recommender.space.histories import read_histories
from recommender.subjects import Subject
from tests.factories import make_items


@pytest.mark.parametrize("who", ["visitor", "user"])
def test_people_who_opted_out_are_left_out(db, who):
    visitor, user = Subject(visitor=UUID(int=7)), Subject(user_id=User.objects.create_user("ada").pk)
    ids = sorted(make_items([{"external_id": "rain"}, {"external_id": "snow"}]).values())
    for subject, item_id in zip((visitor, user), ids, strict=True):
        record_interactions(subject, [NewInteraction(item_id=item_id, kind="like")])
    subject, left = (visitor, [[1]]) if who == "visitor" else (user, [[0]])
    opt_out(subject)
    assert [history.items.tolist() for history in read_histories(np.array(ids))] == left
    opt_in(subject)
    assert len(read_histories(np.array(ids))) == 2
