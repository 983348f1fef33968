"""The words the sample data is made of: cities, categories, names, sentences. Data only."""

from __future__ import annotations

from typing import NamedTuple


class CityWords(NamedTuple):
    """A city: facts, and the places that titles and addresses are made of."""

    name: str
    slug: str
    country: str
    time_zone: str
    currency: str
    lat: float
    lng: float
    population: int
    phone: str
    postcode: str
    districts: tuple[str, ...]
    streets: tuple[str, ...]
    sights: tuple[str, ...]


class CategoryWords(NamedTuple):
    """A leaf of the category tree and what an offer in it looks like. Prices in euro, durations in minutes."""

    name: str
    slug: str
    icon: str
    titles: tuple[str, ...]
    summaries: tuple[str, ...]
    prices: tuple[int, int]
    minutes: tuple[int, ...]
    capacity: tuple[int, int]
    has_sessions: float
    tags: tuple[str, ...]
    min_age: int | None = None


#: Euro to the currencies of the cities, rounded: it is sample data.
RATES = {"EUR": 1.0, "GBP": 0.85, "PLN": 4.3, "DKK": 7.5}

CITIES = (
    CityWords(
        "Lisbon", "lisbon", "PT", "Europe/Lisbon", "EUR", 38.7223, -9.1393, 567131, "+351 21", "1200-{:03d}",
        ("Alfama", "Belém", "Chiado", "Graça"),
        ("Rua da Saudade", "Rua do Século", "Calçada do Combro", "Rua da Rosa"),
        ("the Tagus", "Belém tower", "the Alfama lanes", "LX Factory"),
    ),
    CityWords(
        "Porto", "porto", "PT", "Europe/Lisbon", "EUR", 41.1579, -8.6291, 248769, "+351 22", "4050-{:03d}",
        ("Ribeira", "Cedofeita", "Foz", "Bonfim"),
        ("Rua das Flores", "Rua do Almada", "Rua de Cedofeita", "Rua das Taipas"),
        ("the Douro", "the port cellars", "Livraria Lello", "the Dom Luís bridge"),
    ),
    CityWords(
        "Lyon", "lyon", "FR", "Europe/Paris", "EUR", 45.764, 4.8357, 520774, "+33 4", "69{:03d}",
        ("Vieux Lyon", "Croix-Rousse", "Presqu'île", "Confluence"),
        ("rue de l'Arbre Sec", "rue Mercière", "montée de la Grande-Côte", "quai Saint-Vincent"),
        ("the traboules", "the Saône", "the silk weavers' hill", "Fourvière"),
    ),
    CityWords(
        "Ghent", "ghent", "BE", "Europe/Brussels", "EUR", 51.0543, 3.7174, 265086, "+32 9", "90{:02d}",
        ("Patershol", "Ledeberg", "Dok Noord", "Brugse Poort"),
        ("Graslei", "Oudburg", "Sint-Pietersnieuwstraat", "Kraanlei"),
        ("the Leie", "the Gravensteen", "Werregarenstraat", "the old docks"),
    ),
    CityWords(
        "Utrecht", "utrecht", "NL", "Europe/Amsterdam", "EUR", 52.0907, 5.1214, 367947, "+31 30", "35{:02d} AB",
        ("Binnenstad", "Lombok", "Wittevrouwen", "Lunetten"),
        ("Oudegracht", "Twijnstraat", "Voorstraat", "Kanaalstraat"),
        ("the wharf cellars", "the Dom tower", "the Vecht", "the Rietveld house"),
    ),
    CityWords(
        "Leipzig", "leipzig", "DE", "Europe/Berlin", "EUR", 51.3397, 12.3731, 628718, "+49 341", "04{:03d}",
        ("Plagwitz", "Südvorstadt", "Connewitz", "Gohlis"),
        ("Karl-Heine-Straße", "Zschochersche Straße", "Münzgasse", "Gottschedstraße"),
        ("the Karl Heine canal", "the cotton mill", "Cospuden lake", "Bach's churches"),
    ),
    CityWords(
        "Turin", "turin", "IT", "Europe/Rome", "EUR", 45.0703, 7.6869, 847287, "+39 011", "101{:02d}",
        ("San Salvario", "Vanchiglia", "Crocetta", "Quadrilatero"),
        ("Via Po", "Via Garibaldi", "Via della Rocca", "Corso Casale"),
        ("the Po", "the Mole", "Porta Palazzo", "the Langhe hills"),
    ),
    CityWords(
        "Seville", "seville", "ES", "Europe/Madrid", "EUR", 37.3891, -5.9845, 681998, "+34 954", "410{:02d}",
        ("Triana", "Santa Cruz", "Macarena", "Alameda"),
        ("Calle Betis", "Calle Feria", "Calle Sierpes", "Calle Pureza"),
        ("the Guadalquivir", "Triana market", "the Alcázar gardens", "the Setas"),
    ),
    CityWords(
        "Leeds", "leeds", "GB", "Europe/London", "GBP", 53.8008, -1.5491, 812000, "+44 113", "LS1 {}AB",
        ("Headingley", "Holbeck", "Chapel Allerton", "Kirkstall"),
        ("Call Lane", "Briggate", "Otley Road", "Water Lane"),
        ("the canal", "Kirkstall abbey", "the Corn Exchange", "the arcades"),
    ),
    CityWords(
        "Kraków", "krakow", "PL", "Europe/Warsaw", "PLN", 50.0647, 19.945, 803282, "+48 12", "31-{:03d}",
        ("Kazimierz", "Podgórze", "Stare Miasto", "Zabłocie"),
        ("ulica Józefa", "ulica Floriańska", "ulica Meiselsa", "ulica Lipowa"),
        ("the Vistula", "Kazimierz", "Wawel hill", "Nowa Huta"),
    ),
    CityWords(
        "Aarhus", "aarhus", "DK", "Europe/Copenhagen", "DKK", 56.1629, 10.2039, 290598, "+45 86", "80{:02d}",
        ("Latinerkvarteret", "Frederiksbjerg", "Aarhus Ø", "Trøjborg"),
        ("Mejlgade", "Jægergårdsgade", "Åboulevarden", "Vestergade"),
        ("the bay", "the botanical garden", "Den Gamle By", "the harbour baths"),
    ),
    CityWords(
        "Tartu", "tartu", "EE", "Europe/Tallinn", "EUR", 58.378, 26.729, 97435, "+372 7", "51{:03d}",
        ("Supilinn", "Karlova", "Ülejõe", "Kesklinn"), ("Rüütli", "Aleksandri", "Herne", "Kastani"),
        ("the Emajõgi", "the Widget factory", "Toome hill", "Soup Town"),
    ),
)  # fmt: skip

