"""Websocket routes; who may use them says policy.py."""

from channels.routing import URLRouter
from django.urls import path

from memory_app.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/chat/<uuid:chat>/", ChatConsumer.as_asgi(), name="ws_chat")]
router = URLRouter(websocket_urlpatterns)
