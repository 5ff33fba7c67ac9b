"""Many clients, many jobs, and a server that is killed again and again: nothing is lost, mixed up or left behind."""

from __future__ import annotations

import json
import logging
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from studio.examples import write_clip
from tests.conftest import Material
from tests.processes import free_port
from tests.studio.conftest import Server, eventually, launch
from tests.studio.test_http import files_of

log = logging.getLogger(__name__)

CLIENTS, EACH, KILLS, ROUNDS = 20, 10, 3, 3
BORDER = 12
OVER = ("done", "failed", "cancelled")


@dataclass
class Customer:
    """One client: every target of theirs has a border of a colour that nobody else's has."""

    number: int
    colour: tuple[int, int, int]
    picture: Path
    clip: Path
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    jobs: list[dict[str, Any]] = field(default_factory=list)


def customers(material: Material, folder: Path) -> list[Customer]:
    portrait = cv2.imread(str(material.eileen))
    assert portrait is not None
    made = []
    for number in range(CLIENTS):
        colour = tuple(int(value) for value in np.random.default_rng(number).permutation([40 + 8 * number, 120, 200]))
        side = 96 + 8 * number
        picture = cv2.resize(np.asarray(portrait[:400, 40:440]), (side, side), interpolation=cv2.INTER_AREA)
        picture = cv2.copyMakeBorder(picture, *(BORDER,) * 4, cv2.BORDER_CONSTANT, value=colour)
        path, clip = folder / f"{number}.png", folder / f"{number}.mp4"
        cv2.imwrite(str(path), picture)
        write_clip(clip, picture, 160 + 2 * number, 120, seconds=0.4)
        made.append(Customer(number, colour, path, clip))  # type: ignore[arg-type]
    return made


class Patient:
    """HTTP that waits for a server that is just being started again, and for its turn."""

    def __init__(self, url: str) -> None:
        self.url, self.http = url, httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        for _ in range(1500):
            try:
                answer = self.http.request(method, self.url + path, **more)
                if answer.status_code not in (429, 503):
                    return answer
            except httpx.TransportError:
                pass
            time.sleep(0.5)
        raise AssertionError("the server did not come back")

    def call(self, name: str, data: list[Any]) -> Any:
        """A named endpoint, as plain HTTP events; asked again where the server died in between."""
        text = ""
        for _ in range(300):
            event = self.ask("POST", f"/gradio_api/call/{name}", json={"data": data}).json()["event_id"]
            try:
                text = self.http.get(f"{self.url}/gradio_api/call/{name}/{event}").text
            except httpx.TransportError:
                continue
            if "event: complete" in text:
                return json.loads(text.split("data: ")[-1])
            time.sleep(0.2)
        raise AssertionError(text)


def behave(customer: Customer, patient: Patient, material: Material) -> None:
    """Sends jobs by several ways, cancels or deletes every fifth, and sees the others to their end."""
    dice = random.Random(customer.number)
    mine = {"X-Recast-Token": customer.token}
    for number in range(EACH):
        target = customer.clip if dice.random() < 0.4 else customer.picture
        job: dict[str, Any] = {
            "target": target,
            "fate": "done" if number % 5 else dice.choice(["deleted", "cancelled"]),
        }
        if dice.random() < 0.3:
            job["id"] = by_gradio(patient, customer, target, material)
        else:
            files = [("source_image", material.grace.read_bytes()), ("target", (target.name, target.read_bytes()))]
            headers = {**mine, "Idempotency-Key": f"job {number}"}
            answer = patient.ask("POST", "/process", files=files, headers=headers)
            assert answer.status_code == 202, answer.text
            job["id"] = answer.json()["id"]
        customer.jobs.append(job)
        if job["fate"] == "deleted":
            assert patient.ask("DELETE", f"/jobs/{job['id']}", headers=mine).status_code in (204, 404)
        elif job["fate"] == "cancelled":
            patient.call("cancel_job", [job["id"], customer.token])
        time.sleep(dice.random())
    for job in customer.jobs:
        if job["fate"] != "deleted":
            until = time.monotonic() + 400
            while (state := patient.ask("GET", f"/status/{job['id']}", headers=mine).json()["state"]) not in OVER:
                assert time.monotonic() < until, job
                time.sleep(2)
            job["state"] = state


