from django.http import HttpRequest, HttpResponse


def gates_json(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")
