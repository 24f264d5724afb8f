"""What all views of the API have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.http.serializers import StrictSerializer, checked


class ApiView(APIView):
    """Checks the query parameters: those of `query_class` for reading, none at all for writing."""

    query_class: ClassVar[type[StrictSerializer]] = StrictSerializer
    query: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not hasattr(self, str(request.method).lower()):
            return  # the method is at fault, whatever the parameters
        expected = self.query_class if request.method in SAFE_METHODS else StrictSerializer
        self.query = checked(expected(data=request.query_params))