#: The tree: each top category with its slug, icon and leaves.
CATEGORIES: tuple[tuple[str, str, str, tuple[CategoryWords, ...]], ...] = (
    ("Food & drink", "food-and-drink", "fork", (
        CategoryWords(
            "Tastings", "tastings", "glass",
            ("Wine tasting by {sight}", "Seven cheeses of {city}", "Craft beer tour of {district}",
             "Chocolate tasting in {district}"),
            ("Small producers, generous pours.", "Taste, compare, and take your favourite home."),
            (18, 59), (60, 90, 120), (8, 16), 0.7, ("adults", "indoors", "evening"), 18,
        ),
        CategoryWords(
            "Cooking classes", "cooking-classes", "pot",
            ("Cook like a local in {district}", "Fresh pasta from scratch",
             "Market tour and cooking class at {sight}", "Bread and butter: a baking morning"),
            ("You cook, we do the dishes.", "From the market to the table in one morning."),
            (45, 95), (150, 180, 240), (6, 12), 0.9, ("indoors", "rainy-day", "couples"),
        ),
        CategoryWords(
            "Brunch & dinner", "brunch-and-dinner", "plate",
            ("Long brunch in {district}", "Three-course dinner for two by {sight}",
             "Supper club at a stranger's table"),
            ("A table, a menu, no hurry.", "Seasonal cooking, and a toast to go with it."),
            (22, 79), (90, 120), (10, 40), 0.3, ("couples", "indoors", "vegetarian"),
        ),
    )),
    ("Outdoors", "outdoors", "tree", (
        CategoryWords(
            "On the water", "on-the-water", "waves",
            ("Kayak tour past {sight}", "Stand-up paddling at dawn", "Boat trip with a picnic near {sight}",
             "Sail for an evening"),
            ("See the city from the water.", "No experience needed; we bring the dry bags."),
            (25, 69), (90, 120, 180), (6, 14), 0.9, ("outdoors", "active", "sunset"), 10,
        ),
        CategoryWords(
            "By bike", "by-bike", "bicycle",
            ("Bike tour from {district} to {sight}", "Gravel ride around {city}", "Electric bike for a day"),
            ("Helmet, map and a good lock included.", "Flat roads, steep coffee."),
            (15, 55), (120, 180, 480), (6, 12), 0.6, ("outdoors", "active", "family"), 12,
        ),
        CategoryWords(
            "Walks & hikes", "walks-and-hikes", "boot",
            ("Hidden {district}: a walk with a local", "Sunrise hike outside {city}",
             "Night walk through {sight}", "Foraging walk with lunch"),
            ("Good shoes, open eyes.", "The stories the guide books leave out."),
            (12, 39), (90, 120, 240), (8, 20), 0.8, ("outdoors", "history", "dogs-welcome"),
        ),
    )),
    ("Culture", "culture", "mask", (
        CategoryWords(
            "Museums & galleries", "museums-and-galleries", "frame",
            ("After hours at the museum of {city}", "Studio visits in {district}",
             "Skip-the-line ticket and audio tour"),
            ("The collection, without the crowd.", "An hour with someone who restores what others admire."),
            (9, 34), (60, 90), (12, 60), 0.3, ("indoors", "rainy-day", "history"),
        ),
        CategoryWords(
            "Theatre & music", "theatre-and-music", "note",
            ("Candlelight concert near {sight}", "Improvised theatre in {district}", "Jazz in the cellar",
             "Open-air cinema by {sight}"),
            ("Doors open half an hour before.", "Two sets and a drink at the bar."),
            (14, 49), (75, 90, 120), (40, 120), 1.0, ("evening", "couples", "live"),
        ),
        CategoryWords(
            "Arts & crafts", "arts-and-crafts", "brush",
            ("Pottery for beginners", "Street art workshop in {district}", "Tile painting in {district}",
             "Print your own poster"),
            ("Bring old clothes, take home something new.", "Materials, firing and coffee are included."),
            (29, 75), (120, 150, 180), (6, 12), 0.9, ("indoors", "rainy-day", "creative"),
        ),
    )),
    ("Wellness", "wellness", "leaf", (
        CategoryWords(
            "Spa & baths", "spa-and-baths", "drop",
            ("Day at the baths", "Sauna by {sight}", "Steam, scrub and tea in {district}"),
            ("Phones stay in the locker.", "Warm, cold, rest, repeat."),
            (25, 89), (120, 180, 240), (10, 40), 0.2, ("indoors", "couples", "adults"), 16,
        ),
        CategoryWords(
            "Yoga & movement", "yoga-and-movement", "lotus",
            ("Rooftop yoga in {district}", "Breathwork by {sight}", "Dance class for two left feet"),
            ("All levels, mats provided.", "An hour that feels like a day off."),
            (9, 28), (60, 75), (10, 25), 1.0, ("active", "beginners", "outdoors"),
        ),
    )),
    ("Family", "family", "kite", (
        CategoryWords(
            "Games & puzzles", "games-and-puzzles", "key",
            ("Escape game: the secret of {sight}", "City treasure hunt through {district}",
             "Board games and pancakes"),
            ("Sixty minutes, one door.", "For teams of two to six."),
            (15, 32), (60, 90), (4, 8), 0.8, ("indoors", "family", "groups"), 8,
        ),
        CategoryWords(
            "Nature & animals", "nature-and-animals", "paw",
            ("Morning at the city farm", "Meet the bees of {district}", "Bat watching near {sight}"),
            ("Curious children welcome, and their parents too.", "Wellies can be borrowed."),
            (6, 24), (60, 90, 120), (8, 20), 0.7, ("family", "outdoors", "beginners"),
        ),
        CategoryWords(
            "Maker workshops", "maker-workshops", "robot",
            ("Build a robot that draws", "Kites: build and fly", "Chocolate lab for children"),
            ("They take home what they make.", "One grown-up for every three children."),
            (14, 39), (90, 120), (6, 14), 0.9, ("family", "indoors", "creative"), 6,
        ),
    )),
)  # fmt: skip