def by_gradio(patient: Patient, customer: Customer, target: Path, material: Material) -> str:
    """The same job through the page's own API. Asked twice, it is two jobs; the first is found among nobody's then."""
    uploaded = []
    for path in (material.grace, target):
        while True:
            answer = patient.ask("POST", "/gradio_api/upload", files={"files": (path.name, path.read_bytes())})
            if answer.status_code == 200:
                uploaded.append({"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}})
                break
    status = patient.call("submit_job", [uploaded[:1], uploaded[1], None, None, customer.token, True])
    return str(status[0]["job"])


def shows_own_border(data: bytes, customer: Customer, path: Path) -> bool:
    path.write_bytes(data)
    frame = cv2.imread(str(path)) if path.suffix == ".png" else cv2.VideoCapture(str(path)).read()[1]
    if frame is None:
        return False
    if path.suffix != ".png":
        return bool(frame.shape[1] == 160 + 2 * customer.number)
    # The invisible mark may change any pixel by a level or two; colours and sizes of two customers are 8 apart.
    side = 96 + 8 * customer.number + 2 * BORDER
    apart = np.abs(frame[0].astype(int) - customer.colour).max()
    return bool(frame.shape[:2] == (side, side) and apart < 4)


def memory(server: Server) -> int:
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * 4096


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """Begins a server, each time over the same data and at the same address."""
    port, servers = free_port(), []

    def begin() -> Server:
        servers.append(launch(
            tmp_path / "data", "--port", str(port), RECAST_JOBS_EACH_MINUTE="100000", RECAST_QUEUE="500",
            RECAST_UPLOADS_EACH_MINUTE="100000", RECAST_LOOKS_EACH_MINUTE="1000000", RECAST_QUEUE_EACH="50",
        ))  # fmt: skip
        return servers[-1]

    yield begin
    for server in servers:
        if server.process.poll() is None:
            server.kill()


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_two_hundred_jobs_and_three_deaths(
    start: Callable[[], Server], material: Material, tmp_path: Path
) -> None:  # fmt: skip
    folder = tmp_path / "material"
    folder.mkdir()
    everybody, server = customers(material, folder), start()
    patient = Patient(server.url)
    warm = Customer(0, everybody[0].colour, everybody[0].picture, everybody[0].clip)
    behave(warm, patient, material)
    deaths = 0

    def finished_jobs() -> int:
        counts = patient.ask("GET", "/metrics").text
        return sum(
            int(line.rsplit(" ", 1)[1]) for line in counts.splitlines()
            if line.startswith("recast_jobs{") and any(state in line for state in OVER)
        )  # fmt: skip

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(behave, customer, Patient(server.url), material) for customer in everybody]
        while not all(client.done() for client in clients):
            time.sleep(0.5)
            if deaths < KILLS and finished_jobs() > (deaths + 1) * CLIENTS * EACH // (KILLS + 2):
                server.kill()
                deaths += 1
                server = start()
        for client in clients:
            client.result()
    assert deaths == KILLS

    ends: Counter[tuple[str, str]] = Counter()
    known = set()
    for customer in [warm, *everybody]:
        mine = {"X-Recast-Token": customer.token}
        for job in customer.jobs:
            if job["fate"] == "deleted":
                assert patient.ask("GET", f"/status/{job['id']}", headers=mine).status_code == 404
                continue
            known.add(job["id"])
            ends[job["fate"], job["state"]] += 1
            assert job["state"] == "done" or (job["fate"], job["state"]) == ("cancelled", "cancelled"), job
            answer = patient.ask("GET", f"/download/{job['id']}", headers=mine)
            assert answer.status_code == (200 if job["state"] == "done" else 409)
            if job["state"] == "done":
                result = tmp_path / f"result{job['target'].suffix}"
                assert shows_own_border(answer.content, customer, result), "somebody else's result"
            stranger = everybody[(customer.number + 1) % CLIENTS]
            headers = {"X-Recast-Token": stranger.token}
            if stranger is not customer and customer is not warm:
                assert patient.ask("GET", f"/status/{job['id']}", headers=headers).status_code == 404
    log.info("ends %s", dict(ends))
    folders = {path.name for path in (server.data / "jobs").iterdir()}
    # What a dying server took in without being able to say so is still its owner's, and nothing else is there.
    assert known <= folders and len(folders - known) <= KILLS * CLIENTS
    # Those of nobody's may be under way still, each with a folder to work in.
    eventually(lambda: server.jobs() == 0, 120)
    assert not [path for name in folders for path in (server.data / "jobs" / name).iterdir() if path.is_dir()]

    # The last server has seen a part of the crowd only: memory first comes to its level, and then it stays there.
    levels = [memory(server)]
    for _ in range(2 * ROUNDS):
        again = Customer(3, everybody[3].colour, everybody[3].picture, everybody[3].clip)
        behave(again, patient, material)
        levels.append(memory(server))
    log.info("memory after the same work again and again: %s MB", [level >> 20 for level in levels])
    assert max(levels[ROUNDS:]) < max(levels[:ROUNDS]) * 1.1 + 30 * 1024**2
    for customer in [warm, *everybody]:
        for job in customer.jobs:
            patient.ask("DELETE", f"/jobs/{job['id']}", headers={"X-Recast-Token": customer.token})
    assert not {path for path in files_of(server) if path.parent.name in known}
    server.end()
