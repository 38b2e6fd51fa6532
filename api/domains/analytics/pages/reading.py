"""What is read, on the communities' page: articles, and people's own feeds with what spoke for a post."""

from api.domains.analytics.domain.metrics import METRICS
from api.domains.analytics.pages.boards import Column, Figure, Plot, Table, daily_plot, figure
from api.domains.analytics.pages.writing import SHOWN, change, percent
from api.domains.analytics.service.reading import OF_ARTICLES, SOURCES, Read

NUMBER = SHOWN["number"]
NAMES = {
    "started": "Begun",
    "published": "Published for the first time",
    "renewed": "Published anew",
    "withdrawn": "Taken away",
    "held": "Held by a rule",
    "refused": "Refused by a rule",
    "removed": "Removed by a moderator",
    "reads": "Read",
}
SPOKE = {
    "answered": "Where they answered",
    "voted_alike": "Liked by people alike",
    "joined": "Where they joined",
    "topic": "Like what they liked",
    "owned": "About what they bought",
    "alike": "Where people of theirs are",
    "popular": "Popular with everybody",
}


def figures(read: Read) -> list[Figure]:
    """Articles that came out and were read, drafts that did, and how much of the feed is opened."""
    started, before = read.drafts["started"], read.drafts["started_before"]
    return [
        figure("articles_published", *_both(read, "published"), NUMBER),
        figure("article_reads", *_both(read, "reads"), NUMBER),
        figure(
            "drafts_published_share",
            read.drafts["published"] / started if started else 0.0,
            read.drafts["published_before"] / before if before else 0.0,
            percent,
        ),
        figure(
            "feed_impressions",
            read.shown("impressions", is_now=True),
            read.shown("impressions", is_now=False),
            NUMBER,
        ),
        figure("feed_click_share", read.share(is_now=True) or 0.0, read.share(is_now=False) or 0.0, percent),
    ]


def _both(read: Read, name: str) -> tuple[int, int]:
    return read.articles(name, is_now=True), read.articles(name, is_now=False)


def plot(read: Read) -> Plot:
    """How often articles are read."""
    text = METRICS["article_reads"].meaning
    return daily_plot("reads", "Articles read per day", text, read.period, read.reads_by_day(), Column("", "number"))


def tables(read: Read) -> list[Table]:
    """What happened to articles, and the feed by what spoke for a post."""
    return [_articles(read), _feed(read)]


def _articles(read: Read) -> Table:
    columns = (Column("What"), Column("Number", "number"), Column("Before", "number"), Column("Change", "change"))
    rows = []
    for name in OF_ARTICLES:
        now, before = _both(read, name)
        rows.append((NAMES[name], now, before, change(now, before)))
    text = "From the first word to the reader, on the day on which it happened."
    return Table("articles", "Articles", text, columns, rows, is_wide=False)


def _feed(read: Read) -> Table:
    columns = (
        Column("What spoke for the post"),
        Column("Shown", "number"),
        Column("Opened", "number"),
        Column("Share opened", "percent"),
        Column("Before", "percent"),
        Column("Taken out", "number"),
    )
    rows = [
        (
            SPOKE[source],
            shown,
            read.shown("clicks", is_now=True, source=source),
            read.share(is_now=True, source=source),
            read.share(is_now=False, source=source),
            read.shown("removed", is_now=True, source=source),
        )
        for source in SOURCES
        if (shown := read.shown("impressions", is_now=True, source=source))
    ]
    text = "People's own feeds of the forum. A post counts on the day of its showing, under what spoke most for it."
    return Table("feed", "Personal feed", text, columns, rows, empty="Nobody looked at a feed of their own.")
