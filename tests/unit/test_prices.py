"""Prices are found in three languages, and what only looks like one is let through (R4)."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from node.engine.prices import FRAGMENT_LENGTH_MAX, find_price

PRICES = [
    # French
    ("15 €", "15 €"),
    ("Guitare, 10 euros la nuit", "10 euros"),
    ("15€/jour", "15€"),
    ("7,50 €", "7,50 €"),
    ("€ 7,50", "€ 7,50"),
    ("1 000 €", "1 000 €"),
    ("1.000,50 €", "1.000,50 €"),
    ("entre 10 et 15 €", "15 €"),
    ("10-15€", "15€"),
    ("quinze euros", "quinze euros"),
    ("vingt euros", "vingt euros"),
    ("VINGT EUROS", "VINGT EUROS"),
    ("vingt et un euros", "vingt et un euros"),
    ("quatre-vingt-dix-neuf euros", "quatre-vingt-dix-neuf euros"),
    ("cent euros", "cent euros"),
    ("deux cents euros", "deux cents euros"),
    ("mille euros", "mille euros"),
    ("une dizaine d'euros", "une dizaine d'euros"),
    ("pour un euro symbolique", "un euro"),
    ("quinze €", "quinze €"),
    ("10 petits euros", "10 petits euros"),
    ("apporte une pièce de 1 euro", "1 euro"),
    ("10 livres sterling", "10 livres sterling"),
    ("coûte 5 livres", "5 livres"),
    ("10 balles", "10 balles"),
    ("ma guitare pour 10 balles, à vie", "10 balles"),
    ("50 centimes", "50 centimes"),
    ("15e la nuit", "15e"),
    ("15E LA NUIT", "15E"),
    ("15 e/jour", "15 e"),
    ("10,50e", "10,50e"),
    ("prix : 15e", "15e"),
    ("20 francs suisses", "20 francs"),
    ("2000 F CFA, soit 2000 FCFA", "2000 FCFA"),
    ("0,50 € pour l'eau", "0,50 €"),
    # English
    ("$5/day", "$5"),
    ("$ 5 a day", "$ 5"),
    ("US$ 5", "$ 5"),
    ("£3", "£3"),
    ("5 pounds", "5 pounds"),
    ("5 pounds a night", "5 pounds"),
    ("5 pounds sterling", "5 pounds sterling"),
    ("it costs 5 pounds", "5 pounds"),
    ("twenty-five dollars", "twenty-five dollars"),
    ("one hundred and five dollars", "one hundred and five dollars"),
    ("a dozen euros", "dozen euros"),
    ("10 US dollars", "10 US dollars"),
    ("a 10-euro fee", "10-euro"),
    ("room 2 $5", "$5"),
    ("bring a 10 euro note", "10 euro"),
    ("ten quid", "ten quid"),
    ("5 bucks", "5 bucks"),
    ("5k€", "5k€"),
    ("15 💶", "15 💶"),
    # Spanish
    ("cuesta 20€", "20€"),
    ("5 dólares", "5 dólares"),
    ("5 dolares", "5 dolares"),
    ("veinte euros", "veinte euros"),
    ("treinta y cinco euros", "treinta y cinco euros"),
    ("dieciséis euros por noche", "dieciséis euros"),
    ("cien dólares", "cien dólares"),
    ("100 pesos", "100 pesos"),
    ("10 libras esterlinas", "10 libras esterlinas"),
    ("10 pavos la noche", "10 pavos"),
    ("80 céntimos", "80 céntimos"),
    # Codes
    ("20 EUR", "20 EUR"),
    ("EUR 20", "EUR 20"),
    ("EUR20", "EUR20"),
    ("15EUR", "15EUR"),
    ("15 chf", "15 chf"),
    ("per night 12 usd", "12 usd"),
    ("CHF 12.50", "CHF 12.50"),
    ("12 CAD", "12 CAD"),
    ("15,- €", "15,- €"),
    ("15 (€)", "15 (€"),
]

DISGUISED = [
    "15\N{NO-BREAK SPACE}€",
    "15\N{NARROW NO-BREAK SPACE}€",
    "15\N{THIN SPACE}euros",
    "15\N{ZERO WIDTH SPACE}€",
    "15\N{WORD JOINER}\N{WORD JOINER}€",
    "１５ €",  # noqa: RUF001 - full-width digits are the point
    "１５€",  # noqa: RUF001
    "15 ＥＵＲ",  # noqa: RUF001
    "15 ￡",
    "\N{MATHEMATICAL BOLD DIGIT ONE}\N{MATHEMATICAL BOLD DIGIT FIVE} €",
    "\N{ARABIC-INDIC DIGIT FIVE} €",
    "1\N{COMBINING LONG STROKE OVERLAY}5\N{COMBINING LONG STROKE OVERLAY} €",
    "5 do\N{COMBINING ACUTE ACCENT}lares",
    "15\n\n\n€",
    "15          euros",
]

NOT_PRICES = [
    "",
    # French
    "5 livres",
    "5 livres par personne",
    "Cinq livres de cuisine",
    "deux cents pages",
    "20 pavés",
    "100 % coton",
    "10 kg",
    "lot de 3",
    "le 3e livre",
    "le 15e",
    "près du 15e la nuit",
    "15e arrondissement",
    "manuel de 5e",
    "2e main, 3e étage",
    "10 balles de tennis",
    "2 raquettes et 10 balles",
    "2 couronnes de Noël",
    "0 €",
    "0,00 €",
    "gratuit : 0€, 2 nuits",
    "0 € 2 nuits",
    "zéro euro",
    "pas un euro",
    "sans débourser un seul euro",
    "Collection de pièces de 2 euros",
    "Pour une poignée de dollars",
    "un livre sur l'euro, tome 2",
    "quelques euros",
    "F1 2024",
    # English
    "a book about the euro",
    "vol. 2",
    'Screen 22"',
    "1984",
    "lot of 3",
    "2 pounds of flour",
    "Kettlebell, 20 pounds",
    "free, no euros",
    "not one euro",
    "collection of 2 euro coins",
    "four euro pallets",
    "4 euro pallets",
    "Euro 2024 shirt",
    "2024 Euro shirt",
    "Dollars trilogy, 3 DVDs",
    "AutoCAD 2000",
    "12 cop shows",
    "PHP 8, the book",
    "50 Cent album",
    "the pound, 2 volumes",
    "$ and €: currencies of the world",
    "Ke$ha, 2 discs",
    # Spanish
    "colección de monedas de 2 euros",
    "2 libras de harina",
    "ni un euro",
    "dos sillas",
    "tengo diez",
    "100 años de soledad",
    "cero euros",
]


@pytest.mark.parametrize(("text", "fragment"), PRICES)
def test_a_stated_price_is_found_and_quoted(text: str, fragment: str) -> None:
    """R4: the refusal can show the very words that state the price."""
    assert find_price(text) == fragment


@pytest.mark.parametrize("text", DISGUISED)
def test_unusual_spaces_digits_and_marks_hide_no_price(text: str) -> None:
    """Every way of writing the same characters is read alike."""
    assert find_price(text) is not None


@pytest.mark.parametrize("text", NOT_PRICES)
def test_what_only_looks_like_a_price_is_let_through(text: str) -> None:
    """R4 refuses prices, not books, weights, districts, coins in an album or pallets."""
    assert find_price(text) is None


def test_the_fragment_is_short_however_long_the_number_is() -> None:
    """The refusal quotes a few words, never a page."""
    fragment = find_price("1" * 5000 + " €")

    assert fragment is not None
    assert len(fragment) <= FRAGMENT_LENGTH_MAX


_WORDS = st.text(st.sampled_from("abdghijlmnoqrstuvwzéñ"), min_size=1, max_size=8)
_SYMBOLS = st.sampled_from(["€", "$", "£", "EUR", "eur", "usd", "euros", "dollars", "dólares"])
_SPACES = st.sampled_from(["", " ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "  "])
_AMOUNTS = st.one_of(
    st.integers(1, 10**9).map(str),
    st.decimals(1, 10**5, places=2).map(str),
    st.decimals(1, 10**5, places=2).map(lambda amount: str(amount).replace(".", ",")),
    st.sampled_from("deux trois dix quinze vingt cent two ten twenty dos diez veinte cien".split()),
)


@given(st.lists(_WORDS), _AMOUNTS, _SPACES, _SYMBOLS, st.lists(_WORDS))
def test_an_amount_with_its_currency_is_found_among_any_words(
    before: list[str], amount: str, space: str, symbol: str, after: list[str]
) -> None:
    """Whatever words stand around it, an inserted price is found."""
    if amount.isalpha() and symbol.isalpha():
        space = space or " "
    text = " ".join([*before, amount + space + symbol, *after])

    assert find_price(text) is not None


@given(st.lists(_WORDS), st.integers(1, 10**6), _SPACES, st.sampled_from("€$£"), st.lists(_WORDS))
def test_a_sign_before_its_amount_is_found_among_any_words(
    before: list[str], amount: int, space: str, symbol: str, after: list[str]
) -> None:
    """The sign may stand on either side."""
    assert find_price(" ".join([*before, f"{symbol}{space}{amount}", *after])) is not None


@given(st.text())
@example("İ 5 €")
@example("ß" * 50 + "5 €")
def test_any_text_gives_a_fragment_or_none(text: str) -> None:
    """No text crashes, and an answer is never empty."""
    fragment = find_price(text)

    assert fragment is None or fragment.strip()


@given(st.text("0 .,'€$eurvingtdpsla/", max_size=200))
def test_zeros_are_never_a_price(text: str) -> None:
    """Without a digit above zero or a number in words there is no amount."""
    if any(word in text for word in ("vingt", "sept", "six", "dix", "un", "trent")):
        return

    assert find_price(text) is None


WORST_CASES = [
    "1", "$", "0$", "$a", "euro ", "one ", "1 111 ", "1.", "1,", "1.1", "1e ", "5 livres ", "0 € ",
    "(10)", "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}", "\N{PARENTHESIZED NUMBER TEN}",
    "o\N{COMBINING ACUTE ACCENT}", "\N{COMBINING COMMA ABOVE RIGHT}\N{COMBINING GRAVE ACCENT}",
    " ", "pas un euro ", "one hundred ", "0 euro ", "cost 0e ", "coût ", "5 pounds of ",
    "collection 1 euro coin ", "5 balles x ", "l'", "2020 euro ", "0 euro-", "d' ", "1-", "1 (",
]  # fmt: skip


@pytest.mark.parametrize("unit", WORST_CASES)
def test_the_time_is_linear_in_the_length_of_the_text(unit: str) -> None:
    """No text makes a pattern backtrack: 16 times the text takes about 16 times as long."""
    size = 4096 // len(unit.encode())
    small, large = unit * size, unit * (16 * size)

    assert _best_time_s(small) < 0.005 * _SLACK
    assert _best_time_s(large) < 0.080 * _SLACK


_SLACK = 6
"""A busy machine may be this much slower; a quadratic pattern is hundreds of times slower."""


def _best_time_s(text: str) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        find_price(text)
        times.append(time.process_time() - start)
    return min(times)
