from django.http import HttpRequest, HttpResponse


def trace(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")


def state(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")
