"""The gateway's own page: the person confirms or refuses there, and goes back to the shop."""

from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from infra.gateway.store import Store

router = APIRouter()
Decision = Annotated[str, Form(pattern="^(confirm|refuse)$")]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox bank</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 30rem; padding: 2rem 1rem;
  color: #1a1f1c; background: #fff }}
button, a.back {{ font: inherit; min-height: 44px; padding: 0 1.25rem; border-radius: 8px; border: 1px solid #0b5c3b;
  background: #0b5c3b; color: #fff; cursor: pointer; display: inline-block; line-height: 44px; text-decoration: none }}
button.plain {{ background: #fff; color: #0b5c3b }}
</style></head>
<body><main><h1>Sandbox bank</h1>{content}</main></body></html>
"""
ASK = """<p>Agora asks for <b>{amount} {currency}</b>. No real money moves.</p>
<form method="post"><button name="decision" value="confirm">Confirm the payment</button>
<button class="plain" name="decision" value="refuse">Refuse</button></form>"""
DONE = "<p>This payment is {status}.</p>{back}"


@router.get("/pay/{charge_id}")
async def show(request: Request, charge_id: str) -> Response:
    """The question, or how it was answered."""
    store: Store = request.app.state.store
    return _page(store.find_by_charge(charge_id))


@router.post("/pay/{charge_id}")
async def decide(
    request: Request, charge_id: str, decision: Annotated[str, Form(pattern="^(confirm|refuse)$")]
) -> Response:
    """Take the person's answer, and send them back to the shop."""
    store: Store = request.app.state.store
    charge = store.decide(charge_id, decision == "confirm")
    if charge is not None and charge["return_url"]:
        return RedirectResponse(charge["return_url"], 303)
    return _page(charge)


def _page(charge: dict[str, Any] | None) -> Response:
    if charge is None:
        raise HTTPException(404, "no such payment")
    if charge["status"] == "requires_action":
        amount = f"{charge['amount_minor']} minor units of"
        content = ASK.format(amount=amount, currency=escape(charge["currency"]))
    else:
        url = charge["return_url"]
        back = f'<p><a class="back" href="{escape(url)}">Back to the shop</a></p>' if url else ""
        content = DONE.format(status=escape(charge["status"]), back=back)
    return HTMLResponse(PAGE.format(content=content))
