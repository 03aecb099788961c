"""Standing rules of a go-between: what passes on by itself, and what never does.

Asked often, an owner answers the same each time. They can say so once: always or never for a
friend, and by itself for people whose Confiance, as seen from here, is high enough. A rule is
known to this node alone; what passes on by it does so with a recommendation, and takes a unit
like any other. "Never" is silence, like every "not now".

Pure: must not import anything that acts.

Spec: §11.3.
"""

from __future__ import annotations

from typing import Final

from node.engine import ids, validations
from node.engine.asking import judge, needs_word
from node.engine.commands import PassOnFrom, SetFriendRule, Validate
from node.engine.core import Core
from node.engine.events import Json
from protocol.errors import Refused
from protocol.exchange import LoanState
from protocol.keys import MemberId

ALWAYS: Final = "always"
NEVER: Final = "never"
ASK: Final = "ask"
WORDS: Final = (ASK, ALWAYS, NEVER)
CONFIANCE_MAX: Final = 100
"""As the charter's numbers of exchanges."""

_FROM: Final = "pass on from"


def set_friend_rule(core: Core, command: SetFriendRule) -> Json:
    """``friends rule MEMBER always|never|ask``. Raises Refused; nothing changes then."""
    member = ids.resolve_member(core, command.member)
    if not core.is_live_friend(member):
        raise Refused("not-a-friend", member=command.member)
    if command.rule not in WORDS:
        raise Refused("not-a-rule", rule=command.rule)
    name = core.name_of(member)
    if command.rule == NEVER and validations.holds(core, core.me, member):
        raise Refused("rule-against-validation", name=name)
    core.put_local(_note(member), None if command.rule == ASK else command.rule)
    core.deliver("friends")
    return {"member": member.hex(), "name": name, "rule": command.rule}


def pass_on_from(core: Core, command: PassOnFrom) -> Json:
    """``pass-on N|off``: by itself for people whose Confiance is that high, seen from here."""
    if command.confiance is not None and not 1 <= command.confiance <= CONFIANCE_MAX:
        raise Refused("rule-out-of-range", maximum=CONFIANCE_MAX)
    core.put_local(_FROM, command.confiance)
    core.deliver("friends")
    return {"pass_on_from": command.confiance}


def threshold(core: Core) -> int | None:
    """Confiance from which requests pass on by themselves; None: never for that."""
    note = core.get_local(_FROM)
    return note if isinstance(note, int) else None


def rule_of(core: Core, friend: MemberId) -> str:
    """What the owner said for a friend: ``always``, ``never`` or ``ask``."""
    note = core.get_local(_note(friend))
    return note if note in (ALWAYS, NEVER) and isinstance(note, str) else ASK


def validate(core: Core, command: Validate) -> Json:
    """``validate MEMBER``: nothing of a friend for whom I answer is left aside by a rule."""
    answer = validations.validate(core, command)
    member = ids.resolve_member(core, command.member)
    if command.holds and rule_of(core, member) == NEVER:
        core.put_local(_note(member), None)
    return answer


def is_never(core: Core, loan: LoanState) -> bool:
    """Whether a friend's request is left aside by a rule; nobody is told."""
    return _is_first(core, loan) and rule_of(core, loan.borrower) == NEVER


def recommends(core: Core, loan: LoanState) -> bool:
    """Whether a rule gives this go-between's word; units and evidence are another question.

    Confiance alone opens no circle that is shut: where a word is needed, a hand gives it,
    or a rule for this very friend.
    """
    if _is_first(core, loan) and rule_of(core, loan.borrower) == ALWAYS:
        return True
    least = threshold(core)
    if least is None or needs_word(core, loan):
        return False
    return judge(core, loan.borrower).confiance >= least


def _is_first(core: Core, loan: LoanState) -> bool:
    return loan.path[1] == core.me and core.is_live_friend(loan.borrower)


def _note(friend: MemberId) -> str:
    return f"pass-rule/{friend.hex()}"
