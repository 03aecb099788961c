"""Every number that bounds what another node can make this one do.

Each constant carries its unit as the last word of its name; counts carry none.
The comment names the source and the attack it bounds: "design" is the design's
list of limits and attacks, "code" a constraint of another constant here. Two
implementations that differ on a limit marked "wire" disagree about which bytes
are messages at all; the others are local policy with a recommended value.

The table of Spec: §14 holds the same names and values; a test compares them.
House rules that members may vote on (thresholds, seats, grace times) are not
here but in the charter. This module imports nothing of the project.
"""

from __future__ import annotations

from typing import Final

_KIB: Final = 1024
_MIB: Final = 1024 * 1024

_SECOND_MS: Final = 1000
_MINUTE_MS: Final = 60 * _SECOND_MS
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS

# --- Encoding (wire) --------------------------------------------------------------

# Design. Larger integers change value in JSON and JavaScript: two readers of one
# signed record would see different numbers.
UINT_MAX: Final = 2**53 - 1
# Design. Stack exhaustion by a thousand arrays one inside the other.
DEPTH_MAX: Final = 6
# Design. MessagePack bomb: one byte of input per empty container of 50-70 bytes.
ELEMENTS_MAX: Final = 512
# Design. A listing nobody can scroll past; storage filled with prose.
TEXT_SIZE_MAX_BYTES: Final = 4 * _KIB

# --- Records (wire) ---------------------------------------------------------------

# Design. Storage and relay cost of one signed object, envelope included.
RECORD_SIZE_MAX_BYTES: Final = 16 * _KIB
# Design. Ratings travel farthest and are kept longest: a small record by rule.
RATING_SIZE_MAX_BYTES: Final = 2 * _KIB
# Design. A path is up to eight certificates and is sent before anything is trusted.
CERTIFICATE_SIZE_MAX_BYTES: Final = _KIB
# A chain of successors and approvals that outweighs every record it comes with.
MANDATE_SIZE_MAX_BYTES: Final = 2 * _KIB
# Revoked devices and guardians that fill the store of everybody who knows the member.
KEYS_SIZE_MAX_BYTES: Final = 4 * _KIB
# The same: devices and vetoed successors named in one record.
REVOKED_KEYS_MAX: Final = 64
# A name that fills the screen or hides the name next to it (bytes of UTF-8).
NAME_SIZE_MAX_BYTES: Final = 80
# A title that is a whole text: titles are shown in lists of hundreds.
TITLE_SIZE_MAX_BYTES: Final = 160
# Conditions nobody reads before asking: the text of a thing has room for the rest.
CONDITIONS_SIZE_MAX_BYTES: Final = 512
# A licence is named, not written out.
LICENCE_SIZE_MAX_BYTES: Final = 80
# A reply is a word, not an argument: it travels as far as the rating and stays as long.
REPLY_SIZE_MAX_BYTES: Final = 400
# Longest `only through` list. Each entry is compared for every reader and path.
THROUGH_MAX: Final = 32
# Calendar that eats the record: each interval is an array of two, three elements of
# ELEMENTS_MAX, and 100 of them leave 212 for the rest of the listing.
BUSY_INTERVALS_MAX: Final = 100
# The same for the weekly pattern: two openings a day.
WEEKLY_INTERVALS_MAX: Final = 14

# --- Circles ----------------------------------------------------------------------

# Design. A city is reached at 3 hops: beyond 4, "friends of friends" means everyone.
CIRCLES_HARD_MAX: Final = 4
# Design. The default charter's limit; risk grows 1.4-1.9 times with every circle.
CIRCLES_DEFAULT_MAX: Final = 3
# Design. Liar who withholds a revocation: two more hops go round 78-99 % of them.
REVOCATION_EXTRA_HOPS: Final = 2
# Origin with many disjoint paths: bounds what one offer may carry.
PATHS_PER_OFFER_MAX: Final = 4
# Friends of one node. Every record may be offered to each of them.
FRIENDS_MAX: Final = 1000

