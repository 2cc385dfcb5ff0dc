"""Links and who came in by them, without a server."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from qwen_dual.web.access import (
    MAX_GUESTS,
    MAX_LINKS,
    MAX_SOCKETS,
    NAMED_SECONDS,
    Access,
    shown_name,
)
from qwen_dual.web.access_records import AccessError, Client, Entered, KnownAccess
from qwen_dual.web.limits import UNFINISHED_BYTES

OWNER = Client("Ada", frozenset({"observe", "approve", "submit", "control"}))


def entered(access: Access, token: str, name: str = "") -> Entered:
    found = access.enter(token, name)
    assert found is not None
    return found


def test_only_cookie_and_proof_of_one_browser_together_let_in() -> None:
    access = Access()
    token = access.first_link()
    first, second = entered(access, token, "Ada"), entered(access, token, "Bob")
    assert access.client([first.cookie], first.proof) == first.client
    assert access.client([first.cookie], second.proof) is None
    assert access.client([second.cookie], first.proof) is None
    assert access.client([first.cookie + "0"], first.proof) is None
    assert access.client([first.cookie.upper()], first.proof) is None
    assert access.client([], first.proof) is None
    assert access.client(["", ".", "x", first.cookie], "") is None


def test_a_cookie_that_another_port_has_set_does_not_shut_out() -> None:
    access = Access()
    one = entered(access, access.first_link())
    assert access.client(["planted", f"{one.client.id}.0", one.cookie], one.proof) == one.client


def test_a_link_gives_its_rights_and_observe() -> None:
    access = Access()
    link, token = access.make_link(["approve"], "phone", None, OWNER)
    assert link.rights == ("observe", "approve")
    client = entered(access, token).client
    assert (client.name, client.rights) == ("phone", frozenset({"observe", "approve"}))
    assert (client.may("approve"), client.may("submit")) == (True, False)


def test_nobody_gives_more_than_he_has() -> None:
    access = Access()
    with pytest.raises(AccessError, match="no right to submit") as caught:
        access.make_link(["submit"], "", None, Client("x", frozenset({"observe", "control"})))
    assert caught.value.code == "no_right"
    with pytest.raises(AccessError, match="'root' is no right"):
        access.make_link(["root"], "", None, OWNER)


def test_the_number_of_links_is_bounded() -> None:
    access = Access()
    for _ in range(MAX_LINKS):
        access.make_link([], "", None, OWNER)
    with pytest.raises(AccessError, match="revoke some"):
        access.make_link([], "", None, OWNER)


def test_the_browser_that_was_away_longest_is_forgotten_first() -> None:
    now = [1000.0]
    access = Access(clock=lambda: now[0])
    token = access.first_link()
    first, second = entered(access, token), entered(access, token)
    now[0] += 1
    assert access.client([first.cookie], first.proof) is not None
    _, other_token = access.make_link([], "", None, OWNER)
    other = entered(access, other_token)
    for _ in range(MAX_GUESTS - 1):
        access.enter(token)
    assert access.client([other.cookie], other.proof) is not None
    assert access.client([second.cookie], second.proof) is None
    assert access.client([first.cookie], first.proof) is not None


def test_a_restart_knows_who_was_let_in_by_digests_alone() -> None:
    before = Access()
    old = before.first_link()
    link, token = before.make_link(["submit"], "phone", "key", OWNER)
    ada, bob = entered(before, old, "Ada"), entered(before, token, "Bob")
    data = msgspec.json.encode(before.kept())
    for secret in (old, token, ada.proof, bob.proof, ada.cookie.partition(".")[2]):
        assert secret.encode() not in data
    after = Access(msgspec.json.decode(data, type=KnownAccess))
    new = after.first_link()
    assert after.client([ada.cookie], ada.proof) == ada.client
    assert after.client([bob.cookie], bob.proof) == bob.client
    assert after.enter(old) is None  # of the links that were printed the latest counts
    assert after.enter(new) is not None
    assert after.enter(token) is not None
    assert [one.first for one in after.links()] == [True, False]
    after.revoke(link.id)
    assert after.client([bob.cookie], bob.proof) is None


def test_the_first_link_is_revoked_only_by_who_came_in_by_it() -> None:
    access = Access()
    owner = entered(access, access.first_link())
    _, token = access.make_link(OWNER.rights, "guest", None, OWNER)
    guest = entered(access, token)
    first = access.links()[0]
    with pytest.raises(AccessError, match="who started the server") as caught:
        access.revoke(first.id, guest.client)
    assert caught.value.code == "no_right"
    assert access.client([owner.cookie], owner.proof) == owner.client
    assert access.revoke(first.id, owner.client)
    assert access.client([owner.cookie], owner.proof) is None


def test_two_browsers_of_one_kind_are_told_apart_and_one_that_comes_again_keeps_its_name() -> None:
    now = [1000.0]
    access = Access(clock=lambda: now[0])
    token = access.first_link()
    one, two = (entered(access, token, "Chrome on Linux") for _ in range(2))
    assert [one.client.name, two.client.name] == ["Chrome on Linux", "Chrome on Linux 2"]
    again = access.enter(token, "Chrome on Linux", [two.cookie])
    assert again is not None
    assert again.client.name == "Chrome on Linux 2"
    now[0] += NAMED_SECONDS + 1
    assert entered(access, token, "Chrome on Linux").client.name == "Chrome on Linux"


def test_what_is_not_whole_yet_counts_for_all_who_came_in_by_one_link() -> None:
    access = Access()
    _, token = access.make_link(["submit"], "guest", None, OWNER)
    one, two = (entered(access, token).client for _ in range(2))
    owner = entered(access, access.first_link()).client
    assert access.unfinished(one).change(UNFINISHED_BYTES)
    assert not access.unfinished(two).change(1)
    assert access.unfinished(owner).change(1)
    access.unfinished(one).change(-UNFINISHED_BYTES)
    assert access.unfinished(two).change(1)


def test_every_change_that_lasts_is_told() -> None:
    told: list[int] = []
    access = Access(changed=lambda: told.append(1))
    token = access.first_link()
    link, _ = access.make_link([], "", None, OWNER)
    one = entered(access, token)
    access.revoke(link.id)
    access.leave(one.client)
    assert len(told) == 5
    assert not access.revoke("unknown")
    access.leave(one.client)
    assert len(told) == 5


def test_revoking_cuts_what_is_open() -> None:
    access = Access()
    link, token = access.make_link([], "", None, OWNER)
    guest = entered(access, token).client
    other = entered(access, access.first_link()).client

    async def main() -> None:
        async def wait(client: Client, cut: list[str]) -> None:
            with access.socket(client) as scope:
                await anyio.sleep_forever()
            if scope.cancelled_caught:
                cut.append(client.id)

        cut: list[str] = []
        async with anyio.create_task_group() as group:
            for client in (guest, guest, other):
                group.start_soon(wait, client, cut)
            await anyio.wait_all_tasks_blocked()
            assert access.present(link.id) == 1
            access.revoke(link.id)
            await anyio.wait_all_tasks_blocked()
            assert cut == [guest.id, guest.id]
            assert access.present(link.id) == 0
            with pytest.raises(AccessError), access.socket(guest):
                pass
            group.cancel_scope.cancel()

    anyio.run(main)


def test_the_sockets_of_one_browser_are_bounded() -> None:
    access = Access()
    client = entered(access, access.first_link()).client

    async def main() -> None:
        async def hold() -> None:
            with access.socket(client):
                await anyio.sleep_forever()

        async with anyio.create_task_group() as group:
            for _ in range(MAX_SOCKETS):
                group.start_soon(hold)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(AccessError) as caught, access.socket(client):
                pass
            assert caught.value.code == "crowded"
            group.cancel_scope.cancel()

    anyio.run(main)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("  Ada \n Lovelace ", "Ada Lovelace"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\x1b[2J", "⟨ESC⟩[2J"),
        ("x" * 100, "x" * 60),
        ("", ""),
    ],
)
def test_a_name_hides_and_turns_nothing(name: str, shown: str) -> None:
    assert shown_name(name) == shown