TAGS = (
    "active", "adults", "beginners", "couples", "creative", "dogs-welcome", "evening", "family", "groups", "history",
    "indoors", "live", "outdoors", "rainy-day", "sunset", "vegan", "vegetarian",
)  # fmt: skip

AMENITIES = (
    "wifi", "lockers", "showers", "terrace", "bar", "parking", "bike stand", "cloakroom", "baby changing",
    "air conditioning",
)  # fmt: skip

FIRST_NAMES = (
    "Ada", "Agnieszka", "Aino", "Amélie", "Anders", "Ayşe", "Beatriz", "Bram", "Carmen", "Chloé", "Daan", "Diego",
    "Elif",
    "Emma", "Erik", "Fatima", "Femke", "Freja", "Giulia", "Hanna", "Hugo", "Inês", "Jakub", "João", "Jonas",
    "Kaja", "Karl",
    "Katarzyna", "Lars", "Lea", "Liam", "Liis", "Lorenzo", "Lucía", "Luca", "Maja", "Malik", "Marek", "Marta",
    "Mateus",
    "Mia", "Mohamed", "Nadia", "Noah", "Olivia", "Oskar", "Paula", "Pedro", "Priya", "Rasmus", "Rui", "Samuel",
    "Sara",
    "Siobhán", "Sofie", "Tiago", "Tom", "Yara", "Zofia", "Zoë",
)  # fmt: skip

