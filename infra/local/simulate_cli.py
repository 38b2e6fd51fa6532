"""`agora simulate`: life on the local stack, through the doors that people use."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

simulate_app = typer.Typer(no_args_is_help=True, help="Life on the local stack, through the doors that people use.")


@simulate_app.command()
def community(
    people: Annotated[int, typer.Option(help="How many come.", min=2, max=2000)] = 40,
    acts: Annotated[int, typer.Option(help="How many things they do.", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed does the same.")] = 1,
) -> None:
    """People found communities, write, answer and vote. Every word of it is made up, and says so."""
    from infra.local.environment import enter  # noqa: PLC0415

    enter()
    console = Console()
    life = asyncio.run(_live(people, acts, seed, console))
    for what, count in sorted(life.items()):
        console.print(f"{count:>7,}  {what}")


async def _live(people: int, acts: int, seed: int, console: Console) -> dict[str, int]:
    import httpx  # noqa: PLC0415

    from api.core.limits import PASS_HEADER  # noqa: PLC0415
    from api.core.settings import get_settings  # noqa: PLC0415
    from infra.load.community_life import Community, ServerFailed  # noqa: PLC0415
    from infra.local.settings import LocalError  # noqa: PLC0415

    settings = get_settings()
    secret = settings.api_limits_pass
    headers = {PASS_HEADER: secret.get_secret_value()} if secret else {}
    async with httpx.AsyncClient(base_url=settings.api_url, timeout=30, trust_env=False) as client:
        try:
            life = await Community(client, seed, headers).run(people, acts, console.print)
        except httpx.TransportError as error:
            raise LocalError(f"{settings.api_url} does not answer: is the stack up?") from error
        except ServerFailed as error:
            raise LocalError(str(error)) from error
    return dict(life.done) | {f"refused: {what}": count for what, count in life.refused.items()}
