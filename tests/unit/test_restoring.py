"""Spec §18.4 to §18.7: making a node of a backup, of words, of guardians' approvals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from node import identity, restoring, succession
from node.backup import make_backup
from node.engine.events import Json, Space
from node.identity import Identity
from node.store import DATABASE_FILE, Store
from node.succession import Asked
from node.words import words_of
from protocol.errors import Refused
from protocol.keys import Signer, root_seed, verify
from protocol.mandates import Successor, approval_message, are_approved, root_commitment
from protocol.successions import Approval, decode_request, encode_approval
from tests.guardians import GUARDIANS, answers_to


def lived_in(home: Path) -> tuple[Identity, str]:
    """A member at home, and its words."""
    identity.set_up(home, "Ana", "ana@example.org", "", "fr")
    found = load(home)
    return found, found.words


def load(home: Path) -> Identity:
    store = Store(home)
    try:
        found = identity.load(store)
        assert found is not None
        return found
    finally:
        store.close()


def meta(home: Path) -> dict[bytes, object]:
    store = Store(home)
    try:
        return {key: value for space, key, value in store.load() if space is Space.META}
    finally:
        store.close()


def backup_of(home: Path, folder: Path) -> Path:
    file = folder / "copy"
    file.write_bytes(make_backup(home, load(home).backup_key))
    return file


def code_of(error: pytest.ExceptionInfo[Refused]) -> str:
    return error.value.code


class TestBackup:
    """The same member on another computer."""

    def test_it_is_the_same_member_on_a_new_device(self, tmp_path: Path) -> None:
        before, words = lived_in(tmp_path / "a")
        file = backup_of(tmp_path / "a", tmp_path)
        restoring.restore_backup(tmp_path / "b", file, words)
        after = load(tmp_path / "b")

        assert (before.member, before.seed, before.email) == (after.member, after.seed, after.email)
        assert before.next_root_hash == after.next_root_hash
        assert before.device_seed != after.device_seed
        assert b"" == after.entropy
        marked = meta(tmp_path / "b")
        assert {b"log_epoch", b"epoch", b"recalling"} <= set(marked)
        assert 0o600 == (tmp_path / "b" / DATABASE_FILE).stat().st_mode & 0o777

    def test_a_later_root_takes_over_from_a_stolen_one(self, tmp_path: Path) -> None:
        """It is the one that was promised. Spec §18.3."""
        before, words = lived_in(tmp_path / "a")
        file = backup_of(tmp_path / "a", tmp_path)
        restoring.restore_backup(tmp_path / "b", file, words, root=1)
        after = load(tmp_path / "b")

        assert before.member == after.member
        assert before.seed == after.seed
        assert [s.key for s in after.successors] == [Signer(after.root_seed).public]
        assert before.next_root_hash == root_commitment(after.successors[0].key)
        assert before.next_root_hash != after.next_root_hash

    def test_what_goes_wrong_leaves_nothing_behind(self, tmp_path: Path) -> None:
        _, words = lived_in(tmp_path / "a")
        file = backup_of(tmp_path / "a", tmp_path)
        home = tmp_path / "b"
        cases = [
            (file, words_of(bytes(32), "en"), 0, "backup-other-words"),
            (file, "one two", 0, "words-count"),
            (file, words, 9, "root-out-of-range"),
            (tmp_path / "none", words, 0, "file-unreadable"),
            (tmp_path, words, 0, "file-unreadable"),
        ]
        for path, given, root, code in cases:
            with pytest.raises(Refused) as caught:
                restoring.restore_backup(home, path, given, root=root)
            assert code == code_of(caught)
            assert not (home / DATABASE_FILE).exists()

        with pytest.raises(Refused) as caught:
            restoring.restore_backup(tmp_path / "a", file, words)
        assert "home-not-empty" == code_of(caught)

    def test_a_home_that_was_started_and_never_set_up_can_be_restored(self, tmp_path: Path) -> None:
        """Whoever follows the emergency kit may have looked at the program first."""
        before, words = lived_in(tmp_path / "a")
        file = backup_of(tmp_path / "a", tmp_path)
        Store(tmp_path / "b").close()

        restoring.restore_backup(tmp_path / "b", file, words)

        assert before.member == load(tmp_path / "b").member

    def test_a_home_that_waits_for_its_guardians_is_not_overwritten(self, tmp_path: Path) -> None:
        before, words = lived_in(tmp_path / "a")
        file = backup_of(tmp_path / "a", tmp_path)
        succession.ask_guardians(tmp_path / "b", before.member.hex(), "Ana", "fr")

        with pytest.raises(Refused) as caught:
            restoring.restore_backup(tmp_path / "b", file, words)
        assert "home-not-empty" == code_of(caught)

    def test_a_backup_without_a_member_is_none(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "a")
        store.close()
        made = identity.from_entropy(bytes(range(32)), "Ana", "en")
        file = tmp_path / "copy"
        file.write_bytes(make_backup(tmp_path / "a", made.backup_key))

        with pytest.raises(Refused) as caught:
            restoring.restore_backup(tmp_path / "b", file, words_of(bytes(range(32)), "en"))
        assert "backup-without-member" == code_of(caught)
        assert not (tmp_path / "b" / DATABASE_FILE).exists()


class TestWords:
    """Nothing but paper."""

    def test_words_alone_make_the_same_member(self, tmp_path: Path) -> None:
        before, words = lived_in(tmp_path / "a")
        answer = restoring.restore_words(tmp_path / "b", words, "Ana", "en")
        after = load(tmp_path / "b")

        assert isinstance(answer, Mapping)
        assert before.member.hex() == answer["member"]
        assert (before.seed, before.backup_key) == (after.seed, after.backup_key)
        assert before.device_seed != after.device_seed
        assert b"recalling" in meta(tmp_path / "b")

    def test_a_name_that_cannot_be_is_refused(self, tmp_path: Path) -> None:
        _, words = lived_in(tmp_path / "a")
        with pytest.raises(Refused) as caught:
            restoring.restore_words(tmp_path / "b", words, " ", "en")
        assert "name-missing" == code_of(caught)


class TestGuardians:
    """The words are lost too."""

    def ask(self, home: Path) -> tuple[str, str]:
        member = GUARDIANS[4].public.hex()
        answer = succession.ask_guardians(home, member, "Ana", "en")
        return text(answer, "request"), text(answer, "words")

    def approvals(self, request_text: str, *signers: Signer) -> list[str]:
        return answers_to(request_text, signers)

    def test_two_approvals_make_the_member_again(self, tmp_path: Path) -> None:
        request, words = self.ask(tmp_path)
        succession.take_approvals(tmp_path, self.approvals(request, *GUARDIANS[:2]))
        found = load(tmp_path)

        assert GUARDIANS[4].public == found.member
        assert words == found.words
        assert [Signer(found.root_seed).public] == [s.key for s in found.successors]
        approvals = found.successors[0].approvals
        assert sorted(g.public for g in GUARDIANS[:2]) == [guardian for guardian, _ in approvals]

    def test_what_is_not_enough_is_refused(self, tmp_path: Path) -> None:
        request, _ = self.ask(tmp_path)
        one, two = self.approvals(request, *GUARDIANS[:2])
        other, _ = self.ask(tmp_path / "other")
        cases = [
            ([one], "approvals-count"),
            ([one, one], "approvals-count"),
            (self.approvals(request, *GUARDIANS), "approvals-count"),
            ([one, *self.approvals(other, GUARDIANS[1])], "approval-of-another"),
            ([one, two[:-4]], "succession-text-malformed"),
            ([one, request], "approval-is-request"),
            ([one, "hello"], "succession-text-malformed"),
        ]
        for texts, code in cases:
            with pytest.raises(Refused) as caught:
                succession.take_approvals(tmp_path, texts)
            assert code == code_of(caught)

        forged = decode_request(request)
        signature = GUARDIANS[0].sign(b"x" * 32)
        fake = encode_approval(Approval(forged, (), 2, GUARDIANS[1].public, signature))
        with pytest.raises(Refused) as caught:
            succession.take_approvals(tmp_path, [one, fake])
        assert "approval-forged" == code_of(caught)

    def test_the_chain_goes_on_where_the_guardians_say_that_it_stood(self, tmp_path: Path) -> None:
        """Who lost everything a second time does not know what came before."""
        request, _ = self.ask(tmp_path)
        member = GUARDIANS[4].public
        bare = Successor(GUARDIANS[3].public, 1_000)
        message = approval_message(member, 1, bare)
        signed = sorted((each.public, each.sign(message)) for each in GUARDIANS[:2])
        earlier = (replace(bare, approvals=tuple(signed)),)
        lying = (replace(bare, approvals=((signed[0][0], signed[1][1]),)),)
        (first,) = answers_to(request, GUARDIANS[:1], earlier=earlier, needed=3)
        second, third = answers_to(request, GUARDIANS[1:3], earlier=earlier)
        wrong = [
            (answers_to(request, GUARDIANS[1:2], earlier=lying)[0], "approval-forged"),
            (answers_to(request, GUARDIANS[1:2])[0], "approvals-apart"),
        ]
        store = Store(tmp_path)
        succession.add(store, first)
        for answer, code in wrong:
            with pytest.raises(Refused) as caught:
                succession.add(store, answer)
            assert code == code_of(caught)
        succession.add(store, second)
        assert 3 == read(store).needed
        with pytest.raises(Refused) as caught:
            succession.take(store, [], lambda member: False)
        assert "approvals-count" == code_of(caught), "one of them knows that it takes three"
        made = succession.take(store, [third], lambda member: False)
        store.close()

        assert load(tmp_path).successors == made.successors
        assert earlier == made.successors[:1]
        assert are_approved(made.successors, member, verify)
        assert 3 == len(made.successors[1].approvals)

    def test_answers_come_one_by_one_and_outlive_a_restart(self, tmp_path: Path) -> None:
        request, words = self.ask(tmp_path)
        one, two, three, four, five = self.approvals(request, *GUARDIANS)
        other, _ = self.ask(tmp_path / "other")
        wrong = [
            ("hello", "succession-text-malformed"),
            ("", "succession-text-malformed"),
            ("openhouse-approval:" * 999, "succession-text-malformed"),
            (one[:-1], "succession-text-malformed"),
            (f"Here it is: {one} Kisses, Luc", "succession-text-malformed"),
            (request, "approval-is-request"),
            (self.approvals(other, GUARDIANS[0])[0], "approval-of-another"),
            (f"{one}\n{one}", "approval-twice"),
        ]
        store = Store(tmp_path)
        for given, code in wrong:
            with pytest.raises(Refused) as caught:
                succession.add(store, given)
            assert code == code_of(caught)
        assert () == read(store).approvals, "what is wrong changes nothing"
        succession.add(store, f"Dear Ana,\nhere it is:\n{one[:40]}\n {one[40:]}\n")
        for given, code in ((one, "approval-twice"), (f"{two} {one}", "approval-twice")):
            with pytest.raises(Refused) as caught:
                succession.add(store, given)
            assert code == code_of(caught)
        with pytest.raises(Refused) as caught:
            succession.take(store, [], lambda member: False)
        assert "approvals-count" == code_of(caught)
        store.close()

        store = Store(tmp_path)
        succession.add(store, f"{two} {three}")
        succession.add(store, four)
        with pytest.raises(Refused) as caught:
            succession.add(store, five)
        assert "approvals-count" == code_of(caught)
        succession.drop(store, GUARDIANS[2].public.hex())
        succession.drop(store, "nobody's")
        kept = [GUARDIANS[number].public for number in (0, 1, 3)]
        assert kept == [each.guardian for each in read(store).approvals]
        assert (words, request) == (read(store).words, read(store).text)
        with pytest.raises(Refused) as caught:
            succession.take(store, [], lambda member: member == GUARDIANS[4].public)
        assert "member-lives-here" == code_of(caught)
        store.close()

        # The command line goes on with what the page was given.
        succession.take_approvals(tmp_path, [])
        found = load(tmp_path)
        assert (GUARDIANS[4].public, words) == (found.member, found.words)
        assert sorted(kept) == [guardian for guardian, _ in found.successors[0].approvals]
        assert b"recalling" in meta(tmp_path)
        store = Store(tmp_path)
        assert succession.read(store) is None, "the new words stand nowhere else"
        store.close()

    def test_who_gives_up_leaves_a_home_in_which_anybody_can_begin(self, tmp_path: Path) -> None:
        self.ask(tmp_path)
        for begin in (self.ask, lived_in):
            with pytest.raises(Refused) as caught:
                begin(tmp_path)
            assert "home-not-empty" == code_of(caught)
        store = Store(tmp_path)
        succession.give_up(store)
        succession.give_up(store)
        with pytest.raises(Refused) as caught:
            succession.add(store, "hello")
        assert "no-succession" == code_of(caught)
        store.close()
        self.ask(tmp_path)

    def test_nothing_can_be_taken_that_was_not_asked_for(self, tmp_path: Path) -> None:
        with pytest.raises(Refused) as caught:
            succession.take_approvals(tmp_path, [])
        assert "no-succession" == code_of(caught)

        lived_in(tmp_path / "a")
        with pytest.raises(Refused) as caught:
            succession.take_approvals(tmp_path / "a", [])
        assert "already-set-up" == code_of(caught)

    def test_a_member_id_that_is_not_whole_is_refused(self, tmp_path: Path) -> None:
        for member in ("", "ab", "zz" * 32):
            with pytest.raises(Refused) as caught:
                succession.ask_guardians(tmp_path, member, "Ana", "en")
            assert "member-id-whole" == code_of(caught)
        with pytest.raises(Refused) as caught:
            succession.ask_guardians(tmp_path, "00" * 32, "Ana", "en")
        assert "member-id-slip" == code_of(caught)


def read(store: Store) -> Asked:
    asked = succession.read(store)
    assert asked is not None
    return asked


def text(answer: Json, key: str) -> str:
    assert isinstance(answer, Mapping)
    value = answer[key]
    assert isinstance(value, str)
    return value


def test_each_root_has_a_seed_of_its_own() -> None:
    """Spec §18.4."""
    entropy = bytes(range(32))

    assert len({root_seed(entropy, index) for index in range(9)}) == 9