LAST_NAMES = (
    "Almeida", "Andersen", "Bauer", "Bianchi", "Bonnet", "Carvalho", "Christensen", "Costa", "D'Angelo", "De Smet",
    "Dubois", "Dupont", "Estrada", "Fernández", "Ferreira", "Fischer", "Garcia", "Gruber", "Hansen", "Hughes",
    "Janssens",
    "Jensen", "Kask", "Khan", "Koch", "Kowalska", "Lambert", "Lewandowski", "Lopes", "Mägi", "Marchetti", "Martin",
    "Meyer", "Moreau", "Mulder", "Müller", "Navarro", "Nielsen", "Novák", "Nowak", "O'Brien", "O'Connor", "Okafor",
    "Pereira", "Peeters", "Rossi", "Saar", "Santos", "Schäfer", "Silva", "Singh", "Smith", "Tamm", "Taylor",
    "Van Dijk",
    "Vermeulen", "Vieira", "Visser", "Wagner", "Wiśniewska",
)  # fmt: skip

PARTNER_NAMES = (
    "{last} & {other}", "Atelier {last}", "{last} Outings", "{city} {thing} Co.", "The {thing} House",
    "{last}'s {thing}",
    "Studio {thing} {city}", "{district} {thing} Club",
)  # fmt: skip

THINGS = (
    "Paddle", "Table", "Lantern", "Saddle", "Copper Pot", "Compass", "Barrel", "Clay", "Attic", "Harbour",
    "Garden", "Bell",
    "Swallow", "Anchor", "Ticket", "Orchard",
)  # fmt: skip

LEGAL_FORMS = {"PT": "Lda.", "FR": "SARL", "BE": "BV", "NL": "B.V.", "DE": "GmbH", "IT": "S.r.l.", "ES": "S.L.",
               "GB": "Ltd", "PL": "sp. z o.o.", "DK": "ApS", "EE": "OÜ"}  # fmt: skip

ABOUT = (
    "We started with one idea and a borrowed van, and still greet every guest ourselves.",
    "Three friends, one workshop, and a long list of people to thank.",
    "A family business in its second generation.",
    "We work with small groups because that is how we like to travel.",
)

DETAILS = (
    "You will be met at the door; please be there ten minutes early.",
    "Everything you need is provided, and there is a cloakroom for the rest.",
    "We go ahead in light rain and move the date for storms.",
    "Groups are small, so there is time for questions.",
    "Tell us about allergies when you book and we will plan around them.",
    "Public transport stops two minutes away; parking is scarce.",
    "The host speaks slowly and laughs easily.",
)

LANGUAGES = {"PT": "pt", "FR": "fr", "BE": "nl", "NL": "nl", "DE": "de", "IT": "it", "ES": "es", "GB": "en",
"PL": "pl",
             "DK": "da", "EE": "et"}  # fmt: skip

#: What guests write, by rating: (title, body).
REVIEWS = {
    1: (("Not as described", "We waited forty minutes and nobody knew about our booking."),
        ("Never again", "Too many people, too little to see.")),
    2: (("Expected more", "A nice idea, but it felt rushed and we could hardly hear the guide."),
        ("Hmm", "The place is lovely, the rest was not worth the price.")),
    3: (("Fine", "A decent afternoon. The start was a little chaotic."),
        ("Good, not great", "Friendly people; we would have liked half an hour more.")),
    4: (("Lovely afternoon", "Well organised and warm. We'd come back with friends."),
        ("Recommended", "Our host knew every stone. Bring water!"),
        (None, "Great value, and easy to find.")),
    5: (("The best thing we did here", "Small group, wonderful host, and we're still talking about it."),
        ("Go!", "Booked on a whim, left with a plan to come back."),
        ("Perfect with children", "Ours are six and nine and they did not look at a screen once."),
        (None, "10/10 😀")),
}  # fmt: skip

REPLIES = (
    "Thank you for coming, see you next season!",
    "Thanks for telling us; we have added a second guide on weekends.",
    "We are sorry that it fell short and would like to make it up to you.",
)

NOTES = (
    "It's a birthday surprise, please don't mention it at the door.",
    "One of us uses a wheelchair.",
    "We may be five minutes late, our train arrives at ten to.",
    "Vegetarian for two, please.",
)

DIETARY_NEEDS = ("vegetarian", "vegan", "gluten-free", "nut allergy", "no pork")
