"""Pages of moderation: the queue, a case, statements, reports and policies; all of them without a script."""

import re

from httpx import AsyncClient, Response

from tests.api.communities.conftest import Forum, Named
from tests.api.conftest import SignedUp, SignUp
from tests.api.moderation.conftest import Desk, Hear, Json, status_of

LONG = "Noooooooooooo way"


async def page(client: AsyncClient, path: str, person: SignedUp | None = None, status: int = 200) -> str:
    """A page as a browser gets it."""
    headers = {"accept": "text/html"} | (person.headers if person else {})
    answer = await client.get(path, headers=headers)
    assert answer.status_code == status, (path, answer.status_code)
    return answer.text


async def send(client: AsyncClient, path: str, person: SignedUp, **fields: object) -> Response:
    """A form, with the token of its browser."""
    token = re.search(r'name="csrf_token" value="(\w+)"', await page(client, "/forum", person))
    assert token
    headers = {"accept": "text/html"} | person.headers
    return await client.post(path, data={"csrf_token": token[1], **fields}, headers=headers)


async def held(forum: Forum, named: Named, handle: str = "ada") -> tuple[SignedUp, Json]:
    """Somebody with a post that waits."""
    ada = await named(handle)
    await forum.found(ada, f"tea-{handle}")
    return ada, await forum.post(ada, f"tea-{handle}", "On tea", body=LONG)


async def test_every_page_is_there_for_those_whom_it_is_for(
    forum: Forum, client: AsyncClient, desk: Desk, named: Named, sign_up: SignUp
) -> None:
    ada, post = await held(forum, named)
    mod, bob = await sign_up("moderator"), await named("bob")
    case = await desk.case_of(mod, post["post_id"])
    for path in ("/policies", "/policies/be-civil", "/policies/be-civil?version=1"):
        await page(client, path)
    for path in ("/policies/none", "/policies/be-civil?version=9", "/policies/be-civil?against=9"):
        await page(client, path, None, 404)
    for path in (
        "/operate/cases", "/operate/cases?origin=hold&kind=post&severity=0&whose=free&community=tea-ada",
        "/operate/cases?origin=nonsense&severity=9", "/operate/cases/decided", f"/operate/cases/{case['case_id']}",
        "/operate/policies/new", "/operate/policies/be-civil",
    ):  # fmt: skip
        await page(client, path, mod)
        await page(client, path, ada, 403)
        await page(client, path, None, 303)
    open_post = await forum.post(ada, "tea-ada", "Open")
    said = await forum.comment(ada, open_post)
    for path in (f"/forum/posts/{open_post['post_id']}/report", f"/forum/comments/{said['comment_id']}/report"):
        await page(client, path, bob)
        await page(client, path, None, 303)
    await page(client, f"/forum/posts/{post['post_id']}/report", bob, 404)  # nobody knows of it yet
    assert "Report" in await page(client, f"/forum/posts/{open_post['post_id']}", bob)
    assert "/report" not in await page(client, f"/forum/posts/{open_post['post_id']}", ada)
    await page(client, "/account/statements", ada)
    await page(client, "/account/statements", None, 303)


async def test_a_case_by_its_forms_until_the_end_of_its_appeal(
    forum: Forum, client: AsyncClient, desk: Desk, hear: Hear, named: Named, sign_up: SignUp
) -> None:
    ada, post = await held(forum, named)
    mod, second = await sign_up("moderator"), await sign_up("moderator")
    case = f"/operate/cases/{(await desk.case_of(mod, post['post_id']))['case_id']}"
    assert (await send(client, f"{case}/assignee", mod, verb="take")).status_code == 303
    assert "This case is yours" in await page(client, case, mod)
    taken = await send(client, f"{case}/assignee", second, verb="take")
    assert (taken.status_code, "has taken this case" in taken.text) == (409, True)
    assert (await send(client, f"{case}/assignee", second, verb="seize")).status_code == 303
    assert (await send(client, f"{case}/assignee", second, verb="release")).status_code == 303
    missing = await send(client, f"{case}/decision", mod, act="remove", strike="1")
    assert (missing.status_code, "Say why, in up to" in missing.text) == (422, True)
    assert '<option value="1" selected>' in missing.text  # nothing typed is lost
    assert (await send(client, f"{case}/decision", mod, act="remove", note="No word.")).status_code == 303
    late = await send(client, f"{case}/decision", second, act="approve")
    assert (late.status_code, "It was decided on" in late.text, "remove" in late.text) == (409, True, True)
    await hear()
    listed = await page(client, "/account/statements", ada)
    path = re.search(r"/account/statements/[0-9a-f-]{36}", listed)
    assert path
    stated = await page(client, path[0], ada)
    assert "Write to be read, version 1" in stated
    assert "repeated-character" in stated
    empty = await send(client, f"{path[0]}/appeal", ada, words=" ")
    assert (empty.status_code, "Say why it was wrong" in empty.text) == (422, True)
    assert (await send(client, f"{path[0]}/appeal", ada, words="It is a quote.")).status_code == 303
    assert (await send(client, f"{path[0]}/appeal", ada, words="Again.")).status_code == 409
    assert "Your appeal waits" in await page(client, path[0], ada)
    await page(client, path[0], mod, 404)
    appeal = f"/operate/cases/{(await desk.case_of(mod, post['post_id']))['case_id']}"
    assert "It is a quote." in await page(client, appeal, second)
    own = await send(client, f"{appeal}/decision", mod, act="uphold", note="Still.")
    assert (own.status_code, "somebody else" in own.text) == (403, True)
    assert (await send(client, f"{appeal}/decision", second, act="overturn", note="A quote.")).status_code == 303
    await hear()
    assert "You were right" in await page(client, path[0], ada)
    assert await status_of(forum, mod, post) == "published"
    assert "overturned the decision" in await page(client, appeal, mod)


