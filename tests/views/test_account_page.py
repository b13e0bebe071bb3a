"""The page of one's own account."""

from django.contrib.auth import get_user_model
from django.test import Client

URL = "/accounts/you/"


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(db):
    user = get_user_model().objects.create_user("clara", password="an-old-secret")
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.force_login(user)
    page = here.get(URL).content.decode()
    assert "clara" in page
    assert f'href="{URL}"' in page
    words = {"old_password": "wrong", "new_password1": "12345678", "new_password2": "12345678"}
    refused = here.post(URL, words).content.decode()
    assert "This is not your current password." in refused
    assert "entirely numeric" in refused
    words = dict.fromkeys(["new_password1", "new_password2"], "a-new-secret-7")
    answer = here.post(URL, {"old_password": "an-old-secret", **words}, follow=True)
    assert "Your password was changed." in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password("a-new-secret-7")
    for client, shown in ((here, 200), (elsewhere, 302)):
        assert client.get(URL).status_code == shown


def test_a_stranger_is_sent_to_the_log_in_and_comes_back(client, db):
    answer = client.get(URL)
    assert answer.status_code == 302
    assert answer.url == "/accounts/login/?next=%2Faccounts%2Fyou%2F"


def test_a_guest_sees_what_can_be_done_with_the_data_and_no_password(checkpoint, client):
    client.get("/")
    page = client.get(URL).content.decode()
    assert "You are a guest" in page
    assert "/accounts/you/data.zip" in page
    assert 'type="password"' not in page
