from django.http import HttpRequest, HttpResponse


def signup(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")


def login(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")


def logout(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")


def set_language(request: HttpRequest) -> HttpResponse:
    from django.views.i18n import set_language as set_one

    return set_one(request)
