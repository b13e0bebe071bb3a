"""The address that limits go by: nothing that a client writes itself."""

import pytest

from memory_app.asker import UNKNOWN, Asker, address_of, asker_of
from memory_app.models import Person


def scope(client, *forwarded):
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return {"client": client, "headers": headers}


@pytest.mark.parametrize(
    ("client", "forwarded", "trusted", "address", "network"),
    [
        (("192.0.2.7", 1), [], False, "192.0.2.7", "192.0.2.7"),
        (("192.0.2.7", 1), ["198.51.100.1"], False, "192.0.2.7", "192.0.2.7"),
        (("10.0.0.1", 1), ["198.51.100.1"], True, "198.51.100.1", "198.51.100.1"),
        # What the client wrote stands first, on a line of its own or before the proxy's.
        (("10.0.0.1", 1), ["1.1.1.1, 198.51.100.1"], True, "198.51.100.1", "198.51.100.1"),
        (("10.0.0.1", 1), ["1.1.1.1", "198.51.100.1"], True, "198.51.100.1", "198.51.100.1"),
        (("10.0.0.1", 1), [], True, "10.0.0.1", "10.0.0.1"),
        (("10.0.0.1", 1), ["no address"], True, UNKNOWN, UNKNOWN),
        (("2001:db8:1:2:3:4:5:6", 1), [], False, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (("2001:db8:1:2::9", 1), [], False, "2001:db8:1:2::9", "2001:db8:1:2::/64"),
        (("::ffff:192.0.2.7", 1), [], False, "192.0.2.7", "192.0.2.7"),
        (None, [], False, UNKNOWN, UNKNOWN),
        (("", 0), [], False, UNKNOWN, UNKNOWN),
    ],
)
def test_an_address_and_its_network(settings, client, forwarded, trusted, address, network):
    settings.TRUST_PROXY = trusted
    assert address_of(scope(client, *forwarded)) == (address, network)


def test_a_stranger_a_guest_and_a_member(settings):
    at = scope(("192.0.2.7", 1))
    guest, member = Person(), Person(user_id=3)
    assert asker_of(None, at) == Asker("", False, "192.0.2.7", "192.0.2.7")
    assert asker_of(guest, at) == Asker(str(guest.pk), False, "192.0.2.7", "192.0.2.7")
    assert asker_of(member, at).is_member
