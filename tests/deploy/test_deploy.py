"""Files that set up other machines, each read by the tool or the schema it is written for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.models.folders import HOME_VARIABLE
from studio.metrics import ABOUT
from studio.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is missing")


def tool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=120)


class Overlay(yaml.SafeLoader):
    """YAML with Compose's ``!reset``, which takes away what the file before had there."""


Overlay.add_constructor("!reset", lambda loader, node: None)


def merged(base: Any, over: Any) -> Any:
    """Two Compose files as Compose puts them together; the rules that these two need."""
    if isinstance(base, dict) and isinstance(over, dict):
        both = {key: merged(base[key], over[key]) if key in base else over[key] for key in over}
        return {key: value for key, value in {**base, **both}.items() if value is not None or key not in base}
    if isinstance(base, list) and isinstance(over, list):
        return base + over
    return over


def production() -> dict[str, Any]:
    base, over = (yaml.load((DEPLOY / name).read_text(), Overlay) for name in ("compose.yaml", "production.yaml"))
    found = merged(base, over)
    assert isinstance(found, dict)
    return found


@pytest.mark.slow
def test_compose_files_keep_to_the_specification(tmp_path: Path) -> None:
    whole = tmp_path / "production.json"
    whole.write_text(json.dumps(production()))
    for path in (DEPLOY / "compose.yaml", whole):
        checked = tool(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)
        assert checked.returncode == 0, checked.stdout


