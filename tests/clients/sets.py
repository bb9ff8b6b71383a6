"""Reads a set with two OData clients, page by page, and prints what they see as JSON.

    python tests/clients/sets.py ROOT KEY SET PAGE

ROOT is a service root, PAGE the rows of a page. python-odata makes classes of `$metadata` and shows the key as the password
of Basic; odatapy speaks 4.01 and has to be content with 4.0.

    {"python-odata": {"rows": [{...}, ...], "pages": 5}, "odatapy": {...}}
"""

import datetime
import decimal
import json
import sys

import requests
from odata import ODataService
from odatapy.client import EdmEnabledODataClient, HttpxTransport


def plain(value):
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value


def by_python_odata(root, key, name, page):
    session = requests.Session()
    session.auth = ("anybody", key)
    session.headers["Prefer"] = f"odata.maxpagesize={page}"
    asked = []
    session.hooks["response"] = lambda answer, *_, **__: asked.append(answer.url)
    service = ODataService(root, reflect_entities=True, session=session, quiet_progress=True)
    entity = service.entities[name]
    asked.clear()
    rows = []
    for row in service.query(entity):
        members = row.__odata__.properties
        rows.append({member.name: plain(getattr(row, attribute)) for attribute, member in members})
    return {"rows": rows, "pages": len(asked)}


def by_odatapy(root, key, name, page):
    headers = {"X-API-Key": key, "Prefer": f"odata.maxpagesize={page}"}
    client = EdmEnabledODataClient(root, HttpxTransport(timeout=120), headers=headers)
    uri, rows, pages = client.entity_set_uri(name), [], 0
    while uri is not None:
        collection = client.get_entity_set(uri)
        pages += 1
        rows += [{member.name: plain(member.value) for member in entity.properties} for entity in collection.entities]
        uri = collection.next_link
    return {"rows": rows, "pages": pages}


def main(root, key, name, page):
    seen = {"python-odata": by_python_odata(root, key, name, page), "odatapy": by_odatapy(root, key, name, page)}
    print(json.dumps(seen, ensure_ascii=False))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
