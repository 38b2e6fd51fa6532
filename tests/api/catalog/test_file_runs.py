"""Product files of an operator: sent in, queued, done by the worker, followed, fetched; refused where they must be."""

import re
from collections.abc import AsyncIterator
from typing import IO, Any
from uuid import uuid4

import pytest
from botocore.exceptions import EndpointConnectionError
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import storage
from api.core.db import Database
from api.core.jobs import run_queued
from api.core.settings import get_settings
from api.domains.catalog.service.bulk import runs
from api.worker import find_sweeps, find_tasks
from tests.api.conftest import SignedUp, SignUp

CONTENT = b"sku,title,price\nA-1,Tea,3.50\nA-2,Cup,\n"
IMPORTS = "/v1/operate/imports"


@pytest.fixture(autouse=True)
async def swept_bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[set[str]]:
    """What a test puts into the bucket is taken out again."""
    names: set[str] = set()
    put = storage.put

    async def noted(name: str, file: IO[bytes]) -> None:
        names.add(name)
        await put(name, file)

    monkeypatch.setattr(storage, "put", noted)
    yield names
    for name in names:
        await storage.remove(name)


@pytest.fixture
async def operator(client: AsyncClient, sign_up: SignUp) -> SignedUp:
    signed_up = await sign_up("operator")
    client.headers.update(signed_up.headers)
    return signed_up


async def send(client: AsyncClient, content: bytes = CONTENT, **query: Any) -> dict[str, Any]:
    answer = await client.post(IMPORTS, content=content, params={"file_name": "in.csv"} | query)
    assert answer.status_code == 202, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def look(client: AsyncClient, run_id: str) -> dict[str, Any]:
    document: dict[str, Any] = (await client.get(f"{IMPORTS}/{run_id}")).json()
    return document


async def skus(session: AsyncSession) -> list[str]:
    return list((await session.execute(text("SELECT sku FROM catalog.products ORDER BY sku"))).scalars())


async def test_a_file_is_queued_done_and_its_bad_rows_fetched(
    client: AsyncClient, operator: SignedUp, session: AsyncSession, swept_bucket: set[str]
) -> None:
    queued = await send(client)
    assert (queued["status"], queued["kind"], queued["format"], queued["size_bytes"]) == ("queued", "import", "csv", 38)
    jobs = await session.execute(text("SELECT args->'args'->>'run_id' FROM procrastinate_jobs WHERE task_name = :name"),
                                 {"name": runs.TASK})  # fmt: skip
    assert jobs.scalars().all() == [queued["run_id"]]
    acts = await session.execute(text("SELECT actor_id, action, subject FROM core.audit_log"))
    assert [tuple(act) for act in acts] == [
        (operator.customer_id, "catalog.import_products", f"file_run:{queued['run_id']}")
    ]
    assert (await client.get(f"{IMPORTS}/{queued['run_id']}/file")).status_code == 404
    await runs.run_file(queued["run_id"])
    done = await look(client, queued["run_id"])
    figures = [done[f"rows_{name}"] for name in ("read", "new", "changed", "same", "bad")]
    assert (done["status"], done["fraction"], done["has_file"], figures) == ("done", 1.0, True, [2, 1, 0, 0, 1])
    answer = await client.get(f"{IMPORTS}/{queued['run_id']}/file")
    assert answer.text.splitlines() == ["line,sku,field,reason", "3,A-2,price,is empty"]
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''in-bad-rows.csv"
    assert await skus(session) == ["A-1"]
    with pytest.raises(storage.FileMissing):  # what was sent in is not kept
        await storage.stream(f"product-files/{queued['run_id']}/upload")
    await runs.run_file(queued["run_id"])  # a job that comes twice
    assert await look(client, queued["run_id"]) == done


async def test_a_trial_changes_nothing_and_a_good_file_leaves_no_report(
    client: AsyncClient, operator: SignedUp, session: AsyncSession
) -> None:
    trial = await send(client, CONTENT.splitlines(keepends=True)[0] + b"A-1,Tea,1\n", dry_run=True)
    await runs.run_file(trial["run_id"])
    done = await look(client, trial["run_id"])
    assert (done["status"], done["rows_new"], done["has_file"]) == ("done", 1, False)
    assert await skus(session) == []


