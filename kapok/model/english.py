"""English singulars and plurals of one lower-case word: `inflection`, and what it gets wrong."""

from __future__ import annotations

from functools import lru_cache

import inflection

#: Words without a plural of their own (or whose plural nobody writes in a table's name).
_SAME_IN_BOTH = """
aws chassis cors css data dns equipment feedback gps hardware headquarters https info information jeans kudos logistics
luggage media merchandise metadata money news os physics police rice scissors series sheep sms software species staff
statistics tls traffic trousers weather
"""
_UNCOUNTABLE = frozenset(_SAME_IN_BOTH.split())

#: Words that `inflection` does not know or gets wrong, singular: plural.
_PLURALS = {
    "alias": "aliases",
    "atlas": "atlases",
    "avalanche": "avalanches",
    "axe": "axes",
    "base": "bases",
    "bias": "biases",
    "bonus": "bonuses",
    "cache": "caches",
    "calf": "calves",
    "campus": "campuses",
    "canvas": "canvases",
    "census": "censuses",
    "cookie": "cookies",
    "corpus": "corpora",
    "criterion": "criteria",
    "curriculum": "curricula",
    "echo": "echoes",
    "elf": "elves",
    "focus": "focuses",
    "gas": "gases",
    "genus": "genera",
    "goose": "geese",
    "half": "halves",
    "headache": "headaches",
    "hero": "heroes",
    "knife": "knives",
    "leaf": "leaves",
    "lens": "lenses",
    "life": "lives",
    "loaf": "loaves",
    "niche": "niches",
    "phenomenon": "phenomena",
    "potato": "potatoes",
    "prospectus": "prospectuses",
    "scarf": "scarves",
    "self": "selves",
    "shelf": "shelves",
    "stimulus": "stimuli",
    "syllabus": "syllabuses",
    "thief": "thieves",
    "tomato": "tomatoes",
    "veto": "vetoes",
    "virus": "viruses",
    "wife": "wives",
    "wolf": "wolves",
}
_SINGULARS = {plural: singular for singular, plural in _PLURALS.items()}


@lru_cache(maxsize=2048)
def singular(word: str) -> str:
    """`categories` gives `category`, `category` itself."""
    # No plural has fewer than three letters.
    if len(word) < 3 or word in _UNCOUNTABLE or word in _PLURALS:
        return word
    known = _SINGULARS.get(word)
    if known is not None:
        return known
    # inflection makes `drife` of `drives`; the words with f are in the table.
    if word.endswith("ves"):
        return word[:-1]
    return inflection.singularize(word)


@lru_cache(maxsize=2048)
def plural(word: str) -> str:
    """`category` gives `categories`; a word without a plural stays as it is."""
    if word in _UNCOUNTABLE or word in _SINGULARS:
        return word
    return _PLURALS.get(word) or inflection.pluralize(word)
