from django.http import HttpRequest, HttpResponse


def chat_new(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")


def chat(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")
