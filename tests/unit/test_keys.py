"""Spec §4: keys, domains, signatures."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, TypedDict

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import AuthError, BadKey, BadSignature, DecryptFailed
from protocol.keys import (
    KEY_SIZE_BYTES,
    SEAL_OVERHEAD_BYTES,
    SIGNATURE_SIZE_BYTES,
    Domain,
    MemberId,
    Signer,
    digest,
    link_private_key,
    link_public_key,
    public_key_problem,
    revocation_hash,
    revocation_secret,
    seal,
    unseal,
    verify,
)

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "protocol" / "vectors" / "keys.json"
WYCHEPROOF = Path("..") / "shared" / "vectors" / "wycheproof_ed25519_test.json"

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493

IDENTITY = (1).to_bytes(32, "little")
CONSTANT_SIGNATURE = IDENTITY + bytes(32)

alice, bob = Signer(bytes([1]) * 32), Signer(bytes([2]) * 32)

seeds = st.binary(min_size=32, max_size=32)

Point = tuple[int, int]


def add(a: Point, b: Point) -> Point:
    """Add two points of the curve, as RFC 8032 defines it."""
    product = D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, P)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P)
    return x % P, y % P


def multiply(factor: int, point: Point) -> Point:
    result = (0, 1)
    for bit in bin(factor)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def points() -> Iterator[Point]:
    """Give points of the curve, small y first."""
    for y in range(2, P):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(square, (P + 3) // 8, P)
        for root in (x, x * pow(2, (P - 1) // 4, P) % P):
            if root * root % P == square:
                yield root, y


@cache
def small_order_points() -> list[Point]:
    """Compute all points whose order divides 8, from any that has order 8."""
    for point in points():
        torsion = multiply(ORDER, point)
        if multiply(4, torsion) != (0, 1):
            return [multiply(factor, torsion) for factor in range(8)]
    raise AssertionError("the curve has such points")


def spellings(point: Point) -> list[bytes]:
    """Spell a point in every way a careless reader takes."""
    x, y = point
    ys = [y, y + P] if y + P < 2**255 else [y]
    signs = [0, 1] if x == 0 else [x & 1]
    return [(sign << 255 | y).to_bytes(32, "little") for y in ys for sign in signs]


class TestDomains:
    """Spec §4.1."""

    def test_each_domain_has_a_name_of_its_own(self) -> None:
        """Enum would quietly make two domains of one name the same."""
        assert len(Domain) == len(Domain.__members__)
        assert all(
            domain.value == domain.name.lower().replace("_", " ").encode() for domain in Domain
        )

    def test_no_prefix_begins_another(self) -> None:
        """So no choice of parts in one domain gives the bytes of another."""
        prefixes = [domain.prefix for domain in Domain]

        assert not [(a, b) for a in prefixes for b in prefixes if a != b and b.startswith(a)]

    def test_a_digest_is_of_domain_and_joined_parts(self) -> None:
        """Parts are joined without marks: all but one need a known length."""
        assert len(digest(Domain.RECORD)) == 32
        assert digest(Domain.RECORD, b"ab", b"c") == digest(Domain.RECORD, b"abc")
        assert digest(Domain.RECORD, b"abc") != digest(Domain.CONTRACT, b"abc")


class TestPublicKeys:
    """Spec §4.2."""

    def test_a_signer_s_key_is_good(self) -> None:
        """Checked twice, since the second answer comes from memory."""
        assert public_key_problem(alice.public) is None
        assert public_key_problem(alice.public) is None

    @given(seeds)
    def test_every_honest_key_is_good(self, seed: bytes) -> None:
        """The check refuses nobody by accident."""
        assert public_key_problem(Signer(seed).public) is None

    def test_all_points_of_small_order_are_refused_in_every_spelling(self) -> None:
        """Eight points, fourteen spellings, computed here from the curve."""
        found = small_order_points()
        keys = [key for point in found for key in spellings(point)]

        assert len(set(found)) == 8
        assert len(set(keys)) == 14
        for key in keys:
            assert public_key_problem(key) in (
                "it is a point of small order",
                "it is not in canonical form",
            )

    @pytest.mark.parametrize("excess", range(19))
    @pytest.mark.parametrize("sign", [0, 1])
    def test_every_second_spelling_is_refused(self, excess: int, sign: int) -> None:
        """y from p to 2^255 - 1: nineteen numbers that mean 0 to 18."""
        key = (sign << 255 | P + excess).to_bytes(32, "little")

        assert public_key_problem(key) == "it is not in canonical form"

    def test_bytes_that_are_no_point_are_refused(self) -> None:
        """About half of all numbers are the y of no point."""
        on_curve = {y for _, (_, y) in zip(range(40), points(), strict=False)}
        for y in range(2, max(on_curve)):
            problem = public_key_problem(y.to_bytes(32, "little"))
            assert problem == (None if y in on_curve else "it is not a point of the curve")

    @pytest.mark.parametrize("length", [0, 31, 33, 64])
    def test_a_key_of_another_length_is_refused(self, length: int) -> None:
        """Before it is remembered."""
        assert public_key_problem(bytes(length)) == f"it has {length} bytes, not 32"
        assert not verify(bytes(length), b"message", alice.sign(b"message"))


class TestSignatures:
    """Spec §4.3."""

    @given(seeds, st.binary(max_size=100))
    def test_what_a_member_signs_verifies_under_that_member_only(
        self, seed: bytes, message: bytes
    ) -> None:
        """Signing needs no randomness: twice is the same."""
        signer = Signer(seed)
        signature = signer.sign(message)

        assert len(signer.public) == KEY_SIZE_BYTES
        assert len(signature) == SIGNATURE_SIZE_BYTES
        assert signature == Signer(seed).sign(message)
        assert verify(signer.public, message, signature)
        assert not verify(bob.public, message, signature)
        assert not verify(signer.public, message + b"!", signature)

    @given(st.integers(0, 511))
    def test_no_bit_of_a_signature_can_change(self, bit: int) -> None:
        """No signature has a second form."""
        signature = bytearray(alice.sign(b"message"))
        signature[bit // 8] ^= 1 << bit % 8

        assert not verify(alice.public, b"message", bytes(signature))

    def test_the_order_cannot_be_added(self) -> None:
        """S + L is the same number to the curve, and a second signature to a log."""
        signature = alice.sign(b"message")
        s = int.from_bytes(signature[32:], "little") + ORDER

        assert not verify(alice.public, b"message", signature[:32] + s.to_bytes(32, "little"))

    @pytest.mark.parametrize("message", [b"", b"I lend you my house", b"for ever"])
    def test_the_constant_signature_of_the_identity_fools_the_library_not_us(
        self, message: bytes
    ) -> None:
        """The reason for §4.2: under this key, 64 known bytes sign everything."""
        Ed25519PublicKey.from_public_bytes(IDENTITY).verify(CONSTANT_SIGNATURE, message)

        assert not verify(IDENTITY, message, CONSTANT_SIGNATURE)

    def test_every_point_of_small_order_is_refused_whatever_it_signs(self) -> None:
        """With the others one message in two, four or eight fits."""
        messages = [bytes([number]) for number in range(40)]
        for point in small_order_points():
            key = spellings(point)[0]
            assert not [m for m in messages if verify(key, m, CONSTANT_SIGNATURE)]


class TestSealing:
    """Spec §4.4, §4.5."""

    private = link_private_key(bytes(32))
    public = link_public_key(private)

    @given(st.binary(max_size=200), seeds, st.binary(max_size=40))
    def test_the_reader_opens_what_was_sealed(
        self, plaintext: bytes, ephemeral: bytes, context: bytes
    ) -> None:
        """48 bytes longer, whatever is inside."""
        sealed = seal(self.public, plaintext, ephemeral_private=ephemeral, context=context)

        assert len(sealed) == len(plaintext) + SEAL_OVERHEAD_BYTES
        assert unseal(self.private, sealed, context=context) == plaintext

    @given(st.integers(0, 8 * 53 - 1))
    def test_no_bit_of_a_sealed_message_can_change(self, bit: int) -> None:
        """Not even the one bit of its key that X25519 ignores: the key is hashed."""
        sealed = bytearray(seal(self.public, b"hello", ephemeral_private=bytes(32), context=b""))
        sealed[bit // 8] ^= 1 << bit % 8

        with pytest.raises(DecryptFailed):
            unseal(self.private, bytes(sealed), context=b"")

    @pytest.mark.parametrize("length", [0, 31, 32, 47])
    def test_a_message_shorter_than_its_overhead_is_refused(self, length: int) -> None:
        """Nothing is guessed from half a message."""
        with pytest.raises(DecryptFailed, match="too short"):
            unseal(self.private, b"\x09" * length, context=b"")

    @pytest.mark.parametrize("key", [bytes(32), IDENTITY, (P - 1).to_bytes(32, "little")])
    def test_keys_of_small_order_are_refused_on_both_sides(self, key: bytes) -> None:
        """The shared secret would be zero for everyone."""
        with pytest.raises(BadKey, match="small order"):
            seal(key, b"hello", ephemeral_private=bytes(32), context=b"")
        with pytest.raises(DecryptFailed, match="small order"):
            unseal(self.private, key + bytes(40), context=b"")

    def test_a_link_key_of_another_length_is_refused(self) -> None:
        """Rather than failing in the library."""
        with pytest.raises(BadKey, match="not 32 bytes"):
            seal(self.public[:31], b"hello", ephemeral_private=bytes(32), context=b"")


class TestRevocation:
    """Spec §4.6."""

    def test_a_secret_can_be_derived_again_and_belongs_to_one_half(self) -> None:
        """Another seed, friend or sequence gives another secret."""
        seed = bytes(32)
        secret = revocation_secret(seed, alice.public, 1)

        assert secret == revocation_secret(seed, alice.public, 1)
        others = [
            revocation_secret(bytes([1]) * 32, alice.public, 1),
            revocation_secret(seed, bob.public, 1),
            revocation_secret(seed, alice.public, 2),
        ]
        assert len({secret, revocation_hash(secret), *others}) == 5


# --- Vectors --------------------------------------------------------------------------


class Case(TypedDict):
    """One case of the file."""

    id: str
    flags: list[str]
    input: dict[str, str]
    result: Literal["valid", "invalid"]
    error: str | None
    decoded: dict[str, str]


CASES: list[Case] = json.loads(VECTORS.read_text("utf-8"))["cases"]


def run_case(operation: str, fields: dict[str, str]) -> dict[str, bytes]:
    """Do what a case describes: its results, or an error."""
    given = {name: bytes.fromhex(value) for name, value in fields.items() if _is_hex(value)}
    match operation:
        case "Digest":
            parts = [bytes.fromhex(part) for part in fields["parts"]]
            return {"digest": digest(Domain(fields["domain"].encode()), *parts)}
        case "PublicKey":
            _require_key(given["key"])
            return {}
        case "Verify":
            good = verify(given["key"], given["message"], given["signature"])
            if not good:
                _require_key(given["key"])
                raise BadSignature("it does not fit", "4.3")
            return {}
        case "Seal" if "sealed" in given:
            unseal(given["recipient_private"], given["sealed"], context=given["context"])
            return {}
        case "Seal":
            public = link_public_key(given["recipient_private"])
            ephemeral, context = given["ephemeral_private"], given["context"]
            sealed = seal(public, given["plaintext"], ephemeral_private=ephemeral, context=context)
            opened = unseal(given["recipient_private"], sealed, context=context)
            assert given["plaintext"] == opened
            return {"sealed": sealed}
        case "LinkKey":
            private = link_private_key(given["seed"])
            return {"private": private, "public": link_public_key(private)}
        case "Revocation":
            friend, sequence = MemberId(given["friend"]), int(fields["sequence"])
            secret = revocation_secret(given["seed"], friend, sequence)
            return {"secret": secret, "hash": revocation_hash(secret)}
    raise AssertionError(f"no such operation: {operation}")


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and not set(value) - set("0123456789abcdef")


def _require_key(key: bytes) -> None:
    problem = public_key_problem(key)
    if problem is not None:
        raise BadKey(problem, "4.2")


class TestVectors:
    """The implementation agrees with the language-neutral vectors, ours and others'."""

    def test_the_file_is_what_its_generator_makes(self) -> None:
        """A vector never changes silently."""
        build = runpy.run_path(str(ROOT / "tests" / "vectors" / "make_keys.py"))["build"]

        assert build() == VECTORS.read_text("utf-8")

    def test_at_least_as_many_cases_are_invalid_as_valid(self) -> None:
        """What must be refused is the larger part."""
        results = [case["result"] for case in CASES]

        assert results.count("invalid") >= results.count("valid") > 0
        assert len({case["id"] for case in CASES}) == len(CASES)

    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_case(self, case: Case) -> None:
        """Do the operation of the first flag: the results, or the error."""
        notes = json.loads(VECTORS.read_text("utf-8"))["notes"]
        assert set(case["flags"]) <= set(notes)
        operation = case["flags"][0]

        if case["result"] == "valid":
            results = run_case(operation, case["input"])
            for name, value in results.items():
                assert case["decoded"][name] == value.hex()
        else:
            with pytest.raises(AuthError) as caught:
                run_case(operation, case["input"])
            assert case["error"] == caught.value.code

    @pytest.mark.slow
    def test_ed25519_vectors_of_the_cryptography_project(self) -> None:
        """The 1024 signatures of the authors of Ed25519: keys, signing, verifying."""
        with cryptography_vectors.open_vector_file("asymmetric/Ed25519/sign.input", "r") as file:
            lines = file.read().splitlines()

        assert len(lines) == 1024
        for line in lines:
            secret, public, message, signed = map(bytes.fromhex, line.split(":")[:4])
            signer = Signer(secret[:32])
            assert signer.public == public
            assert signer.sign(message) == signed[:64]
            assert verify(public, message, signed[:64])

    def test_ed25519_vectors_of_wycheproof(self) -> None:
        """Malleable, truncated, overlong and otherwise wrong signatures."""
        path = ROOT / WYCHEPROOF
        if not path.exists():
            pytest.skip(f"the file {WYCHEPROOF.as_posix()} is missing")
        groups = json.loads(path.read_text("utf-8"))["testGroups"]

        count = 0
        for group in groups:
            key = bytes.fromhex(group["publicKey"]["pk"])
            for case in group["tests"]:
                message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
                good = verify(key, message, signature)
                assert (case["result"] == "valid") == good, case["tcId"]
                count += 1
        assert count == 151
