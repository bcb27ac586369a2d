import { createServer } from "node:http";
import { AttachguardError, judge, render } from "attachguard";

const LIMIT = 5 * 1024 * 1024;

const FORM = `<!doctype html><title>Will it get stuck?</title>
<form method="post" enctype="text/plain"><textarea name="manifests" rows="30" cols="100"></textarea>
<p><button>Judge</button></form>`;

/** A server with a page to which manifests are sent, as YAML or JSON, and which answers with what was found. */
export function portal() {
  return createServer(async (request, response) => {
    const answer = (code, type, text) => response.writeHead(code, { "content-type": type }).end(text);
    if (request.method !== "POST") return answer(200, "text/html; charset=utf-8", FORM);
    try {
      const body = await bodyOf(request);
      if (body === undefined) return answer(413, "text/plain", `at most ${LIMIT} bytes are judged\n`);
      // What a form sends begins with the name of its field.
      const report = await judge(body.replace(/^manifests=/, ""));
      const wantsJson = request.headers.accept === "application/json";
      return wantsJson
        ? answer(200, "application/json", await render(report, "json"))
        : answer(200, "text/html; charset=utf-8", await render(report, "html"));
    } catch (error) {
      if (error instanceof AttachguardError) return answer(400, "text/plain", `${error.message}\n`);
      console.error(error);
      return answer(500, "text/plain", "it could not be judged\n");
    }
  });
}

/** `undefined` where it is too large. */
async function bodyOf(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > LIMIT) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
