"""Which function answers which command. Spec: §10.1."""

from __future__ import annotations

from node.engine import (
    after_rating,
    away,
    capacity,
    contacts,
    desk,
    house,
    key_commands,
    loan_commands,
    loan_dates,
    loan_outcomes,
    loans,
    mediations,
    meetings,
    membership,
    pauses,
    proposals,
    showing,
    standing_rules,
    things,
)
from node.engine.commands import (
    AcceptContact,
    AddThing,
    AdmitFriend,
    AnswerLoan,
    ApproveChange,
    ApproveSuccessor,
    Ask,
    BlockDates,
    CancelLoan,
    CheckContacts,
    Command,
    EndFriendship,
    EndRecall,
    FoundHouse,
    FreezeKeys,
    GiveBack,
    GoAway,
    HandOver,
    Invite,
    Join,
    KeepNote,
    LendTo,
    LookFor,
    Mediate,
    MoveEnd,
    NameGuardians,
    NoteMeeting,
    PassOnFrom,
    ProposeChange,
    Rate,
    Recommend,
    Repaired,
    ReplyTo,
    Report,
    RevokeKey,
    SetCapacity,
    SetFriendRule,
    SetProfile,
    SetThing,
    ShowFriendship,
    TakeBack,
    Validate,
    WithdrawThing,
)
from node.engine.core import Core
from node.engine.events import Json
from protocol.errors import Refused


def run_command(core: Core, command: Command, local_day: int) -> Json:
    """Carry out one command of the owner (all but ``join``, which is answered later).

    Raises:
        Refused: nothing was changed; the code says why.
    """
    if isinstance(command, KeepNote):
        # No record: it can be kept while nothing else may change.
        return desk.keep(core, command)
    if core.recalling is not None and not isinstance(command, EndRecall):
        raise Refused("recalling")
    if not isinstance(command, FreezeKeys | RevokeKey) and core.is_frozen(core.me):
        raise Refused("keys-frozen")
    match command:
        case FoundHouse(name, charter):
            return house.found(core, name, charter)
        case ProposeChange(numbers):
            return proposals.propose(core, dict(numbers))
        case ApproveChange(proposal):
            return proposals.approve(core, proposal)
        case Invite():
            return membership.invite(core, command)
        case EndFriendship(member):
            return membership.end(core, member)
        case AdmitFriend():
            return pauses.admit(core, command)
        case ShowFriendship():
            return showing.show(core, command)
        case SetCapacity():
            return capacity.set_capacity(core, command)
        case SetFriendRule() | PassOnFrom():
            return _change_rule(core, command)
        case GoAway():
            return away.go(core, command, local_day)
        case SetProfile(name, languages):
            return house.set_profile(core, name, languages)
        case AddThing():
            return things.add(core, command)
        case SetThing():
            return things.change(core, command)
        case LookFor():
            return things.look_for(core, command)
        case BlockDates():
            return things.block_dates(core, command)
        case WithdrawThing():
            return things.withdraw(core, command)
        case Ask():
            return loan_commands.ask(core, command, local_day)
        case AnswerLoan():
            return loan_commands.answer(core, command, local_day)
        case Recommend():
            return loan_commands.recommend(core, command, local_day)
        case NoteMeeting():
            return meetings.note_meeting(core, command)
        case CheckContacts():
            return meetings.check(core, command)
        case AcceptContact():
            return contacts.accept(core, command)
        case Validate():
            return standing_rules.validate(core, command)
        case CancelLoan():
            return loan_commands.cancel(core, command, local_day)
        case MoveEnd():
            return loan_dates.move_end(core, command, local_day)
        case HandOver():
            return loan_outcomes.hand_over(core, command, local_day)
        case GiveBack():
            return loan_outcomes.give_back(core, command, local_day)
        case Report():
            return loan_outcomes.report(core, command, local_day)
        case Rate():
            return loan_outcomes.rate(core, command, local_day)
        case ReplyTo():
            return after_rating.reply(core, command, local_day)
        case Mediate():
            return mediations.mediate(core, command)
        case TakeBack():
            return after_rating.take_back(core, command, local_day)
        case Repaired():
            return loan_outcomes.repaired(core, command, local_day)
        case LendTo():
            return loan_outcomes.lend_to(core, command, local_day)
        case NameGuardians():
            return key_commands.name_guardians(core, command)
        case FreezeKeys():
            return key_commands.freeze(core, command)
        case RevokeKey():
            return key_commands.revoke(core, command)
        case ApproveSuccessor():
            return key_commands.approve(core, command)
        case EndRecall():
            return key_commands.end_recall(core, command)
        case Join():
            raise AssertionError("join is answered when the inviter has answered")


def _change_rule(core: Core, command: SetFriendRule | PassOnFrom) -> Json:
    """A rule holds for what waits already, too."""
    if isinstance(command, SetFriendRule):
        answer = standing_rules.set_friend_rule(core, command)
    else:
        answer = standing_rules.pass_on_from(core, command)
    loans.advance_asked(core)
    return answer