# --- Leases and clocks ------------------------------------------------------------

# Design. Path through a liar, or both ends off: the lease is the only guarantee.
FRIENDSHIP_LEASE_MS: Final = 30 * _DAY_MS
# Design. Weekly renewal: three may be missed before the friendship expires.
FRIENDSHIP_RENEWAL_MS: Final = 7 * _DAY_MS
# Design. Ghost listings of holders who left without a word.
LISTING_LEASE_MS: Final = 60 * _DAY_MS
# Design. Clock set wrong, or a record dated ahead to outlive its successors.
CREATED_AHEAD_MAX_MS: Final = 10 * _MINUTE_MS
# Design. Invitation found in an old mailbox; also one use only.
INVITATION_TTL_MS: Final = 48 * _HOUR_MS
# Design. Sybil family let in by one careless sponsor; counted over 365 days.
COOPTATIONS_PER_YEAR_MAX: Final = 5

# --- Rates and quotas -------------------------------------------------------------

# Design. Flooder: a verification costs about 100 microseconds, so 50/s is 0.5 % of a core.
RECORDS_PER_SECOND_MAX: Final = 50
# Design. What may come at once after a day offline, before the rate applies.
RECORDS_BURST_MAX: Final = 500
# Design. Slow flooder who stays below the rate all day (50/s would be 4.3 million).
RECORDS_PER_DAY_MAX: Final = 20_000
# Design. Origin that fills the storage of everybody within reach.
LISTINGS_PER_ORIGIN_MAX: Final = 200
# Design. The same with photographs; beyond it full sizes are not stored.
PHOTOS_PER_ORIGIN_MAX_BYTES: Final = 20 * _MIB
# Design (wire). A photograph's thumbnail is fetched for every thing that a list shows.
THUMBNAIL_SIZE_MAX_BYTES: Final = 32 * _KIB
# Spec §5.7 (wire). One picture; go-betweens keep it for those who come after.
PHOTO_SIZE_MAX_BYTES: Final = 512 * _KIB
# Spec §5.7 (wire). Pictures of one thing: elements of the record, and homes' disks.
PHOTOS_PER_LISTING_MAX: Final = 4
# Spec §9.6. Member who signs change after change of the rules: each travels to everybody.
AMENDMENTS_PER_MEMBER_MAX: Final = 16
# Spec §9.6. The same by keys that are nobody's, from one friend.
AMENDMENTS_UNPROVED_MAX: Final = 64
# Spec §14.3. Store filled by records of others; a town of thousands takes a tenth.
RECORDS_HELD_MAX: Final = 500_000
# Design. One edge behind which a Sybil family sits must not fill the far circles.
FAR_QUOTA_PER_FRIEND_MAX_PERCENT: Final = 10
# Design. Register rewritten in a loop: every change travels to everybody in reach.
CHANGE_PER_OBJECT_MIN_MS: Final = 10 * _SECOND_MS

# --- Links ------------------------------------------------------------------------

# Design (wire). Noise messages end here; an announced length is not memory spent.
FRAME_SIZE_MAX_BYTES: Final = 65_535
# Spec §6.7 (wire). Fragment flood: memory of a receiver while a message is incomplete.
MESSAGE_SIZE_MAX_BYTES: Final = _MIB
# Design. Peer that asks for everything and reads nothing: memory held per link.
LINK_IN_FLIGHT_MAX_BYTES: Final = _MIB
# Design. Slow reader: cut when nothing was taken for so long.
LINK_READER_SLOW_MAX_MS: Final = 60 * _SECOND_MS
# Design. Proxies close silent links at 60 s, some NATs sooner.
LINK_HEARTBEAT_MS: Final = 25 * _SECOND_MS
# Design. Stranger who opens handshakes and leaves them: in all.
HANDSHAKES_HALF_OPEN_MAX: Final = 20
# Design. The same from one network (IPv4 /24, IPv6 /48), so that others get in.
HANDSHAKES_HALF_OPEN_PER_NETWORK_MAX: Final = 3
# Stranger who answers one byte a minute: a handshake is over by then or dropped.
HANDSHAKE_MAX_MS: Final = 10 * _SECOND_MS
# Design. Friend's node that sends nonsense: left alone for so long, or until it is admitted.
LINK_PAUSE_MS: Final = _DAY_MS
# Design. The same where each time alone might be a newer program: links that ended for it.
LINK_OFFENCES_MAX: Final = 10
# Design. Within which time they count.
LINK_OFFENCES_WINDOW_MS: Final = _HOUR_MS
# Design. Loan that is never finished and keeps a link with a former friend for ever.
LOAN_LINK_PAST_DUE_MAX_MS: Final = 90 * _DAY_MS
# Design. Above this, ids are not listed but reconciled by ranges.
RECONCILE_BY_IDS_MAX: Final = 10_000