async def test_reporting_and_deciding_many_by_forms(
    forum: Forum, client: AsyncClient, desk: Desk, hear: Hear, named: Named, sign_up: SignUp, product_id: int
) -> None:
    ada, bob, mod = await named("ada"), await named("bob"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "Open <b>")
    path = f"/forum/posts/{post['post_id']}/report"
    nothing = await send(client, path, bob, words="It is rude.")
    assert (nothing.status_code, "Choose what it goes against" in nothing.text) == (422, True)
    assert "It is rude." in nothing.text
    assert (await send(client, path, ada, policy="be-civil")).status_code == 409
    assert (await send(client, path, bob, policy="be-civil", words="It is rude.")).status_code == 303
    asked = await desk.send(ada, "POST", f"/products/{product_id}/questions", {"body": "Is it green?"}, 201)
    question = f"/questions/{asked['question_id']}/report"
    assert "Is it green?" in await page(client, question, bob)
    assert (await send(client, question, bob, policy="none")).status_code == 422
    assert (await send(client, question, bob, policy="no-advertising")).status_code == 303
    assert "It is being looked at" in await page(client, "/account/statements", bob)
    assert "It is rude." not in await page(client, "/forum/c/tea/queue", ada)  # reporters are for the house
    assert "1 report" in await page(client, "/forum/c/tea/queue", ada)
    assert "Tick the cases" in (await send(client, "/operate/cases", mod, act="approve")).text
    ids = [each["case_id"] for each in await desk.cases(mod)]
    unsaid = await send(client, "/operate/cases?whose=free", mod, act="remove", case_id=ids)
    assert (unsaid.status_code, "Say why, in up to" in unsaid.text) == (422, True)
    done = await send(client, "/operate/cases?whose=free", mod, act="approve", case_id=ids)
    assert (done.status_code, "2 decided." in done.text, "Nothing waits" in done.text) == (200, True, True)
    assert "Nothing was found wrong" in await page(client, "/account/statements", bob)


async def test_owners_of_a_community_dismiss_what_was_reported_there(
    forum: Forum, client: AsyncClient, desk: Desk, named: Named, sign_up: SignUp
) -> None:
    ada, bob, mod = await named("ada"), await named("bob"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea")
    await forum.send(ada, "PUT", f"/posts/{post['post_id']}/report", {"policy": "be-civil"}, 204)
    case = await desk.case_of(mod, post["post_id"])
    path = f"/forum/c/tea/reports/{case['case_id']}/dismiss"
    assert (await send(client, path, bob)).status_code == 403
    assert (await send(client, path, ada)).status_code == 303
    assert (await send(client, path, ada)).status_code == 409
    assert await desk.cases(mod) == []
    await forum.send(ada, "PUT", f"/posts/{post['post_id']}/report", {"policy": "be-civil"}, 204)
    [again] = (await forum.send(ada, "GET", "/communities/tea/queue"))["reported"]
    path = f"/communities/tea/reports/{again['case_id']}/dismissal"
    for who, status in ((bob, 403), (ada, 204), (ada, 409)):
        await forum.send(who, "POST", path, status=status)


async def test_policies_are_written_by_form_and_compared(client: AsyncClient, sign_up: SignUp) -> None:
    mod = await sign_up("moderator")
    path = "/operate/policies/be-civil"
    words = {"body": "Argue about the matter.\r\n\r\nKindly.", "severity": "2", "change_note": "Kinder."}
    empty = await send(client, path, mod, was_version="1", **words | {"change_note": ""})
    assert (empty.status_code, "Kindly." in empty.text) == (422, True)
    assert (await send(client, path, mod, was_version="1", **words)).status_code == 303
    assert (await send(client, path, mod, was_version="1", **words)).status_code == 409
    compared = await page(client, "/policies/be-civil?version=2&against=1")
    assert '<ins><span class="sr">New: </span>Kindly.</ins>' in compared
    assert "This is an earlier version" in await page(client, "/policies/be-civil?version=1")
    new = {"title": "Stay on the subject", "body": "Each place has one.", "change_note": "First."}
    assert (await send(client, "/operate/policies/new", mod, **new)).headers["location"] == (
        "/policies/stay-on-the-subject"
    )
    assert (await send(client, "/operate/policies/new", mod, **new)).status_code == 409
    assert "Stay on the subject" in await page(client, "/operate/rules/new", mod)


async def test_who_may_not_write_loses_no_word(
    forum: Forum, client: AsyncClient, desk: Desk, hear: Hear, named: Named, sign_up: SignUp, product_id: int
) -> None:
    ada, post = await held(forum, named)
    mod = await sign_up("moderator")
    case = await desk.case_of(mod, post["post_id"])
    await desk.decide(mod, case, "remove", note="No word.", restrict_days=7)
    await hear()
    for path, fields in (
        ("/forum/c/tea-ada/submit", {"title": "A long thought", "body": "Many words."}),
        (f"/p/{product_id}/questions", {"body": "Many words."}),
    ):
        refused = await send(client, path, ada, **fields)
        assert (refused.status_code, "Many words." in refused.text) == (403, True)
        assert "You can write again on" in refused.text
    assert "Read why, and appeal" in await page(client, f"/forum/posts/{post['post_id']}", ada)
    assert "Read why, and appeal" not in await page(client, f"/forum/posts/{post['post_id']}", mod)
