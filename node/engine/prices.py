"""No money, ever (rule R4): find a stated price in what a person wrote.

``find_price`` reads French, English and Spanish and answers with the fragment
that states a price, so that the refusal can quote it. It looks for an amount next
to a currency: "15 €", "$5/day", "quinze euros", "CHF 12.50". An amount alone is
never a price ("1984", "lot of 3"), nor is a currency alone ("about the euro").

Where people read two things, these are the choices made, and why:

- Zero is not a price ("0 €"), nor is "pas un euro": they say that it is free.
- Words that also name a thing or a weight (``livres``, ``pounds``, ``balles``)
  and the shorthand "15e" need a sign of a price: "la nuit", "per day", "costs".
  "5 livres" are five books and "le 15e" is a district. "5 pounds" or "10 balles"
  and nothing else in the whole text can only be a price.
- Coins are money too: "apporte une pièce de 1 euro" is refused. The one exception
  is a thing that is itself coins, said with a word of collecting next to them
  ("collection of 2 euro coins").
- "2024 Euro" and "4 euro pallets" are football and wood.

It hinders forgetting, not cunning: who wants to hide a price can spell it in ways
no program reads. False alarms cost more here, so doubt lets a text pass.

Patterns are bounded or possessive and run on a lower-case copy of the same length:
the time is linear in the length of the text, whatever it is. Pure: no clock, no state.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

FRAGMENT_LENGTH_MAX: Final = 60
_WINDOW: Final = 48
"""How many characters around an amount may tell what it means."""

_DROPPED_CATEGORIES: Final = ("Cf", "Mn", "Me")
"""Invisible characters and marks: between "15" and "€" they would hide a price."""
_LOWER: Final = {
    code: chr(code).lower() for code in range(0x250) if len(chr(code).lower()) == 1
}  # fmt: skip
"""Lower case that keeps every position ("İ" would become two characters)."""

# --- currencies ------------------------------------------------------------------------

_SYMBOL: Final = "[$€£¥¢₣₤₧₩₪₫₭₮₱₲₴₵₸₹₺₽₿💴💵💶💷]"
_CODE: Final = (
    "(?=[abcdefgjmnpruxs])(?:eur|usd|gbp|chf|aud|nzd|jpy|cny|rmb|mxn|clp|brl|uyu|xof|xaf|fcfa"
    "|sek|nok|dkk|pln|btc|cad|ars|cop|pen|mad|dop|cfa)"
)
_ONLY_IN_CAPITALS: Final = frozenset("cad ars cop pen mad dop cfa".split())
"""Codes that are also words ("12 cop shows"): they count as codes are written."""
_NAME: Final = (
    "(?=[bcdefglpqrsyz])"
    "(?:euros?|d[oó]ll?ar(?:e?s)?|dollars?|francs?|frs|centimes?|c[eé]ntimos?|pence|cts|quid|bucks"
    "|pesos?|yens?|yuans?|rou?bles?|rublos?|rupees?|rupias?|roupies?|dirhams?|dinars?|dinares?"
    "|zlotys?|forints?|reais|bol[ií]vares|quetzales|lempiras|guaran[ií]es"
    "|(?:livres?|pounds?|libras?) (?:sterling|esterlinas?)|sterling)"
)
_VAGUE: Final = (
    "(?=[bclps])(?:pounds?|livres?|libras?|balles|pavos|pelas|crowns?|couronnes?|coronas?|soles)"
)
"""Also books, weights, balls, turkeys, wreaths and fish: a price only where one is meant."""
_WORD_ENDS: Final = r"(?![^\W\d_])"
_WORD_STARTS: Final = r"(?<![^\W\d_])"

_NUMBER: Final = r"(?<!\d)(?P<number>(?:\d{1,3}(?:[ .,'’]\d{3}){1,4}+(?!\d)|\d++)(?:[.,]\d++)?+)"
_GAP: Final = r" ?(?:[.,]?[-–—] ?|[(\[] ?)?"
_QUALIFIER: Final = (
    "(?:(?:k|mille|mil|thousand|hundred|us|american|canadian|australian|mexican|swiss|petits?"
    "|small|little|d['’]) ?)?"
)

_AMOUNT_FIRST: Final = re.compile(
    _NUMBER + _GAP + _QUALIFIER
    + f"(?:(?P<symbol>{_SYMBOL})|(?P<code>{_CODE}){_WORD_ENDS}|(?P<name>{_NAME}|cents){_WORD_ENDS}"
    + f"|(?P<vague>{_VAGUE}|e){_WORD_ENDS})"
)  # fmt: skip
_CURRENCY_FIRST: Final = re.compile(
    f"(?:{_SYMBOL}|{_WORD_STARTS}(?P<code>{_CODE}))" + _GAP + _NUMBER
)
_WORDS_FIRST: Final = re.compile(
    _WORD_STARTS + r"(?P<number>[^\W\d_]++)(?: d['’]| de )?" + _GAP
    + f"(?:(?P<symbol>{_SYMBOL})|(?P<code>{_CODE}){_WORD_ENDS}|(?P<name>{_NAME}){_WORD_ENDS}"
    + f"|(?P<vague>{_VAGUE}){_WORD_ENDS})"
)  # fmt: skip

# --- numbers in words ------------------------------------------------------------------

_ONE: Final = frozenset("un une one uno una".split())
_NUMBER_WORDS: Final = _ONE | frozenset(
    # French
    "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt"
    " vingts trente quarante cinquante soixante septante huitante octante nonante cent cents mille"
    " dizaine dizaines douzaine quinzaine vingtaine trentaine quarantaine cinquantaine soixantaine"
    " centaine centaines"
    # English
    " two three four five seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred"
    " thousand dozen"
    # Spanish
    " dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis"
    " dieciseis diecisiete dieciocho diecinueve veinte veintiún veintiun veintiuno veintidós"
    " veintidos veintitrés veintitres veinticuatro veinticinco veintiséis veintiseis veintisiete"
    " veintiocho veintinueve treinta cuarenta cincuenta sesenta setenta ochenta noventa cien"
    " ciento cientos doscientos trescientos quinientos mil docena decena".split()
)
_JOINING_WORDS: Final = frozenset("et and y".split())
_NUMBER_OR_JOINING: Final = _NUMBER_WORDS | _JOINING_WORDS
_WORD: Final = re.compile(r"[^\W\d_]+")
_NONE_OF_IT: Final = frozenset("pas sans jamais ni not without never sin nunca no aucun".split())

# --- what is meant ---------------------------------------------------------------------

_PER: Final = re.compile(
    r" ?(?:/ ?[^\W\d_]|(?:per|each|apiece|chacune?|chaque|cada|pp)(?![^\W\d_])"
    r"|(?:par|pour une?|por|a|an|the|la|le|les|l['’]|el|al) ?"
    r"(?:night|day|hour|week|month|evening|person|head|nuit|jour|heure|semaine|mois|soir"
    r"|matin|personne|place|s[eé]ance|noche|d[ií]a|hora|semana|mes|finde|persona|unidad))"
)
_COSTS: Final = frozenset(
    "cost costs costing price priced pay pays paid charge charges fee rent deposit"
    " coûte coute coûtent coutent coût cout coûts prix tarif tarifs paie paye payer payez paiement"
    " loyer vaut vaux valent caution"
    " cuesta cuestan coste precio precios tarifa pago paga pagar pagas vale valen alquiler".split()
)
_FILLERS: Final = frozenset("de is of only just seulement solo sólo à a est es".split())
_ARTICLES: Final = frozenset("le la les du des au aux ce cet cette mon ton son".split())
_CLAUSE_END: Final = re.compile(r" ?(?:$|[.;,!?)])")
_PLAY: Final = re.compile(
    "tennis|golf|jongl|ping|raquette|squash|padel|paddle|foot|hockey|baseball|cricket|nerf|jeu|tir"
)
_COIN: Final = re.compile(
    _WORD_STARTS + "(?:coins?|notes?|banknotes?|bills?|pi[eè]ces?|billets?|monedas?|billetes?)"
    + _WORD_ENDS
)  # fmt: skip
_COLLECTING: Final = re.compile("collect|colecci|numism|[aá]lbum")
_YEAR_EURO: Final = re.compile(r"(?:19[6-9]|20[0-4])\d euro")
_EURO_NOUN: Final = re.compile(
    r"[ -]?(?:pal[el]|plug|adapt|box|bacs?(?![^\W\d_])|crate|container|conteneur|championship|cup)"
)


def find_price(text: str) -> str | None:
    """The first fragment of ``text`` that states a price, as its writer sees it, or None."""
    text = _readable(text)
    lower = text.translate(_LOWER)
    found = (
        _find_digits_before(text, lower)
        or _find_digits_after(text, lower)
        or _find_words(text, lower)
    )
    return text[found[0] : found[1]].strip()[:FRAGMENT_LENGTH_MAX] if found else None


def _readable(text: str) -> str:
    """One form for every way to write the same: wide digits, thin spaces, hidden marks."""
    if not text.isascii():
        characters = dict.fromkeys(text)
        # Marks go before normalising, which sorts a long run of them in quadratic time.
        plain: dict[int, str | None] = {
            ord(c): None for c in characters if unicodedata.category(c) in _DROPPED_CATEGORIES
        }
        plain.update((ord(c), str(unicodedata.decimal(c))) for c in characters if c.isdecimal())
        # One character can stand for four words, none of them in these languages.
        longest = 4
        plain.update(
            (ord(c), " ") for c in characters if len(unicodedata.normalize("NFKC", c)) > longest
        )
        text = unicodedata.normalize("NFKC", text.translate(plain))
    return " ".join(text.split())


def _find_digits_before(text: str, lower: str) -> tuple[int, int] | None:
    """Look for "15 €"."""
    for match in _AMOUNT_FIRST.finditer(lower):
        if _is_zero(match["number"]) or _binds_to_what_follows(lower, match):
            continue
        if _is_price(text, lower, match, match.start()):
            return match.span()
    return None


def _find_digits_after(text: str, lower: str) -> tuple[int, int] | None:
    """Look for "$5"."""
    for match in _CURRENCY_FIRST.finditer(lower):
        start, end = match.span()
        # A currency belongs to the amount that stands before it: "0 €, 2 nuits".
        is_taken = " " in match.group() and lower[max(0, start - 2) : start].strip()[-1:].isdigit()
        if is_taken or _is_zero(match["number"]) or _is_only_a_word(text, match):
            continue
        if not _is_collected(lower, start, end):
            return start, end
    return None


def _find_words(text: str, lower: str) -> tuple[int, int] | None:
    """Look for "quinze euros"."""
    for match in _WORDS_FIRST.finditer(lower):
        if match["number"] not in _NUMBER_WORDS:
            continue
        start = _start_of_number(lower, match.end("number"))
        if start is not None and _is_price(text, lower, match, start):
            return start, match.end()
    return None


def _start_of_number(lower: str, end: int) -> int | None:
    """Where the number in words that ends at ``end`` starts; None for "not one"."""
    window_start = max(0, end - _WINDOW)
    words = list(_WORD.finditer(lower, window_start, end))
    first = len(words) - 1
    while first > 0 and words[first - 1].group() in _NUMBER_OR_JOINING:
        first -= 1
    while words[first].group() in _JOINING_WORDS:
        first += 1
    if first == len(words) - 1 and words[first].group() in _ONE:
        before = [word.group() for word in words[max(0, first - 4) : first]]
        if any(word in _NONE_OF_IT for word in before):
            return None
    return words[first].start()


def _is_zero(number: str) -> bool:
    return not number.strip("0 .,'’")


def _is_only_a_word(text: str, match: re.Match[str]) -> bool:
    code = match["code"]
    return code in _ONLY_IN_CAPITALS and not text[match.start("code") : match.end("code")].isupper()


def _binds_to_what_follows(lower: str, match: re.Match[str]) -> bool:
    """In "room 2 $5" the sign belongs to the five; the other pattern finds it."""
    end = match.end()
    if match["symbol"] is None or match["symbol"] == "€":
        return False
    return lower[end - 2] == " " and lower[end : end + 1].isdigit()


def _is_price(text: str, lower: str, match: re.Match[str], start: int) -> bool:
    """Whether the amount from ``start`` to the end of ``match`` is money asked for."""
    end = match.end()
    if match["vague"] is not None:
        return _vague_is_price(lower, start, end, match["vague"])
    if match["code"] is not None:
        return not _is_only_a_word(text, match)
    if lower.endswith("euro", start, end) and (
        _YEAR_EURO.fullmatch(lower, start, end) or _EURO_NOUN.match(lower, end)
    ):
        return False
    return not _is_collected(lower, start, end)


def _is_collected(lower: str, start: int, end: int) -> bool:
    """Coins or notes that are the thing itself."""
    window_start, window_end = max(0, start - _WINDOW), end + _WINDOW
    if _COLLECTING.search(lower, window_start, window_end) is None:
        return False
    return _COIN.search(lower, window_start, window_end) is not None


def _vague_is_price(lower: str, start: int, end: int, word: str) -> bool:
    """Whether a word that names other things too names money here."""
    words_before = lower[max(0, start - _WINDOW) : start].rstrip(" :=~").rsplit(" ", 2)[-2:]
    if words_before[-1] in _FILLERS:
        words_before.pop()
    if words_before and words_before[-1] in _COSTS:
        return True
    if word == "e":
        has_cents = "," in lower[start:end] or "." in lower[start:end]
        is_ordinal = bool(words_before) and words_before[-1] in _ARTICLES
        return has_cents or (not is_ordinal and _PER.match(lower, end) is not None)
    if word.startswith("livre"):
        # "5 livres par personne" is a rule of a library.
        return False
    if _PER.match(lower, end):
        return True
    if word == "balles" and _CLAUSE_END.match(lower, end):
        return _PLAY.search(lower, max(0, start - 4 * _WINDOW), end + 4 * _WINDOW) is None
    is_everything = not lower[:start].strip() and not lower[end:].strip(" .!?")
    return word in ("pound", "pounds", "pavos") and is_everything
