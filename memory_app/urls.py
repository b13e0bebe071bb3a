"""Every route of the app; policy.py says who may use it."""

from django.urls import path

from memory_app.views import about, accounts, front, health, site_files
from memory_app.views.chat import (
    export,
    list_page,
    memory_json,
    menu,
    reply_html,
    strip_json,
    token_count,
    tree_json,
)
from memory_app.views.chat import (
    page as chat_page,
)
from memory_app.views.inspector import downloads, gate_map, gate_view, next_token

urlpatterns = [
    path("", front.front, name="front"),
    path("about/memory/", about.about_memory, name="about_memory"),
    path("accounts/", accounts.account, name="account"),
    path("accounts/signup/", accounts.signup, name="signup"),
    path("accounts/login/", accounts.login, name="login"),
    path("accounts/logout/", accounts.logout, name="logout"),
    path("accounts/language/", accounts.set_language, name="set_language"),
    path("chats/", list_page.chats, name="chats"),
    path("chats/import/", export.chats_import, name="chats_import"),
    path("chat/", chat_page.chat_new, name="chat_new"),
    path("chat/<uuid:chat>/", chat_page.chat, name="chat"),
    path("chat/<uuid:chat>/menu/", menu.chat_menu, name="chat_menu"),
    path("chat/<uuid:chat>/rename/", menu.chat_rename, name="chat_rename"),
    path("chat/<uuid:chat>/share/", menu.chat_share, name="chat_share"),
    path("chat/<uuid:chat>/pin/", menu.chat_pin, name="chat_pin"),
    path("chat/<uuid:chat>/archive/", menu.chat_archive, name="chat_archive"),
    path("chat/<uuid:chat>/delete/", menu.chat_delete, name="chat_delete"),
    path("chat/<uuid:chat>/restore/", menu.chat_restore, name="chat_restore"),
    path("chat/<uuid:chat>/export.json", export.export_json, name="export_json"),
    path("chat/<uuid:chat>/export.md", export.export_markdown, name="export_markdown"),
    path("chat/<uuid:chat>/turns.json", tree_json.turns_json, name="turns_json"),
    path("chat/<uuid:chat>/memory.json", memory_json.memory_json, name="memory_json"),
    path("chat/<uuid:chat>/tokens/", token_count.token_count, name="token_count"),
    path("turn/<uuid:turn>/", gate_view.turn, name="turn"),
    path("turn/<uuid:turn>/reply/", reply_html.reply, name="reply"),
    path("turn/<uuid:turn>/gates.json", strip_json.gates_json, name="gates_json"),
    path("turn/<uuid:turn>/map.safetensors", gate_map.gate_map, name="gate_map"),
    path("turn/<uuid:turn>/matrix.safetensors", gate_map.matrix, name="matrix"),
    path("turn/<uuid:turn>/unit.json", gate_map.unit_json, name="unit_json"),
    path(
        "turn/<uuid:turn>/alternatives.json",
        next_token.alternatives_json,
        name="alternatives_json",
    ),
    path("turn/<uuid:turn>/trace.safetensors", downloads.trace, name="trace"),
    path("turn/<uuid:turn>/state.safetensors", downloads.state, name="state"),
    path("favicon.ico", site_files.favicon, name="favicon"),
    path("apple-touch-icon.png", site_files.apple_touch_icon, name="apple_touch_icon"),
    path("robots.txt", site_files.robots, name="robots"),
    path("manifest.webmanifest", site_files.manifest, name="manifest"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
