"""What programs are told of the options is what is taken."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from gradio_client import Client

from studio.option_schema import schema
from studio.options import FIELDS, from_mapping
from studio.payload import parse_cast
from tests.studio.conftest import Server

PROPERTIES: dict[str, Any] = schema()["properties"]


def test_every_option_is_told_in_words() -> None:
    assert list(PROPERTIES) == ["preset", *(field.name for field in FIELDS)]
    assert [name for name, told in PROPERTIES.items() if not told["description"].endswith(".")] == []


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_what_is_told_is_taken(field: Any) -> None:
    told = PROPERTIES[field.name]
    assert getattr(from_mapping({field.name: told["default"]}), field.name) == field.default
    whole = "integer" in told.get("type", ()) or "number" in told.get("type", ())
    for value in told.get("enum", [1] if whole else []):
        from_mapping({field.name: value})


def test_the_document_and_the_client_tell_the_same(server: Server) -> None:
    document = httpx.get(f"{server.url}/openapi.json", timeout=60).json()
    assert document["components"]["schemas"]["Options"] == schema()
    form = document["components"]["schemas"]["Body_process_process_post"]["properties"]["options"]
    assert form["contentSchema"] == {"$ref": "#/components/schemas/Options"}
    client = Client(server.url, verbose=False)
    try:
        assert client.predict(api_name="/options") == schema()
    finally:
        client.close()


def test_examples_of_the_page_s_documentation_would_be_taken(server: Server) -> None:
    endpoints = httpx.get(f"{server.url}/gradio_api/info", timeout=60).json()["named_endpoints"]
    seen = set()
    for name, endpoint in endpoints.items():
        assert "sample_file" not in json.dumps(endpoint["parameters"]), name
        for parameter in endpoint["parameters"]:
            example = parameter["example_input"]
            if parameter["parameter_name"] == "options":
                from_mapping(example)
            elif parameter["parameter_name"] == "cast":
                parse_cast(example)
            else:
                continue
            seen.add(name)
    assert seen >= {"/recast_image", "/recast_video", "/submit_job", "/preview", "/find_people"}
