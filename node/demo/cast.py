"""Who lives in the street and what they share, in the reader's language.

What people write is theirs: it stands here whole for each language, not in the catalogues.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

NAMES: Final = ("Ana", "Luc", "Marie", "Karim", "Sofía", "Hugo", "Léa")
"""The reader is Ana."""

FOUNDERS: Final = ("Luc", "Ana")
SEATS: Final = (
    ("Marie", "Ana", "Luc"),
    ("Karim", "Ana", "Luc"),
    ("Sofía", "Marie", "Luc"),
    ("Hugo", "Marie", "Sofía"),
    ("Léa", "Hugo", "Sofía"),
)
"""Newcomer and the two who answer for them: circle 2 of Ana is Sofía and Hugo, Léa is in 3."""

Said = dict[str, str]


def said(en: str, fr: str, es: str) -> Said:
    return {"en": en, "fr": fr, "es": es}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something a person of the street shares.

    Args:
        name: how the story calls it.
        file: what it is called, and the text in it.
        more: further fields of ``POST /things``.
    """

    name: str
    holder: str
    title: Said
    text: Said = field(default_factory=lambda: said("", "", ""))
    conditions: Said = field(default_factory=lambda: said("", "", ""))
    circles: int = 2
    file: tuple[str, str] | None = None
    more: dict[str, object] = field(default_factory=dict)


HOUSE: Final = said("Lilac Street", "Rue des Lilas", "Calle de las Lilas")

_SONG: Final = """X:1
T:Ah ! vous dirai-je, maman
C:trad., 1761
M:2/4
L:1/4
K:C
CC|GG|AA|G2|FF|EE|DD|C2|
GG|FF|EE|D2|GG|FF|EE|D2|
CC|GG|AA|G2|FF|EE|DD|C2|]
"""

THINGS: Final = (
    Thing(
        "drill", "Ana", said("Cordless drill", "Perceuse sans fil", "Taladro sin cable"),
        said("Two batteries, bits up to 10 mm.", "Deux batteries, forets jusqu’à 10 mm.",
             "Dos baterías, brocas de hasta 10 mm."),
        more={"longest": "7d", "category": "tools"},
    ),
    Thing(
        "tent", "Ana", said("Tent for four", "Tente pour quatre", "Tienda para cuatro"),
        conditions=said("Please bring it back dry.", "À rendre bien sèche, s’il te plaît.",
                        "Devuélvela seca, por favor."),
        circles=3, more={"buffer": "2d", "category": "sport"},
    ),
    Thing("iron", "Ana", said("Waffle iron", "Gaufrier", "Gofrera"),
          more={"category": "kitchen"}),
    Thing(
        "washer", "Ana", said("Washing machine", "Machine à laver", "Lavadora"),
        said("Ring twice; there is tea meanwhile.", "Sonne deux fois ; il y a du thé pendant.",
             "Llama dos veces; mientras tanto hay té."),
        circles=1, more={"kind": "spot", "category": "home",
                           "weekly": ["tue 18:00-22:00", "sat 10:00-13:00"]},
    ),
    Thing("trailer", "Luc", said("Bike trailer", "Remorque de vélo", "Remolque de bici"),
          more={"category": "vehicles"}),
    Thing("ladder", "Luc", said("Ladder, 3 m", "Échelle, 3 m", "Escalera, 3 m"), circles=3,
          more={"category": "tools"}),
    Thing(
        "sewing", "Marie", said("Sewing machine", "Machine à coudre", "Máquina de coser"),
        said("It runs; the needle for jeans is in the drawer.",
             "Elle marche ; l’aiguille à jean est dans le tiroir.",
             "Funciona; la aguja para vaqueros está en el cajón."),
    ),
    Thing("novels", "Marie", said("Simenon, ten novels", "Simenon, dix romans",
                                  "Simenon, diez novelas"), circles=3,
          more={"category": "books"}),
    Thing("guitar", "Karim", said("Classical guitar", "Guitare classique", "Guitarra clásica"),
          more={"category": "music"}),
    Thing(
        "projector", "Sofía",
        said("Projector and screen", "Projecteur et écran", "Proyector y pantalla"),
        said("For a film in the courtyard.", "Pour un film dans la cour.",
             "Para una película en el patio."),
        circles=3, more={"category": "electronics"},
        conditions=said("Indoors when it rains, and the lamp cools down before it is packed.",
                        "À l’abri s’il pleut, et la lampe refroidit avant d’être rangée.",
                        "A cubierto si llueve, y la lámpara se enfría antes de guardarla."),
    ),
    Thing("games", "Sofía", said("Board games", "Jeux de société", "Juegos de mesa"),
          more={"category": "films-games"}),
    Thing(
        "flat", "Hugo", said("Our flat in August", "Notre appartement en août",
                             "Nuestro piso en agosto"),
        said("Two rooms, a balcony, a cat to feed.", "Deux pièces, un balcon, un chat à nourrir.",
             "Dos habitaciones, un balcón y un gato que alimentar."),
        conditions=said("No smoking; the cat stays in.", "On ne fume pas ; le chat ne sort pas.",
                        "Sin humo; el gato no sale."),
        circles=3, more={"kind": "stay", "category": "space", "shortest": "5d", "longest": "21d"},
    ),
    Thing("kayak", "Léa", said("Kayak for two", "Kayak à deux places", "Kayak de dos plazas"),
          circles=3, more={"category": "sport"}),
    Thing(
        "podcast", "Léa",
        said("My podcast on bread", "Mon podcast sur le pain", "Mi pódcast sobre el pan"),
        circles=3, more={"kind": "copy", "category": "music", "licence": "CC BY"},
    ),
    Thing(
        "song", "Marie", said("A song, to play", "Une chanson, à jouer", "Una canción, para tocar"),
        more={"kind": "copy", "category": "music", "licence": "CC0"},
        file=("maman.abc", _SONG),
    ),
)  # fmt: skip

WANTED: Final = ("Karim", said("A cargo bike for a Saturday", "Un vélo cargo pour un samedi",
                               "Una bici de carga para un sábado"))  # fmt: skip

WORDS: Final = {
    "trailer": said("For the move of my cello.", "Pour déménager mon violoncelle.",
                    "Para mudar mi violonchelo."),
    "sewing": said("A curtain to hem.", "Un rideau à ourler.", "Una cortina por coser."),
    "tent": said("We would take it to the lake.", "On l’emmènerait au lac.",
                 "La llevaríamos al lago."),
    "song": said("For the children’s recorders.", "Pour les flûtes des enfants.",
                 "Para las flautas de los niños."),
    "iron": said("My turn to make waffles!", "C’est mon tour de faire les gaufres !",
                 "¡Me toca hacer gofres!"),
    "drill": said("Three shelves, and it comes back clean.",
                  "Trois étagères, et elle revient propre.",
                  "Tres estanterías, y vuelve limpio."),
    "mending": said("My jacket has lost a sleeve.", "Ma veste a perdu une manche.",
                    "A mi chaqueta le falta una manga."),
    "projector": said("A film with the neighbours?", "Un film avec les voisins ?",
                      "¿Una película con los vecinos?"),
    "later": said("I need it that evening; the week after?",
                  "J’en ai besoin ce soir-là ; la semaine d’après ?",
                  "Esa noche lo necesito; ¿la semana siguiente?"),
}  # fmt: skip
