"""What Kapok promises beyond the comparison. Each measure: Kapok and its database in, `Target`s out."""

from collections.abc import Callable

from bench.kapok_server import Kapok
from bench.measures.audit_search import audit_search
from bench.measures.audit_trail import audit_trail
from bench.measures.change_log import change_log
from bench.measures.fleet import fleet
from bench.measures.provisioning import provisioning
from bench.measures.shapes import shapes
from bench.measures.sign_ins import sign_ins
from bench.measures.verification import verification
from bench.targets import Target

#: By name, in the order they are run. Each is given Kapok and the URL of its database.
MEASURES: dict[str, Callable[[Kapok, str], list[Target]]] = {
    "provisioning": provisioning,
    "shapes": shapes,
    "sign_ins": sign_ins,
    "verification": verification,
    "audit_trail": audit_trail,
    "audit_search": audit_search,
    "change_log": change_log,
    "fleet": fleet,
}
