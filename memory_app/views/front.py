from django.http import HttpRequest, HttpResponse


def front(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")