def test_only_the_proxy_is_reached_from_outside() -> None:
    services = production()["services"]
    assert not services["recast"].get("ports") and not services["gpu"].get("ports")
    assert services["grafana"]["ports"] == ["127.0.0.1:3000:3000"] and "ports" not in services["prometheus"]
    for name in ("recast", "gpu"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
        assert services[name]["environment"]["RECAST_LOG"] == "json"


def test_the_proxy_and_prometheus_find_whichever_of_the_two_runs() -> None:
    services = production()["services"]
    [upstream] = re.findall(r":-(\S+):\d+\}", services["proxy"]["environment"]["RECAST_UPSTREAM"])
    [scraped] = yaml.safe_load((DEPLOY / "monitoring/prometheus.yml").read_text())["scrape_configs"]
    [target] = scraped["static_configs"][0]["targets"]
    assert target.split(":")[0] == upstream
    for name in ("recast", "gpu"):
        networks = services[name]["networks"]
        others = networks["inside"]["aliases"] if isinstance(networks, dict) else []
        assert upstream in (name, *others)
        assert upstream in services[name]["environment"]["RECAST_HOSTS"].split(",")


def test_files_that_the_files_name_are_there() -> None:
    for service in production()["services"].values():
        for volume in service.get("volumes", ()):
            given = volume.split(":")[0]
            if given.startswith("./") and given != "./certificates":
                assert (DEPLOY / given).exists(), given


@pytest.mark.slow
def test_manifests_keep_to_the_schemas_of_kubernetes() -> None:
    checked = tool(BIN / "kubernetes-validate", "--strict", *KUBERNETES)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def manifests() -> Iterator[dict[str, Any]]:
    for path in KUBERNETES:
        yield from yaml.safe_load_all(path.read_text())


def test_manifests_fit_together() -> None:
    found = list(manifests())
    assert {item.get("metadata", {}).get("namespace", "recast") for item in found} == {"recast"}
    names = {(item["kind"], item["metadata"]["name"]) for item in found}
    assert {kind for kind, _ in names} >= {"Deployment", "Service", "Ingress", "NetworkPolicy", "PersistentVolumeClaim"}
    for deployment in (item for item in found if item["kind"] == "Deployment"):
        pod = deployment["spec"]["template"]
        assert deployment["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        (container,) = pod["spec"]["containers"]
        stop = next(item["data"]["RECAST_STOP_SECONDS"] for item in found if item["kind"] == "ConfigMap")
        assert pod["spec"]["terminationGracePeriodSeconds"] >= float(stop) + 20
        assert {mount["name"] for mount in container["volumeMounts"]} == {vol["name"] for vol in pod["spec"]["volumes"]}
        assert pod["spec"]["securityContext"]["runAsNonRoot"] and "limits" in container["resources"]


def test_a_clusters_prometheus_is_let_in() -> None:
    """By the service's name: a pod's address is no name that the server goes by."""
    found = list(manifests())
    [hosts] = [item["data"]["RECAST_HOSTS"].split(",") for item in found if item["kind"] == "ConfigMap"]
    [service] = [item["metadata"] for item in found if item["kind"] == "Service"]
    assert f"{service['name']}.{service['namespace']}.svc" in hosts
    assert not [item for item in found if "prometheus.io/scrape" in json.dumps(item)]


def variables() -> set[str]:
    return set(re.findall(r"RECAST_[A-Z_]+", (ROOT / "studio/setup.py").read_text()))


def test_variables_that_are_set_exist_and_are_told_of() -> None:
    known = variables() | {f"{name}_FILE" for name in variables()}
    known |= {"RECAST_HOST", "RECAST_UPSTREAM", "RECAST_DATA", HOME_VARIABLE}
    for path in (*KUBERNETES, DEPLOY / "compose.yaml", DEPLOY / "production.yaml", ROOT / "Dockerfile"):
        assert set(re.findall(r"RECAST_[A-Z_]+", path.read_text())) <= known, path
    readme = (ROOT / "README.md").read_text()
    assert not [name for name in variables() if name not in readme and name != "RECAST_SIGN_IN_RETURN"]


@pytest.mark.slow
def test_the_dockerfile_is_clean() -> None:
    checked = tool(BIN / "hadolint", ROOT / "Dockerfile")
    assert checked.returncode == 0, checked.stdout


DASHBOARD = DEPLOY / "monitoring/grafana/dashboards/recast.json"


def questions() -> dict[str, str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return {f"{panel['title']} {target['refId']}": target["expr"] for panel in panels for target in panel["targets"]}


def lost(given: Any, kept: Any, where: str = "") -> list[str]:
    if isinstance(given, dict):
        return [
            line
            for key, value in given.items()
            for line in (lost(value, kept[key], f"{where}/{key}") if key in kept else [f"{where}/{key}"])
        ]
    if isinstance(given, list):
        return [line for one, other in zip(given, kept, strict=True) for line in lost(one, other, where)]
    return [] if given == kept else [where]


def test_the_dashboard_is_one_that_grafana_knows() -> None:
    """Read into Grafana's own classes and written again, nothing of it is lost."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    given = json.loads(DASHBOARD.read_text())
    assert lost(given, json.loads(JSONEncoder().encode(Dashboard.from_json(given)))) == []
    places = [tuple(panel["gridPos"].values()) for panel in given["panels"]]
    assert len(set(places)) == len(places) and max(x + w for x, _, w, _ in places) == 24


def test_what_is_asked_for_is_what_is_counted() -> None:
    rules = (DEPLOY / "monitoring/alerts.yml").read_text()
    text = " ".join(questions().values()) + " ".join(re.findall(r"expr:(.*?)(?:for|labels):", rules, re.DOTALL))
    asked = set(re.findall(r"\b(?:recast|process)_[a-z_]+", text))
    assert asked <= set(ABOUT) and len(asked) > 10


@pytest.mark.slow
@needs_promtool
def test_prometheus_takes_its_files_and_every_question(tmp_path: Path) -> None:
    folder = tmp_path / "monitoring"
    shutil.copytree(DEPLOY / "monitoring", folder)
    config = folder / "prometheus.yml"
    token = tmp_path / "token"
    token.write_text("x")
    config.write_text(config.read_text().replace("/run/secrets/metrics-token", str(token)))
    checked = tool("promtool", "check", "config", config)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    rules = [
        {"record": f"q:{number}", "expr": expr.replace("$__rate_interval", "5m")}
        for number, expr in enumerate(questions().values())
    ]
    (tmp_path / "q.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = tool("promtool", "check", "rules", tmp_path / "q.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow
@needs_promtool
def test_prometheus_takes_what_is_counted(tmp_path: Path) -> None:
    from studio.jobs.store import Store
    from studio.jobs.worker import Workers
    from studio.metrics import Metrics

    store = Store(tmp_path / "jobs.sqlite3")
    metrics = Metrics()
    metrics.answered(200)
    metrics.add("recast_refused_total", code='odd "code"\n')
    text = metrics.text(store, tmp_path, Workers(store, lambda running: None), "cpu")  # type: ignore[arg-type, return-value]
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    store.close()


def test_defaults_of_the_proxy_fit_the_servers() -> None:
    template = (DEPLOY / "nginx/recast.conf.template").read_text()
    size = re.search(r"client_max_body_size (\d+)m;", template)
    assert size and int(size.group(1)) * 1024**2 >= Settings().upload_bytes