async def test_a_file_that_cannot_be_read_fails_with_a_sentence(client: AsyncClient, operator: SignedUp) -> None:
    run = await send(client, b"neither\nthis\n")
    await runs.run_file(run["run_id"])
    failed = await look(client, run["run_id"])
    assert failed["status"] == "failed"
    assert failed["problem"].startswith("the file has no column for sku, title, price")
    assert (await client.get(f"{IMPORTS}/{run['run_id']}/file")).status_code == 404


@pytest.mark.parametrize("kind", ["csv", "parquet"])
async def test_an_export_is_fetched_and_taken_back(client: AsyncClient, operator: SignedUp, kind: str) -> None:
    await runs.run_file((await send(client, b"sku,title,price\nA-1,Tea,3.50\n"))["run_id"])
    asked = (await client.post("/v1/operate/exports", params={"format": kind})).json()
    assert (asked["kind"], asked["status"]) == ("export", "queued")
    await runs.run_file(asked["run_id"])
    assert (await look(client, asked["run_id"]))["rows_read"] == 1
    answer = await client.get(f"{IMPORTS}/{asked['run_id']}/file")
    assert answer.headers["content-type"].startswith("text/csv" if kind == "csv" else "application/vnd.apache.parquet")
    back = await send(client, answer.content, file_name=f"back.{kind}")
    await runs.run_file(back["run_id"])
    assert (await look(client, back["run_id"]))["rows_same"] == 1


