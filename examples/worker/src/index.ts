interface Env {
  COUNTERS: KVNamespace;
  PICTURES: R2Bucket;
  SIZES: string;
}

/** `/images/640/cup.jpg` is the object `640/cup.jpg` of the bucket. */
function keyOf(url: URL, sizes: string[]): string | undefined {
  const [size, ...name] = url.pathname.replace(/^\/(images\/)?/, "").split("/");
  return sizes.includes(size) && name.length > 0 ? [size, ...name].join("/") : undefined;
}

async function count(env: Env, key: string): Promise<void> {
  const seen = Number((await env.COUNTERS.get(key)) ?? 0);
  await env.COUNTERS.put(key, String(seen + 1));
}

export default {
  async fetch(request, env, context): Promise<Response> {
    const key = keyOf(new URL(request.url), env.SIZES.split(","));
    if (request.method !== "GET" || key === undefined) return new Response("no such picture", { status: 404 });
    const picture = await env.PICTURES.get(key);
    if (picture === null) return new Response("no such picture", { status: 404 });
    context.waitUntil(count(env, key));
    const headers = new Headers({ etag: picture.httpEtag, "cache-control": "public, max-age=86400" });
    picture.writeHttpMetadata(headers);
    return new Response(picture.body, { headers });
  },

  /** Forgets the counters of pictures that are gone. */
  async scheduled(_event, env): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await env.COUNTERS.list({ cursor });
      for (const { name } of page.keys) {
        if ((await env.PICTURES.head(name)) === null) await env.COUNTERS.delete(name);
      }
      cursor = page.list_complete ? undefined : page.cursor;
    } while (cursor !== undefined);
  },
} satisfies ExportedHandler<Env>;
