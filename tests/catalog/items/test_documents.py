from __future__ import annotations

import pytest
from django.template import TemplateSyntaxError

from catalog.items.documents import document_hash, render_document
from catalog.models import Item
from catalog.models.index import DEFAULT_TEMPLATE

ITEM = Item(title="Fog & Mist", body="<b>Lost</b>", category="Film", language="en", attributes={"year": 1975})


def test_the_usual_document_is_title_and_body_as_they_are():
    assert render_document(ITEM, DEFAULT_TEMPLATE) == "Fog & Mist\n<b>Lost</b>"


def test_blank_ends_are_cut_off():
    assert render_document(Item(title="Fog", body=""), DEFAULT_TEMPLATE) == "Fog"


def test_a_template_may_use_every_field_and_attribute():
    template = "{{ category }} {{ language }} {{ attributes.year }}{{ attributes.absent }}"
    assert render_document(ITEM, template) == "Film en 1975"


@pytest.mark.parametrize("template", ["{% no_such_tag %}", "{% if %}", "{% for x %}{% endfor %}"])
def test_what_is_no_template_is_refused(template: str):
    with pytest.raises(TemplateSyntaxError):
        render_document(ITEM, template)


def test_a_document_cannot_read_the_item_s_methods_or_other_objects():
    assert render_document(ITEM, "{{ item.pk }}{{ settings.SECRET_KEY }}x") == "x"


def test_the_hash_is_md5_in_hex():
    assert document_hash("abc") == "900150983cd24fb0d6963f7d28e17f72"


def test_texts_beside_each_other_are_joined_as_django_would():
    template = "{{ category }}: {{title}} ({{ language }})\n{{ body }}{# not shown #}{{ title|upper }}"
    plain = template.replace("{{ title|upper }}", "")
    assert render_document(ITEM, plain) + "FOG & MIST" == render_document(ITEM, template)
    assert render_document(ITEM, plain) == "Film: Fog & Mist (en)\n<b>Lost</b>"
