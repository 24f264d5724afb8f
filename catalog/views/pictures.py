"""Pictures on pages: those that are searched with, and item pictures that are files of this site."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from catalog.embedding.base import EncoderError
from catalog.errors import InvalidQuery
from catalog.http.addresses import parts_of
from catalog.http.problems import Unavailable, error_response
from catalog.http.throttling import caller_name, seconds_to_wait
from catalog.index.serving import serving_version
from catalog.models import Attribute, Item
from catalog.pictures.addresses import is_local
from catalog.pictures.copies import picture_copy
from catalog.pictures.errors import PictureError, PicturesBusy
from catalog.search.by_picture import KEPT_S, ask_for_picture, check_reads_pictures, keep_picture, kept_picture
from catalog.views.covers import lasting_cache
from catalog.views.parameters import Asked, read_address

FORGOTTEN = "The picture is no longer stored. Choose it again."
NONE_CHOSEN = "Choose a picture first."


@method_decorator(csrf_exempt, name="dispatch")
class SearchByPictureView(View):
    """Takes a picture and redirects to its search results, keeping the filters of the previous page.

    Checking the CSRF token reads the whole body, so it is done after the rate limit is checked.
    """

    accepts_pictures = True

    def post(self, request: HttpRequest) -> HttpResponse:
        if wait_s := seconds_to_wait("pictures", caller_name(request)):
            response = error_response(request, 429, "throttled", "Too many pictures. Try again in a minute.")
            response["Retry-After"] = str(wait_s)
            return response
        return self._look_for(request)

    @method_decorator(csrf_protect)
    def _look_for(self, request: HttpRequest) -> HttpResponse:
        before = QueryDict(parts_of(request.POST.get("address", "")).query)
        asked = read_address(before, list(Attribute.objects.all())).without_picture
        try:
            check_reads_pictures(serving_version())
            file = request.FILES.get("image")
            if file is None:
                messages.error(request, NONE_CHOSEN)
            else:
                asked = replace(asked, picture=keep_picture(file.read(settings.PICTURE_MAX_BYTES + 1)))
        except PicturesBusy as error:
            return busy_response(request, error)
        except (InvalidQuery, PictureError) as error:
            messages.error(request, str(error))
        response = HttpResponseRedirect(asked.address)
        response.status_code = 303
        return response


class KeptPictureView(View):
    """A picture that is searched with."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        data = kept_picture(token)
        if data is None:
            raise Http404
        response = HttpResponse(data, content_type="image/jpeg")
        response["Cache-Control"] = f"private, max-age={KEPT_S}"
        return response


class ItemPictureView(View):
    """An item's picture under PICTURE_ROOT: a JPEG made from the file, never the file itself."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(Item.objects.published(), pk=pk)
        if not item.image or not is_local(item.image):
            raise Http404
        try:
            data = picture_copy(item.image)
        except PicturesBusy as error:
            return busy_response(request, error)
        except PictureError as error:
            raise Http404 from error
        return lasting_cache(HttpResponse(data, content_type="image/jpeg"), request, item)


def busy_response(request: HttpRequest, error: PicturesBusy) -> HttpResponse:
    response = error_response(request, 503, error.code, str(error))
    response["Retry-After"] = str(Unavailable.wait)
    return response


def with_picture(asked: Asked) -> Asked:
    """The search with its picture's vector; if that fails, without the picture and with a note that says why."""
    if not asked.picture:
        return asked
    try:
        if (data := kept_picture(asked.picture)) is None:
            return _without_picture(asked, FORGOTTEN)
        return replace(asked, sight=ask_for_picture(check_reads_pictures(serving_version()), data))
    except (InvalidQuery, PictureError, EncoderError) as error:
        return _without_picture(asked, str(error))


def _without_picture(asked: Asked, note: str) -> Asked:
    return replace(asked.without_picture, page=asked.page, notes=(*asked.notes, note))