# --- Photos ---------------------------------------------------------------------------

# Spec §19 (wire). One part of a photo: a message that fits into one frame.
PHOTO_PART_MAX_BYTES: Final = 48 * _KIB
# Spec §19. Friend who asks for everything at once: each may wait for another home's answer.
PHOTO_WANTS_PER_FRIEND_MAX: Final = 8
# Spec §19. A friend's line filled by pictures.
PHOTOS_PER_DAY_MAX_BYTES: Final = 256 * _MIB
# Spec §19. Disk spent on pictures of other people's things.
PHOTO_CACHE_MAX_BYTES: Final = 64 * _MIB

# --- Files ----------------------------------------------------------------------------

# Spec §20 (wire). Announced size: disk of the borrower, days of everybody's line.
FILE_SIZE_MAX_BYTES: Final = 512 * _MIB
# Spec §20 (wire). One part of a file: sealed, it fits into one frame.
FILE_PART_MAX_BYTES: Final = 48 * _KIB
# Spec §5.7 (wire). What a file is called: text of a stranger, shown on a screen.
FILE_TITLE_SIZE_MAX_BYTES: Final = 160
# Spec §20. Friend who asks for everything at once: each waits in memory for another home.
FILE_WANTS_PER_FRIEND_MAX: Final = 8
# Spec §20. The line of a home between, and the human behind it, filled by what others copy.
FILES_PER_SECOND_MAX_BYTES: Final = 512 * _KIB
# Spec §20. A friend's line filled by one file asked for over and over.
FILES_PER_DAY_MAX_BYTES: Final = 1024 * _MIB
# Own files: a mistake must not fill the disk that the database is on.
FILES_PER_ORIGIN_MAX_BYTES: Final = 4096 * _MIB

# --- Relays and mailboxes ---------------------------------------------------------

# Spec §17.2. Friend who asks again and again where others are, or for circuits to them.
REACH_ASKS_PER_MINUTE_MAX: Final = 60
# Spec §17.3. Friend who opens circuits and leaves them: each costs the relay a little memory.
RELAY_CIRCUITS_PER_FRIEND_MAX: Final = 8
# Spec §17.3 (wire). Bytes under way in one direction of a circuit: memory of relay and receiver.
RELAY_WINDOW_MAX_BYTES: Final = 256 * _KIB
# Spec §17.3. A friend's line, and the human behind it, filled by what is relayed.
RELAY_PER_SECOND_MAX_BYTES: Final = 512 * _KIB
# Spec §17.3. The same for those who pay for what they transfer.
RELAY_PER_DAY_MAX_BYTES: Final = 512 * _MIB
# Design (wire). One sealed item kept for a friend's friend; it fits into one message.
MAILBOX_ITEM_SIZE_MAX_BYTES: Final = 1_000_000
# Spec §17.4. Many small items: each is a row and a message of its own.
MAILBOX_ITEMS_PER_FRIEND_MAX: Final = 256
# Design. Disk of the friend who keeps the mailbox.
MAILBOX_PER_FRIEND_MAX_BYTES: Final = 32 * _MIB
# Design. Items nobody ever collects.
MAILBOX_ITEM_TTL_MS: Final = 14 * _DAY_MS
