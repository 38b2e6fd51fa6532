"""What somebody was told, as a sentence."""

from api.domains.communities.contracts import Notification

# act → what it is to a post or comment, and to a person
ON_WORDS = {
    "remove": "was removed",
    "restore": "is back",
    "approve": "was approved",
    "reject": "was rejected",
    "lock": "was locked",
    "unlock": "takes answers again",
    "undo": "is as it was before a moderator acted",
}
ON_PERSON = {
    "ban": "You are banned from",
    "unban": "You are no longer banned from",
    "appoint": "You are a moderator of",
    "demote": "You are no longer a moderator of",
    "admit": "You are a member of",
    "decline": "You were not let into",
    "undo": "What a moderator did about you was taken back in",
}


def sentence(told: Notification) -> str:
    """What happened, without the reason."""
    about = f"“{told.title}”" if told.title else f"a post in {told.community_name}"
    if told.kind == "reply":
        return f"{told.actor} answered you on {about}"
    if told.kind == "mention":
        return f"{told.actor} mentioned you {'on' if told.comment_id else 'in'} {about}"
    act = told.act or ""
    if told.comment_id is not None:
        return f"Your comment on {about} {ON_WORDS.get(act, act)}"
    if told.post_id is not None:
        mine = f"Your post {about}" if told.title else f"Your post in {told.community_name}"
        return f"{mine} {ON_WORDS.get(act, act)}"
    return f"{ON_PERSON.get(act, act)} {told.community_name}"
