from django.http import HttpRequest, HttpResponse


def turn(request: HttpRequest, **ids: object) -> HttpResponse:
    return HttpResponse("")
