from django.http import HttpRequest, HttpResponse


def healthz(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")


def readyz(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")
