"""The floor: the same calls in a bare asyncio loop over aiohttp, a JSON line written for each execution.

    python benchmarks/bare_loop.py http://127.0.0.1:8123/v1 --kind one-call --executions 1000 -o out.jsonl

It has no templates, no records, no retries, no time-outs, no store and no report: what a test bed costs above it is
the price of those.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TextIO

import aiohttp
from workload import ONE_CALL, TERM, THREE_CALLS, call_body, emails, judge_body

Ask = Callable[[dict[str, Any]], Awaitable[str]]


async def one_call(ask: Ask, email: str) -> dict[str, Any]:
    """One call and one check."""
    answer = await ask(call_body(ONE_CALL["answer"].format(email=email)))
    return {"answer": answer, "score": 1.0 if re.search(TERM, answer) else 0.0}


async def three_calls(ask: Ask, email: str) -> dict[str, Any]:
    """Three calls, each with what the one before said, and a judge."""
    values = {"email": email}
    for name, prompt in THREE_CALLS.items():
        said = await ask(call_body(prompt.format(**values)))
        values = {**values, name: said} if name != "email" else {**values, "reply": said}
    opinion = json.loads(await ask(judge_body(values["reply"])))
    return {**values, "score": opinion["score"], "reason": opinion["reason"]}


KINDS = {"one-call": one_call, "three-calls": three_calls}


async def run(url: str, given: argparse.Namespace, out: TextIO) -> None:
    """Make all executions, `in_flight` at once."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(body: dict[str, Any]) -> str:
            async with session.post(url, json=body) as response:
                reply = await response.json()
                return str(reply["choices"][0]["message"]["content"])

        numbers = iter(range(given.executions))
        async with asyncio.TaskGroup() as group:
            for _ in range(min(given.in_flight, given.executions)):
                group.create_task(work(numbers, KINDS[given.kind], ask, out))


async def work(
    numbers: Iterator[int], kind: Callable[[Ask, str], Awaitable[dict[str, Any]]], ask: Ask, out: TextIO
) -> None:
    """One place in flight: an execution after the other, as long as there are any."""
    cases = emails()
    for number in numbers:
        made = await kind(ask, cases[number % len(cases)])
        out.write(json.dumps({"number": number, **made}) + "\n")
        out.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("--kind", choices=KINDS, default="one-call")
    parser.add_argument("--executions", type=int, default=1_000)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("-o", "--output", required=True)
    given = parser.parse_args()
    with open(given.output, "w") as out:  # noqa: PTH123  # a path object would be one more import for the floor
        asyncio.run(run(f"{given.base_url}/chat/completions", given, out))


if __name__ == "__main__":
    main()
