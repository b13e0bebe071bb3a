from django.http import HttpRequest, HttpResponse


def chats(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")


def chat_rename(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")


def chat_delete(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")
