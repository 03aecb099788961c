"""The owner's keys: devices, guardians, and what others claim. Spec: §18."""

from __future__ import annotations

from node.engine import forgotten, roots
from node.engine.core import Core
from node.engine.events import Json


def keys(core: Core) -> Json:
    """Our own keys in data: ``keys show``."""
    said = roots.own_keys(core)
    device = core.config.device or core.config.signer
    guardians = [] if said is None else list(said.guardians)
    return {
        "member": core.me.hex(),
        "device": device.public.hex(),
        "root": core.config.signer.public.hex(),
        "roots_before": len(core.config.successors),
        "is_by_guardians": roots.is_by_guardians(core),
        "is_frozen": said is not None and said.is_frozen,
        "is_recalling": core.recalling is not None,
        "promises_wait_for": [
            {"member": m.hex(), "name": core.name_of(m)} for m in forgotten.waited_for(core)
        ],
        "guardians": [
            {"member": m.hex(), "name": core.name_of(m), "is_renewed": roots.is_renewed(core, m)}
            for m in guardians
        ],
        "approvals_needed": 2 if said is None else said.approvals_min,
        "revoked": [] if said is None else [key.hex() for key in said.revoked],
        "claims": [
            {
                "member": member.hex(),
                "name": core.name_of(member),
                "key": key.hex(),
                "counts_from_ms": first_ms + core.charter.succession_delay_ms,
            }
            for (member, key), first_ms in sorted(core.claims.items())
        ],
    }
