import { type RequestOptions, request } from "node:https";
import type { Json } from "./reviews.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body, read as JSON. */
  readonly body: Json;
}

/** Sends one request over TLS. Rejects where it gets no answer. */
export function exchange(options: RequestOptions, body: string | Buffer | undefined): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const outgoing = request(options, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk) => {
      text += chunk;
    });
    response.on("error", reject);
    response.on("end", () => {
      const { headers, statusCode = 0 } = response;
      resolve({ status: statusCode, headers, text, body: text === "" ? {} : JSON.parse(text) });
    });
  });
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}
