"""What owners do about keys: guardians, freezing, revoking, approving another's new root.

Spec: §18.2, §18.3.
"""

from __future__ import annotations

from dataclasses import replace

from node.engine import forgotten, ids, loans, recall, roots
from node.engine.commands import (
    ApproveSuccessor,
    EndRecall,
    FreezeKeys,
    NameGuardians,
    RevokeKey,
)
from node.engine.core import Core
from node.engine.events import Json
from node.engine.views.keys import keys as keys_view
from protocol.bodies import KeysBody
from protocol.errors import Refused
from protocol.mandates import APPROVALS_MAX, GUARDIANS_MAX, SUCCESSORS_MAX, approval_message
from protocol.successions import Approval, decode_request, encode_approval


def name_guardians(core: Core, command: NameGuardians) -> Json:
    """Name those who may approve a new root key when all is lost. Spec: §18.3."""
    keys = _own_keys(core)
    members = [ids.resolve_member(core, text) for text in command.members]
    guardians = tuple(sorted(dict.fromkeys(members)))
    if core.me in guardians:
        raise Refused("guardian-of-oneself")
    if len(guardians) > GUARDIANS_MAX:
        raise Refused("too-many-guardians", maximum=GUARDIANS_MAX)
    if not 2 <= command.approvals_min <= APPROVALS_MAX:
        raise Refused("approvals-out-of-range", maximum=APPROVALS_MAX)
    if 0 < len(guardians) < command.approvals_min:
        raise Refused("too-few-guardians", needed=command.approvals_min)
    for guardian in guardians:
        if roots.is_renewed(core, guardian):
            raise Refused("guardian-renewed", name=core.name_of(guardian))
    roots.publish_keys(
        core, replace(keys, guardians=guardians, approvals_min=command.approvals_min)
    )
    return keys_view(core)


def freeze(core: Core, command: FreezeKeys) -> Json:
    """Let nothing count that a device signs, or let it count again. Spec: §18.2."""
    keys = _own_keys(core)
    if keys.is_frozen is not command.frozen:
        roots.publish_keys(core, replace(keys, is_frozen=command.frozen))
    return keys_view(core)


def revoke(core: Core, command: RevokeKey) -> Json:
    """Take a device's right to sign, or veto a successor. Spec: §18.2, §18.3."""
    _own_keys(core)
    try:
        key = bytes.fromhex(command.key)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Refused("unknown-key", key=command.key[:80])
    device = core.config.device
    if key in (core.me, core.config.signer.public) or (device is not None and key == device.public):
        raise Refused("own-key")
    roots.introduce_keys(core)
    recall.say_anew(core, lambda record: record.device == key)
    recall.revoke_devices(core, [key])
    return keys_view(core)


def approve(core: Core, command: ApproveSuccessor) -> Json:
    """As a guardian, approve a new root key of a member who lost everything. Spec: §18.7."""
    request = decode_request(command.request)
    member, name = request.member, core.name_of(request.member)
    keys = core.keys_body(member)
    if keys is None or core.me not in keys.guardians:
        raise Refused("not-a-guardian", name=name)
    if core.config.successors:
        raise Refused("renewed-yourself", name=name)
    earlier = roots.shown_chain(core, member)
    if request.key in (each.key for each in earlier) or len(earlier) == SUCCESSORS_MAX:
        raise Refused("succession-out-of-date", name=name)
    message = approval_message(member, len(earlier) + 1, request.after(earlier)[-1])
    signature = core.config.signer.sign(message)
    answer = Approval(request, earlier, keys.approvals_min, core.me, signature)
    return {
        "member": member.hex(),
        "name": name,
        "approval": encode_approval(answer),
        "needed": keys.approvals_min,
    }


def end_recall(core: Core, command: EndRecall) -> Json:
    """Go on without waiting for more friends to give back what we said. Spec: §18.5."""
    if core.house is None:
        raise Refused("no-house" if core.recalling is not None else "nothing-recalled")
    if core.recalling is not None:
        recall.finish(core)
    elif forgotten.waited_for(core):
        forgotten.promise_all_the_same(core)
        loans.catch_up(core)
    else:
        raise Refused("nothing-recalled")
    return keys_view(core)


def _own_keys(core: Core) -> KeysBody:
    if core.house is None:
        raise Refused("no-house")
    keys = roots.own_keys(core)
    if keys is None and not core.config.next_root_hash:
        raise Refused("no-keys-record")
    return keys or KeysBody(core.config.next_root_hash)
