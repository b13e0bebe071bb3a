"""Websocket routes; policy.py says who may use them."""

from channels.routing import URLRouter
from django.urls import path

from memory_app.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/chat/<uuid:chat>/", ChatConsumer.as_asgi(), name="ws_chat")]
router = URLRouter(websocket_urlpatterns)
