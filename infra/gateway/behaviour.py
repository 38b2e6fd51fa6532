"""What a token makes the gateway do. A token stands for a card that behaves; no card number is ever asked for.

`tok_ok` pays; `tok_declined` and `tok_insufficient_funds` are refused; `tok_slow` pays after some seconds;
`tok_lost_answer` takes the money and breaks the answer off; `tok_action` needs a second step on the gateway's own page,
where the person confirms or refuses; `tok_dispute` pays, and the holder complains at once; `tok_refund_fails` pays and
takes no refund. Of webhooks, `tok_webhook_twice` sends each twice, `tok_webhook_late` after some seconds,
`tok_webhook_never` none, `tok_webhook_reordered` the first one after all others, and `tok_webhook_first` sends them
before the answer.
"""

REFUSALS = {"tok_declined": "card_declined", "tok_insufficient_funds": "insufficient_funds"}
SLOW, LOST_ANSWER, ACTION, DISPUTE = "tok_slow", "tok_lost_answer", "tok_action", "tok_dispute"
REFUND_FAILS = "tok_refund_fails"
TWICE, LATE, NEVER = "tok_webhook_twice", "tok_webhook_late", "tok_webhook_never"
REORDERED, FIRST = "tok_webhook_reordered", "tok_webhook_first"
TOKENS = frozenset(
    {
        "tok_ok",
        SLOW,
        LOST_ANSWER,
        ACTION,
        DISPUTE,
        REFUND_FAILS,
        TWICE,
        LATE,
        NEVER,
        REORDERED,
        FIRST,
        *REFUSALS,
    }
)


def deliveries_of(token: str, is_first: bool, slow_seconds: float) -> tuple[float, ...]:
    """In how many seconds an event of a charge with this token is delivered; one number for each delivery."""
    if token == NEVER:
        return ()
    if token == TWICE:
        return (0.0, 0.0)
    if token == LATE or (token == REORDERED and is_first):
        return (slow_seconds,)
    return (0.0,)
