"""Sentences of refusals about asking, lending and returning, by code.

They are English and the key of their translations; ``node.wording.messages`` says them.
"""

from __future__ import annotations

from typing import Final

from node.i18n import N_

SENTENCES: Final[dict[str, str]] = {
    # --- asking --------------------------------------------------------------------------
    "own-thing": N_("“{title}” is your own."),
    "second-seat-missing": N_(
        "You cannot ask yet: {seats} members must have co-opted you. Ask another member for an "
        "invitation."
    ),
    "nothing-shared": N_(
        "Who shares nothing cannot ask: share something first, with openhouse things add TITLE"
    ),
    "sharing-closed": N_(
        "While you share nothing your circles close, one after the other: you can ask as far as "
        "circle {circles} for now. Share one thing, and all of it is open again at once."
    ),
    "circle-shut": N_(
        "Circle {circle} does not open by exchanges in this house: become friends with somebody "
        "nearer to the holder."
    ),
    "dates-past": N_("{start} is past: choose dates from today on."),
    "dates-taken": N_("It is taken from {start} to {end}: choose other dates."),
    "message-too-long": N_("The message is too long: {size} bytes, at most {limit} are possible."),
    "no-key-of-holder": N_(
        "The holder's home has not introduced itself yet: try again in a few minutes."
    ),
    # --- loans ---------------------------------------------------------------------------
    "borrower-shares-nothing": N_(
        "{name} shares nothing at present: the request waits here until {name} does."
    ),
    "borrower-second-seat-missing": N_(
        "{name} cannot ask yet: {seats} members must have co-opted them. The request waits here "
        "until then."
    ),
    "unreliable": N_(
        "Too much of what you borrowed lately did not go as agreed: for now you can ask your "
        "friends only. What you make good counts less, and all of it fades with time."
    ),
    "borrower-unreliable": N_(
        "Too much of what {name} borrowed lately did not go as agreed. The request waits here "
        "until it was made good."
    ),
    "one-loan-beyond": N_(
        "Loans from beyond your friends that you can have open on the same days: {maximum}. Ask "
        "a friend, ask for other days, or ask again once it is back."
    ),
    "borrower-has-one-out": N_(
        "{name} has something from beyond their friends on these days already. The request waits "
        "here until it is back."
    ),
    "way-ended": N_(
        "Your friendship with {name}, over which this was asked, has ended: it can be declined or "
        "taken back, and goes no further."
    ),
    "borrower-circle-shut": N_(
        "Circle {circle} is not open to {name}, and exchanges do not open it in this house."
    ),
    "asked-already": N_(
        "You have asked for it on these dates already. Follow it: openhouse loans --open"
    ),
    "too-many-requests": N_(
        "{maximum} of your requests wait for an answer, and more are not possible in this "
        "house: wait, or take one back with openhouse cancel LOAN"
    ),
    "not-an-answer": N_("“{answer}” is not an answer: it is yes, no or counter."),
    "not-your-turn": N_("It is the other person's turn: the loan is “{state}”."),
    "calendar-full": N_(
        "The thing has {maximum} loans in its calendar, and more are not possible: wait until "
        "some are over."
    ),
    "too-many-rounds": N_(
        "Dates can be proposed {maximum} times: say yes or no, and ask anew if need be."
    ),
    "only-for-between": N_("Only the people between the borrower and the holder can do this."),
    "passed-on-already": N_("You have passed this request on already."),
    "said-already": N_("You have said so already: the loan is “{state}”."),
    "not-in-this-state": N_("That is not possible now: the loan is “{state}”."),
    "loan-closed": N_("This loan is over: it is “{state}”."),
    "only-for-parties": N_("Only the holder and the borrower can do this."),
    "already-rated": N_("You have rated this loan; a rating cannot be changed."),
    "not-returned": N_("The loan can be rated once the thing is back; now it is “{state}”."),
    "rating-window-over": N_("The time to rate this loan is over."),
    "rating-out-of-range": N_("Confiance is 0 or 1, Respect from 0 to 10."),
    "capacity-engaged": N_(
        "You answer for {units} open loans of {name}'s already. The request waits here until one "
        "has come back; or raise the number, with openhouse friends capacity"
    ),
    "fault-missing": N_(
        "Say what did not go as agreed: --fault not-returned, late, damaged, rude, unsafe or other."
    ),
    "fault-of-good": N_("What went as agreed has no fault to name."),
    "mediator-needed": N_(
        "What was unkind or unsafe goes first to somebody you choose, who can mediate: {names}. "
        "Name one with --mediator."
    ),
    "not-a-mediator": N_("{name} cannot mediate: choose a friend of both, or who answers for one."),
    "nothing-to-mediate": N_("Nobody asked you to mediate in {loan}: see openhouse mediate"),
    "mediated-already": N_("You have said so already."),
    "nothing-to-reply-to": N_("Nothing that you could reply to was said of you in this loan."),
    "reply-missing": N_("A reply needs a word."),
    "nothing-to-take-back": N_("You have shown no rating of this loan that you could take back."),
    "not-a-rule": N_("A rule for a friend is always, never or ask."),
    "rule-out-of-range": N_("Confiance that lets requests pass on by themselves: 1 to {maximum}."),
    "rule-against-validation": N_(
        "You answer for {name}: take that back first, with openhouse validate --end"
    ),
    "capacity-out-of-range": N_("You can answer for 0 to {maximum} open loans of a friend's."),
    "dates-as-agreed": N_("That is the last day you agreed on already: choose another."),
    "other-dates-wait": N_("Other dates for this loan wait for an answer: answer them first."),
    "other-dates-said": N_(
        "You have proposed another last day already: now it is for {name} to propose one. Talk to "
        "each other."
    ),
    "answer-yes-or-no": N_("Other dates for an agreed loan are answered with yes or no."),
    "not-begun": N_("Only a loan that has begun can be written down afterwards."),
    "too-long-ago": N_("It began too long ago. Days back that can be written down: {days}."),
    "queued": N_(
        "It is taken from {start} to {end}. The request waits, and can be answered when it is free."
    ),
    "nothing-went-out": N_("A copy was made: nothing can be lost, damaged or kept."),
    "only-for-holder": N_("Only whose thing it is can give it away."),
    "nothing-to-repair": N_(
        "Only what you rated as not as agreed can be made good, once your rating is shown."
    ),
    "too-many-paper-loans": N_(
        "{maximum} things are out on paper, and more cannot be kept: say which are back."
    ),
    "wanted-not-lent": N_(
        "{name} looks for this and does not lend it. If you have one, share it: {name} will see it."
    ),
    "wanted-not-a-thing": N_(
        "What is looked for and what is shared are two things: withdraw this one and add another."
    ),
    "wanted-too-long": N_("That is too long. Days that it can be shown: {days}."),
}