async def test_refusals(client: AsyncClient, operator: SignedUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LARGEST_FILE", 100)
    for query, content, status, reason in (
        ({"file_name": "in.xlsx"}, CONTENT, 422, "csv, parquet"),
        ({"format": "xlsx"}, CONTENT, 422, "csv"),
        ({}, b"", 422, "is empty"),
        ({}, b"x" * 101, 413, "100 bytes"),
    ):
        answer = await client.post(IMPORTS, content=content, params={"file_name": "in.csv"} | query)
        assert answer.status_code == status, answer.text
        assert reason in answer.text
    for path in (f"{IMPORTS}/{uuid4()}", f"{IMPORTS}/{uuid4()}/file"):
        assert (await client.get(path)).json()["type"] == "urn:agora:problem:run-not-found"
    assert (await client.get(IMPORTS, params={"cursor": "WyJ4Iiwi"})).status_code == 422
    assert (await client.get(IMPORTS)).json() == {"items": [], "next_cursor": None}


async def test_only_operators(client: AsyncClient, sign_up: SignUp) -> None:
    somebody = await sign_up("executive")
    for method, path in (
        ("POST", IMPORTS), ("GET", IMPORTS), ("GET", f"{IMPORTS}/{uuid4()}"), ("GET", f"{IMPORTS}/{uuid4()}/file"),
        ("POST", "/v1/operate/exports"), ("GET", "/operate/imports"), ("POST", "/operate/imports"),
        ("GET", f"/operate/imports/{uuid4()}"), ("POST", "/operate/exports"),
    ):  # fmt: skip
        assert (await client.request(method, path, headers=somebody.headers)).status_code == 403, path
        answer = await client.request(method, path, headers={"accept": "application/json"})
        assert answer.status_code == 401, path


async def test_the_list_goes_on_where_it_stopped(client: AsyncClient, operator: SignedUp) -> None:
    sent = [(await send(client))["run_id"] for _ in range(3)]
    first = (await client.get(IMPORTS, params={"limit": 2})).json()
    rest = (await client.get(IMPORTS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [run["run_id"] for run in first["items"] + rest["items"]] == sent[::-1]
    assert rest["next_cursor"] is None


async def test_a_run_that_does_not_move_is_ended(
    client: AsyncClient, operator: SignedUp, session: AsyncSession
) -> None:
    old, young = await send(client), await send(client)
    await session.execute(
        text("UPDATE catalog.file_runs SET updated_at = now() - interval '31 minutes' WHERE run_id = :id"),
        {"id": old["run_id"]},
    )
    await session.commit()
    assert runs.end_stale_runs in find_sweeps(["catalog"])
    assert await runs.end_stale_runs() == 1
    assert (await look(client, old["run_id"]))["problem"].startswith("stopped half-way")
    assert (await look(client, young["run_id"]))["status"] == "queued"


async def test_files_are_kept_for_a_month(client: AsyncClient, operator: SignedUp, session: AsyncSession) -> None:
    old, young = await send(client), await send(client)
    for run in (old, young):
        await runs.run_file(run["run_id"])
    await session.execute(
        text("UPDATE catalog.file_runs SET finished_at = now() - interval '31 days' WHERE run_id = :id"),
        {"id": old["run_id"]},
    )
    await session.commit()
    assert runs.forget_old_files in find_sweeps(["catalog"])
    assert await runs.forget_old_files() == 1
    assert await runs.forget_old_files() == 0
    with pytest.raises(storage.FileMissing):
        await storage.stream(f"product-files/{old['run_id']}/result")
    assert (await client.get(f"{IMPORTS}/{old['run_id']}/file")).status_code == 404
    assert (await client.get(f"{IMPORTS}/{young['run_id']}/file")).status_code == 200


async def test_the_worker_does_it(committed: Database, committed_client: AsyncClient, sign_up: SignUp) -> None:
    signed_up = await sign_up("operator")
    committed_client.headers.update(signed_up.headers)
    run = await send(committed_client)
    settings = get_settings()
    await run_queued(settings, find_tasks(settings.api_domains), wait=False)
    assert (await look(committed_client, run["run_id"]))["status"] == "done"


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert found
    return found.group(1)


async def test_the_pages(client: AsyncClient, operator: SignedUp, session: AsyncSession) -> None:
    page = (await client.get("/operate/imports")).text
    assert "Nothing yet" in page
    form = {"csrf_token": token_of(page), "dry_run": "no"}
    for name, content, words in (
        ("in.xlsx", CONTENT, "must end with .csv or .parquet"), ("in.csv", b"", "The file is empty"),
    ):  # fmt: skip
        answer = await client.post("/operate/imports", data=form, files={"file": (name, content)})
        assert (answer.status_code, words in answer.text) == (422, True)
    answer = await client.post("/operate/imports", data=form, files={"other": ("in.csv", b"")})
    assert "Choose a file" in answer.text
    answer = await client.post("/operate/imports", data=form, files={"file": ("../up/<b>.csv", CONTENT)})
    assert answer.status_code == 303
    page = (await client.get(answer.headers["location"])).text
    assert "data-reload" in page
    assert "<h1>&lt;b&gt;.csv</h1>" in page
    run_id = answer.headers["location"].rpartition("/")[2]
    await runs.run_file(run_id)
    page = (await client.get(answer.headers["location"])).text
    assert "data-reload" not in page
    assert "Fetch the bad rows" in page
    assert "A-2,price" in (await client.get(f"/operate/imports/{run_id}/file")).text
    answer = await client.post("/operate/exports", data=form | {"format": "parquet"})
    assert answer.status_code == 303
    page = (await client.get("/operate/imports")).text
    assert "products.parquet" in page
    assert await skus(session) == ["A-1"]


async def test_a_form_is_refused_before_it_is_read(
    client: AsyncClient, operator: SignedUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await client.post("/operate/imports", files={"file": ("in.csv", CONTENT)})
    assert answer.status_code == 403
    monkeypatch.setattr(runs, "LARGEST_FILE", -65_000)
    answer = await client.post("/operate/imports", files={"file": ("in.csv", b"x" * 2000)})
    assert answer.status_code == 413

    async def unsized() -> AsyncIterator[bytes]:
        yield b"x"

    answer = await client.post("/operate/imports", content=unsized(), headers={"content-type": "multipart/form-data"})
    assert answer.status_code == 411


async def test_while_the_store_is_away_a_file_is_not_taken(
    client: AsyncClient, operator: SignedUp, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def upload_fileobj(self, *_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="http://nowhere")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "_client", Away)
        answer = await client.post(IMPORTS, content=CONTENT)
    assert (answer.status_code, answer.json()["detail"]) == (503, "The store of files does not answer.")
    assert (await client.get(IMPORTS)).json()["items"] == []


async def test_a_job_that_failed_is_done_by_its_next_try(
    client: AsyncClient, operator: SignedUp, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await send(client)
    import_file = runs.import_file

    async def breaks(*args: Any, **options: Any) -> None:
        await import_file(*args, **options)
        raise ConnectionError("the power went out")

    monkeypatch.setattr(runs, "import_file", breaks)
    with pytest.raises(ConnectionError):
        await runs.run_file(run["run_id"])
    assert (await look(client, run["run_id"]))["status"] == "running"
    monkeypatch.setattr(runs, "import_file", import_file)
    await runs.run_file(run["run_id"])
    done = await look(client, run["run_id"])
    assert (done["status"], done["rows_same"], done["rows_bad"]) == ("done", 1, 1)
    assert await skus(session) == ["A-1"]
