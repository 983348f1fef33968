"""Mutations over HTTP with every kind of key: what is written, what is refused, and that a refusal writes nothing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx
import pytest

from tests.api.shops import ANN, BO, Shop

ITEM = 'product: "a", quantity: 1, price: "1"'
ORDER = f'{{number: "B-1", customerId: "{ANN}"}}'


@pytest.fixture
def south(shops: tuple[Shop, Shop]) -> Shop:
    return shops[1]


def refused(shop: Shop, document: str, code: str, *, key: str = "", **more: Any) -> dict[str, Any]:
    """The error, with proof that nothing was written."""
    with shop.untouched():
        error = shop.tenant.error(document, key=key or shop.service, **more)
    assert error["extensions"]["code"] == code, error
    assert error["extensions"]["requestId"]
    for secret in ("insert into", "kapok.", shop.schema, "SELECT", "pg_"):
        assert secret not in str(error)
    return error


# --- what is written --------------------------------------------------------------------------------------------------


def test_create_read_update_delete(north: Shop, south: Shop) -> None:
    with south.untouched():
        made = north.tenant.data(
            f"mutation {{ createOrder(input: {ORDER}) {{ id number status rowVersion customer {{ name }} }} }}"
        )
        order = made["createOrder"]
        assert (order["number"], order["status"], order["customer"]) == ("B-1", "DRAFT", {"name": "Ann"})
        changed = north.tenant.data(
            """mutation ($id: ID!, $v: String) {
              updateOrder(id: $id, input: {status: PLACED}, ifVersion: $v) { status rowVersion }
            }""",
            variables={"id": order["id"], "v": order["rowVersion"]},
        )["updateOrder"]
        assert changed["status"] == "PLACED"
        assert changed["rowVersion"] != order["rowVersion"]
        read = north.tenant.data(
            "query ($id: ID!) { order(id: $id) { status rowVersion } }", variables={"id": order["id"]}
        )
        assert read["order"] == changed
        gone = north.tenant.data(
            "mutation ($id: ID!) { deleteOrder(id: $id) again: deleteOrder(id: $id) }", variables={"id": order["id"]}
        )
        assert gone == {"deleteOrder": True, "again": False}
    assert [row["number"] for row in north.rows()["orders"]] == ["A-1", "A-2", "A-3"]


def test_a_whole_order_in_one_document(north: Shop) -> None:
    made = north.tenant.data(
        """mutation ($items: [CreateItemInput!]) {
          createOrder(input: {
            number: "B-1", customer: {create: {email: "cy@example.com", name: "Cy"}}
            items: {create: $items}, tags: {connect: [{name: "gift"}], create: [{name: "new"}]}
          }) {
            number customer { email } items(orderBy: [{id: ASC}]) { product price } tags(orderBy: [{id: ASC}]) { name }
          }
        }""",
        variables={
            "items": [{"product": "tea", "quantity": 1, "price": "2.5"}, {"product": "cup", "quantity": 2, "price": 3}]
        },
    )["createOrder"]
    assert made == {
        "number": "B-1",
        "customer": {"email": "cy@example.com"},
        "items": [{"product": "tea", "price": "2.50"}, {"product": "cup", "price": "3.00"}],
        "tags": [{"name": "gift"}, {"name": "new"}],
    }


def test_hundred_rows_and_the_same_document_with_others(north: Shop) -> None:
    document = "mutation ($rows: [CreateTagInput!]!) { createTags(input: $rows) { name } }"
    for count in (100, 3, 1, 0):
        rows = [{"name": f"{count}-{place}"} for place in range(count)]
        assert north.tenant.data(document, variables={"rows": rows})["createTags"] == rows
    assert len(north.rows()["tags"]) == 2 + 104


def test_functions(north: Shop) -> None:
    north.tenant.data('mutation { createFeedback(input: {words: "x"}) { id } }')
    answer = north.tenant.data('mutation { ship(number: "A-1") { number status customer { name } } forgetFeedback }')
    assert answer == {
        "ship": {"number": "A-1", "status": "SHIPPED", "customer": {"name": "Ann"}},
        "forgetFeedback": True,
    }
    assert north.rows()["feedback"] == []


def test_operation_names_hashes_and_conditions(north: Shop) -> None:
    document = """query Look { tags { name } }
      mutation Make($name: String!, $no: Boolean!) {
        made: createTag(input: {name: $name}) { name } deleteTags(filter: {}) @include(if: $no)
      }"""
    variables = {"name": "a", "no": False}
    made = north.tenant.data(document, operationName="Make", variables=variables)
    assert made == {"made": {"name": "a"}}
    digest = hashlib.sha256(document.encode()).hexdigest()
    by_hash = {
        "operationName": "Make",
        "variables": {"name": "b", "no": False},
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}},
    }
    headers = {"apikey": north.service}
    first = httpx.post(
        north.tenant.graphql_url,
        json={**by_hash, "query": document, "variables": {"name": "c", "no": False}},
        headers=headers,
    )
    again = httpx.post(north.tenant.graphql_url, json=by_hash, headers=headers)
    assert [r.json()["data"]["made"]["name"] for r in (first, again)] == ["c", "b"]
    assert {row["name"] for row in north.rows()["tags"]} == {"gift", "rush", "a", "b", "c"}


def test_the_hot_path_writes_once_and_says_the_same(north: Shop) -> None:
    """A document that was compiled before is answered without the endpoint."""
    document = "mutation ($name: String!) { made: createTag(input: {name: $name}) { name } }"
    for place in range(4):
        assert north.tenant.data(document, variables={"name": f"t{place}"}) == {"made": {"name": f"t{place}"}}
        before = north.rows()
        error = refused(north, document, "CONFLICT", variables={"name": f"t{place}"})
        assert (error["path"], error["extensions"]["details"]["argument"]) == (["made"], "input.name")
        assert north.rows() == before
    assert [row["name"] for row in north.rows()["tags"]].count("t3") == 1
    refused(north, document, "BAD_USER_INPUT", variables={"name": "\x00"})


def test_get_never_writes(north: Shop) -> None:
    document = 'mutation { createTag(input: {name: "x"}) { id } }'
    north.tenant.data(document)  # so that it is compiled and cached
    other = document.replace("x", "y")
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(other.encode()).hexdigest()}}
    north.tenant.data(other, extensions=persisted)
    with north.untouched():
        for given in (
            {"query": document},
            {"query": "query Q { tags { name } } mutation M { deleteTags(filter: {}) }", "operationName": "M"},
            {"extensions": json.dumps(persisted)},
        ):
            response = httpx.get(north.tenant.graphql_url, params=given, headers={"apikey": north.service})
            assert (response.status_code, response.headers["allow"]) == (405, "POST")


# --- all or nothing ---------------------------------------------------------------------------------------------------


def test_when_the_last_of_several_fails_nothing_is_written(north: Shop) -> None:
    document = f"""mutation {{
      a: createTag(input: {{name: "new"}}) {{ id }}
      b: deleteItems(filter: {{}})
      c: updateCustomers(filter: {{}}, input: {{credit: "5"}}) {{ id }}
      d: createOrder(input: {{number: "A-1", customerId: "{BO}"}}) {{ id }}
    }}"""
    error = refused(north, document, "CONFLICT")
    assert error["path"] == ["d"]
    assert error["extensions"]["details"]["constraint"] == "orders_number_key"


@pytest.mark.parametrize(
    ("given", "code", "argument"),
    [
        ('{number: "B-1", customerId: "ANN", items: {create: [{ITEM}, {product: "b", quantity: 0, price: "1"}]}}',
         "BAD_USER_INPUT", "input.items.create"),
        ('{number: "B-1", customer: {connect: {email: "nobody@example.com"}}}', "NOT_FOUND", "input.customer.connect"),
        ('{number: "B-1", customer: {create: {email: "ann@example.com", name: "x"}}}',
         "CONFLICT", "input.customer.create.email"),
        ('{number: "B-1", customerId: "99999999-0000-0000-0000-000000000000"}', "BAD_USER_INPUT", "input.customerId"),
        ('{number: "B-1", customerId: "not a uuid"}', "BAD_USER_INPUT", ""),
        ('{number: "B-1", customerId: "ANN", customer: {connect: {id: "ANN"}}}', "BAD_USER_INPUT", "input.customer"),
        ('{number: "B-1", customer: {connect: {id: "ANN"}, create: {email: "x", name: "x"}}}',
         "BAD_USER_INPUT", "input.customer"),
        ('{number: "B-1"}', "BAD_USER_INPUT", "input.customerId"),
        ('{number: "B-1", customerId: "ANN", status: null}', "BAD_USER_INPUT", "input.status"),
        ('{number: "B-1", customerId: "ANN", items: {create: [{orderId: 1, ITEM}]}}',
         "BAD_USER_INPUT", "input.items.create.0.orderId"),
        ('{number: "B-1", customerId: "ANN", items: {create: [{product: "a", quantity: 1, price: "123456789.00"}]}}',
         "BAD_USER_INPUT", ""),
    ],
)  # fmt: skip
def test_inputs_that_cannot_be(north: Shop, given: str, code: str, argument: str) -> None:
    given = given.replace("ANN", ANN).replace("ITEM", ITEM)
    error = refused(north, f"mutation {{ made: createOrder(input: {given}) {{ id }} }}", code)
    if argument:
        assert error["extensions"]["details"]["argument"] == argument
        assert error["path"] == ["made"]


@pytest.mark.parametrize(
    "given",
    [
        '{number: "B-1", customerId: "ANN", status: NOPE}',
        '{number: null, customerId: "ANN"}',
        '{customerId: "ANN"}',
        '{number: 5, customerId: "ANN"}',
        '{number: ["B-1"], customerId: "ANN"}',
        '{number: "B-1", customerId: "ANN", id: 5}',
        '{number: "B-1", customerId: "ANN", nope: 5}',
        '{number: "B-1", customerId: "ANN", items: {destroy: true}}',
        '{number: "B-1", customerId: "ANN", items: {create: [{product: "a", quantity: 99999999999, price: "1"}]}}',
    ],
)
def test_documents_that_do_not_fit_the_schema(north: Shop, given: str) -> None:
    document = f"mutation {{ createOrder(input: {given.replace('ANN', ANN)}) {{ id }} }}"
    refused(north, document, "GRAPHQL_VALIDATION_FAILED")


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"input": {"number": "B-1", "customerId": ANN, "status": "NOPE"}}, "status"),
        ({"input": {"number": None, "customerId": ANN}}, "number"),
        ({"input": {"number": "B-1", "customerId": ANN, "id": "5"}}, "id"),
        ({"input": {"number": "B-1", "customerId": ANN, "items": {"create": [{"product": {"a": 1}}]}}}, "product"),
        ({"input": None}, "input"),
        ({}, "input"),
    ],
)
def test_variables_that_do_not_fit(north: Shop, variables: dict[str, Any], place: str) -> None:
    document = "mutation ($input: CreateOrderInput!) { createOrder(input: $input) { id } }"
    error = refused(north, document, "BAD_USER_INPUT", variables=variables)
    assert place in str(error)


def test_stale_versions_write_nothing(north: Shop) -> None:
    for document in (
        'mutation { updateOrder(id: 1, input: {note: "x"}, ifVersion: "1") { id } }',
        """mutation { updateOrdersByKey(updates: [
             {key: {id: 2}, input: {note: "y"}}, {key: {id: 1}, input: {note: "x"}, ifVersion: "1"}]) { id } }""",
        'mutation { deleteOrder(id: 1, ifVersion: "1") }',
        'mutation { updateOrder(id: 1, input: {note: "x"}, ifVersion: "; drop table orders") { id } }',
    ):
        refused(north, document, "CONFLICT")


# --- hostile values ---------------------------------------------------------------------------------------------------

HOSTILE = ["'; drop table orders; --", '"; --', "$1", "\\'; select 1 --", "%s", "{}", "null", "NULL", "\u202e"]
HOSTILE += ["'||(select 1)||'", "\x01schema\x01", '{"a","b"}', "a" * 10_000]


@pytest.mark.parametrize("text", HOSTILE)
def test_sql_in_a_string_is_a_string(north: Shop, text: str) -> None:
    document = """mutation ($t: String!, $rows: [CreateTagInput!]!) {
      one: createFeedback(input: {words: $t}) { words } many: createTags(input: $rows) { name }
      back: updateCustomersByKey(updates: [{key: {email: "ann@example.com"}, input: {name: $t}}]) { name }
      up: upsertTag(input: {name: $t}, onConflict: NAME, update: []) { name }
      gone: deleteItems(filter: {product: {eq: $t}})
    }"""
    answer = north.tenant.data(document, variables={"t": text, "rows": [{"name": text}, {"name": f"{text}!"}]})
    assert answer == {
        "one": {"words": text},
        "many": [{"name": text}, {"name": f"{text}!"}],
        "back": [{"name": text}],
        "up": {"name": text},
        "gone": 0,
    }


@pytest.mark.parametrize("text", ["\x00", "a\x00b"])
def test_nul_is_refused(north: Shop, text: str) -> None:
    document = "mutation ($rows: [CreateTagInput!]!) { createTags(input: $rows) { name } }"
    refused(north, document, "BAD_USER_INPUT", variables={"rows": [{"name": "ok"}, {"name": text}]})


def test_too_much_at_once(north: Shop) -> None:
    document = "mutation ($rows: [CreateTagInput!]!) { createTags(input: $rows) { name } }"
    many = [{"name": f"{place}"} for place in range(1001)]
    refused(north, document, "QUERY_TOO_COMPLEX", variables={"rows": many})
    refused(north, document, "QUERY_TOO_COMPLEX", variables={"rows": [{"name": "x" * 600_000}]})
    literal = ", ".join(f'{{name: "{place}"}}' for place in range(1001))
    refused(north, f"mutation {{ createTags(input: [{literal}]) {{ id }} }}", "QUERY_TOO_COMPLEX")
    nested = '{number: "n", customerId: 1}'
    for _ in range(30):
        nested = f'{{email: "e", name: "n", orders: {{create: [{{number: "n", customer: {{create: {nested}}}}}]}}}}'
    error = north.tenant.error(f"mutation {{ createCustomer(input: {nested}) {{ id }} }}", key=north.service)
    assert error["extensions"]["code"] in ("QUERY_TOO_COMPLEX", "GRAPHQL_VALIDATION_FAILED")


# --- who may what -----------------------------------------------------------------------------------------------------


def fields(shop: Shop, key: str) -> list[str]:
    answer = shop.tenant.data("{ __schema { mutationType { fields { name } } } }", key=key)
    return [field["name"] for field in (answer["__schema"]["mutationType"] or {"fields": []})["fields"]]


def test_each_role_s_mutations(north: Shop) -> None:
    assert fields(north, north.anon) == ["createFeedback", "createFeedbackList"] or "createFeedback" in fields(
        north, north.anon
    )
    clerk = fields(north, north.clerk)
    assert {
        "createOrder",
        "updateOrder",
        "createItem",
        "deleteItem",
        "ship",
        "updateCustomer",
        "createFeedback",
    } <= set(clerk)
    assert not {"deleteOrder", "deleteCustomer", "updateItem", "createTag", "forgetFeedback", "deleteFeedback"} & set(
        clerk
    )


def test_anon_may_only_leave_feedback(north: Shop) -> None:
    assert north.tenant.data('mutation { createFeedback(input: {words: "Nice"}) }', key=north.anon) == {
        "createFeedback": True
    }
    assert [row["words"] for row in north.rows()["feedback"]] == ["Nice"]
    for document in (
        'mutation { createTag(input: {name: "x"}) { id } }',
        "mutation { deleteFeedbackList(filter: {}) }",
        'mutation { createFeedback(input: {words: "x", stars: 5}) }',
        'mutation { createFeedback(input: {words: "x"}) { id } }',
        "mutation { forgetFeedback }",
        'mutation { ship(number: "A-1") { id } }',
    ):
        refused(north, document, "GRAPHQL_VALIDATION_FAILED", key=north.anon)


def test_a_clerk_gives_what_the_rules_take(north: Shop) -> None:
    made = north.tenant.data(f"mutation {{ createOrder(input: {ORDER}) {{ placedBy status }} }}", key=north.clerk)
    assert made["createOrder"] == {"placedBy": "clerk", "status": "DRAFT"}
    for document in (
        f'mutation {{ createOrder(input: {{number: "B-2", customerId: "{ANN}", placedBy: "me"}}) {{ id }} }}',
        'mutation { createCustomer(input: {email: "x", name: "x", isAdmin: true}) { id } }',
        'mutation { createCustomer(input: {email: "x", name: "x", credit: "100"}) { id } }',
        f'mutation {{ updateCustomer(id: "{ANN}", input: {{email: "x"}}) {{ id }} }}',
        f'mutation {{ updateCustomer(id: "{ANN}", input: {{credit: "1"}}) {{ id }} }}',
        "mutation { updateOrder(id: 1, input: {customerId: 1}) { id } }",
    ):
        refused(north, document, "GRAPHQL_VALIDATION_FAILED", key=north.clerk)
    in_variables = refused(
        north,
        "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }",
        "BAD_USER_INPUT",
        key=north.clerk,
        variables={"input": {"email": "x", "name": "x", "isAdmin": True}},
    )
    assert "isAdmin" in in_variables["message"]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ('mutation { createOrder(input: {number: "B-1", customerId: "ANN", status: SHIPPED}) { id } }', "FORBIDDEN"),
        ("mutation { updateOrder(id: 1, input: {status: SHIPPED}) { id } }", "FORBIDDEN"),
        ('mutation { createItem(input: {orderId: 2, ITEM}) { id } }', "FORBIDDEN"),
        ('mutation { createItem(input: {order: {connect: {number: "A-3"}}, ITEM}) { id } }', "NOT_FOUND"),
        ('mutation { createItems(input: [{orderId: 1, ITEM}, {orderId: 2, ITEM}]) { id } }', "FORBIDDEN"),
        ("""mutation { a: createCustomer(input: {email: "x", name: "x"}) { id }
                       b: updateOrder(id: 1, input: {status: SHIPPED}) { id } }""", "FORBIDDEN"),
    ],
)  # fmt: skip
def test_rows_the_rules_refuse(north: Shop, document: str, code: str) -> None:
    refused(north, document.replace("ANN", ANN).replace("ITEM", ITEM), code, key=north.clerk)


def test_rows_out_of_reach_are_not_there(north: Shop) -> None:
    with north.untouched():
        for document, answer in (
            ('mutation { x: updateOrder(id: 2, input: {note: "x"}) { id } }', None),
            ('mutation { x: updateOrder(id: 3, input: {note: "x"}) { id } }', None),
            ('mutation { x: updateOrders(filter: {number: {in: ["A-2", "A-3"]}}, input: {note: "x"}) { id } }', []),
            ('mutation { x: updateOrdersByKey(updates: [{key: {number: "A-3"}, input: {note: "x"}}]) { id } }', []),
            ("mutation { x: deleteItem(id: 2) }", False),
            ("mutation { x: deleteItems(filter: {orderId: {eq: 3}}) }", 0),
        ):
            assert north.tenant.data(document, key=north.clerk) == {"x": answer}
    assert north.tenant.data("mutation { x: deleteItems(filter: {}) }", key=north.clerk) == {"x": 1}


def test_what_was_written_may_be_out_of_sight(north: Shop) -> None:
    assert north.tenant.data('mutation { ship(number: "A-1") { number } }', key=north.clerk) == {"ship": None}
    assert {row["number"]: row["status"] for row in north.rows()["orders"]}["A-1"] == "shipped"


def test_keys_of_another_tenant_write_nowhere(north: Shop, south: Shop) -> None:
    document = 'mutation { createTag(input: {name: "x"}) { id } }'
    north.tenant.data('mutation { createTag(input: {name: "compiled"}) { id } }')
    with north.untouched(), south.untouched():
        for key in (south.service, south.clerk, south.anon):
            error = north.tenant.error(document, key=key)
            assert error["extensions"]["code"] == "TENANT_MISMATCH"
        assert north.tenant.error(document, key="")["status"] == 401
