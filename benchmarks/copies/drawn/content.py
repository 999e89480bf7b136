"""What stands in a drawn document: names, amounts, dates, sentences, from a seed."""

from __future__ import annotations

import random
import string


def _listed(words: str) -> list[str]:
    return words.split()


_FIRST = _listed(
    "Anna Ben Carla David Elif Femi Greta Hugo Ines Jonas Keiko Lars Mina Noah Olga Pedro Quentin "
    "Rosa Samir Tanja Umar Vera Wim Xenia Yusuf Zoe"
)
_LAST = _listed(
    "Albers Brandt Castillo Dubois Eriksen Falk Garcia Hoffmann Ivanova Jensen Kowalski Lindholm "
    "Moreau Nakamura Okafor Petrov Quist Rossi Sorensen Tanaka Ueda Vargas Weber Young Zeller"
)
_STREETS = _listed("Hill Lake Mill Park Station Garden Church Harbour Forest Market Bridge Castle")
_WAYS = _listed("Street Avenue Lane Road Square")
_CITIES = _listed(
    "Aarhus Bergen Cardiff Dresden Exeter Freiburg Ghent Halifax Innsbruck Jena Kyoto Lisbon Malmo "
    "Nantes Oporto Perth Quebec Riga Seville Turin Utrecht Vienna Wroclaw York Zagreb"
)
_THINGS = _listed(
    "lamp chair kettle mirror ladder basket carpet drill bottle jacket helmet camera guitar saddle "
    "bench clock candle pillow shovel tent radio printer cable hammer vase rope bucket brush"
)
_QUALITIES = _listed(
    "small large red blue green oak steel glass folding round garden kitchen office travel winter "
    "summer light heavy simple double"
)
_TRADES = _listed("Trading Supplies Partners Logistics Energy Systems Studio Foods Bank Motors")
_WORDS = _listed(
    "the of and to in a is that for it was on are as with they at be this from have or by one "
    "had not but what all were when we there can an your which their said if will each about "
    "how up out them then she many some so these would other into has more her two like him see "
    "time could no make than first been its who now people my made over did down only way find "
    "use may water long little very after words called just where most know account balance "
    "payment delivery order quantity customer reference morning river mountain village letter "
    "winter garden quiet answer window journey history market season bridge evening language "
    "between against through another"
)
_MONTHS = _listed("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK")
_SHAPELY = "aegkmoswxz"  # letters that nobody takes for one another


class Content(random.Random):
    """A seeded source of what people write.

    Attributes:
        slips: whether the next text with a letter or digit gets one character wrong.
    """

    slips = False

    def _said(self, text: str) -> str:
        """Return a text, with one character wrong if it is its turn."""
        places = [k for k, letter in enumerate(text) if letter.isdigit()]
        places = places or [k for k, letter in enumerate(text) if letter.isalpha()]
        if not self.slips or not places:
            return text
        self.slips = False
        chooser = random.Random(text)  # the content that follows stays as it is
        k = chooser.choice(places)
        others = string.digits if text[k].isdigit() else _SHAPELY
        other = chooser.choice([letter for letter in others if letter != text[k].lower()])
        return text[:k] + (other.upper() if text[k].isupper() else other) + text[k + 1 :]

    def name(self) -> str:
        """Return a person's name."""
        return self._said(f"{self.choice(_FIRST)} {self.choice(_LAST)}")

    def first_name(self) -> str:
        """Return a first name."""
        return self._said(self.choice(_FIRST))

    def last_name(self) -> str:
        """Return a family's name."""
        return self._said(self.choice(_LAST))

    def company(self) -> str:
        """Return a company's name."""
        return self._said(f"{self.choice(_LAST)} {self.choice(_TRADES)}")

    def street(self) -> str:
        """Return a street and number."""
        way = f"{self.choice(_STREETS)} {self.choice(_WAYS)}"
        return self._said(f"{way} {self.randint(1, 180)}")

    def city(self) -> str:
        """Return a city."""
        return self._said(self.choice(_CITIES))

    def product(self) -> str:
        """Return a thing that is sold."""
        return self._said(f"{self.choice(_QUALITIES)} {self.choice(_THINGS)}".capitalize())

    def amount(self, most: float = 2000, currency: str = "") -> str:
        """Return an amount of money."""
        value = f"{self.uniform(1, most):,.2f}"
        return self._said(f"{currency} {value}".strip())

    def currency(self) -> str:
        """Return the code of a currency."""
        return self.choice(_CURRENCIES)

    def date(self) -> str:
        """Return a day."""
        month = self.choice(_MONTHS)
        return self._said(f"{self.randint(1, 28):02} {month} {self.randint(2008, 2025)}")

    def month(self) -> str:
        """Return a month's short name."""
        return self._said(self.choice(_MONTHS))

    def time(self) -> str:
        """Return a time of day."""
        return self._said(f"{self.randint(0, 23):02}:{self.randint(0, 59):02}")

    def number(self, digits: int) -> str:
        """Return so many digits, the first of them not 0."""
        return self._said(str(self.randint(10 ** (digits - 1), 10**digits - 1)))

    def code(self, letters: int = 2, digits: int = 6) -> str:
        """Return a reference of letters and digits."""
        start = "".join(self.choices(string.ascii_uppercase, k=letters))
        return self._said(f"{start}-{self.randint(10 ** (digits - 1), 10**digits - 1)}")

    def words(self, count: int) -> str:
        """Return so many words."""
        return self._said(" ".join(self.choices(_WORDS, k=count)))

    def sentence(self, count: int, end: str = ".") -> str:
        """Return a sentence of so many words."""
        return self._said(" ".join(self.choices(_WORDS, k=count)).capitalize() + end)

    def title(self, count: int = 3) -> str:
        """Return a headline of so many words."""
        long = [word for word in _WORDS if len(word) > 3]
        return self._said(" ".join(self.sample(long, count)).title())

    def email(self) -> str:
        """Return an address of electronic mail."""
        name = f"{self.choice(_FIRST)}.{self.choice(_LAST)}@{self.choice(_THINGS)}.example"
        return self._said(name.lower())

    def handle(self) -> str:
        """Return what somebody is called in an app."""
        return self._said(f"{self.choice(_FIRST).lower()}_{self.choice(_THINGS)}")

    def phone(self) -> str:
        """Return a telephone number."""
        return self._said(
            f"+{self.randint(30, 99)} {self.randint(100, 999)} {self.randint(10**5, 10**6)}"
        )
