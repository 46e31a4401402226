"""What a user of the official SDK writes to read all tokens: `audit_sdk.py MODE`, with the SDK's own variables for URL and key.

MODE `pages` reads the pages of every list at once, 32 calls in flight, 50 tokens in a page: as fast as the SDK can be used.
MODE `paging` lets the SDK's own iterator turn the pages, the lists of all owners at once: as its README shows it.
Prints the number of tokens and the seconds since the SDK was imported. The list carries policies: no token is asked for alone."""

import asyncio, sys, time
from cloudflare import AsyncCloudflare

mode, in_flight = sys.argv[1], 32


async def main():
    client, gate = AsyncCloudflare(max_retries=0), asyncio.Semaphore(in_flight)

    async def page(method, number, **owner):
        async with gate:
            return await method(page=number, per_page=50, **owner)

    async def listed(method, **owner):
        if mode == "paging":
            return [entry async for entry in method(per_page=50, **owner)]
        first = await page(method, 1, **owner)
        info = first.result_info
        pages = -(-info.total_count // 50)
        rest = await asyncio.gather(*(page(method, number, **owner) for number in range(2, pages + 1)))
        return [entry for one in [first, *rest] for entry in one.result]

    async def accounts():
        found = await listed(client.accounts.list)
        return await asyncio.gather(*(listed(client.accounts.tokens.list, account_id=account.id) for account in found))

    user, owned, zones = await asyncio.gather(listed(client.user.tokens.list), accounts(), listed(client.zones.list))
    tokens = [*user, *(token for each in owned for token in each)]
    assert all(token.policies for token in tokens)
    return len(tokens)


start = time.monotonic()
print(asyncio.run(main()), f"{time.monotonic() - start:.4f}")
