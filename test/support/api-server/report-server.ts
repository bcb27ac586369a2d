import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Ajv, type ValidateFunction } from "ajv";
import { parse } from "yaml";

export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [member: string]: unknown;
  };
  readonly [member: string]: unknown;
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly [member: string]: unknown;
}

export interface Written {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

const SCHEMAS = join(import.meta.dirname, "../../../../shared/schemas");

/** The definitions by the file that has them: plural.group. */
const DEFINITIONS: Readonly<Record<string, string>> = {
  "openreports.io/v1alpha1": "openreports.io_reports.yaml openreports.io_clusterreports.yaml",
  "wgpolicyk8s.io/v1alpha2": "wgpolicyk8s.io_policyreports.yaml wgpolicyk8s.io_clusterpolicyreports.yaml",
};

interface Definition {
  readonly plural: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly isValid: ValidateFunction;
}

/**
 * An API server for reports in front of another one that has everything else. It keeps what fits the real
 * definitions, read as strictly as it can be, and knows names, uids, versions and preconditions.
 */
export class ReportServer {
  readonly writes: Written[] = [];
  /** Called before each write is carried out. */
  before: (written: Written) => void = () => {};
  /** A status to answer a write with instead. */
  refuse: (written: Written) => { readonly status: number; readonly message: string } | undefined = () =>
    undefined;
  readonly #behind: URL;
  readonly #definitions = new Map<string, readonly Definition[]>();
  readonly #objects = new Map<string, StoredObject>();
  readonly #server: http.Server;
  #version = 1;

  private constructor(behind: string, apis: readonly string[]) {
    this.#behind = new URL(behind);
    for (const api of apis) this.#definitions.set(api, definitionsOf(api));
    this.#server = http.createServer((request, response) => void this.#answer(request, response));
  }

  static async start(behind: string, apis: readonly string[]): Promise<ReportServer> {
    const started = new ReportServer(behind, apis);
    started.#server.listen(0, "127.0.0.1");
    await once(started.#server, "listening");
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** All objects, by `plural/namespace/name`. */
  get objects(): ReadonlyMap<string, StoredObject> {
    return this.#objects;
  }

  /** Writes as somebody else would, past every check. */
  put(
    api: string,
    plural: string,
    object: { readonly metadata: Metadata; readonly [member: string]: unknown },
  ): void {
    const { metadata } = object;
    const key = `${api}/${plural}/${metadata.namespace ?? ""}/${metadata.name}`;
    const uid = this.#objects.get(key)?.metadata.uid ?? `stored-${this.#version}`;
    this.#store(key, { apiVersion: api, kind: "Report", ...object, metadata: { ...metadata, uid } });
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }

  #store(
    key: string,
    object: { readonly metadata: Metadata; readonly [member: string]: unknown },
  ): StoredObject {
    const resourceVersion = String(++this.#version);
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion } } as StoredObject;
    this.#objects.set(key, stored);
    return stored;
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://server");
    const [, , group, version, ...rest] = url.pathname.split("/");
    const api = `${group}/${version}`;
    if (DEFINITIONS[api] === undefined) {
      this.#forward(request, response);
      return;
    }
    const definitions = this.#definitions.get(api);
    if (definitions === undefined) {
      send(response, 404, status(404, "the server could not find the requested resource"));
      return;
    }
    if (rest.length === 0) {
      send(response, 200, { resources: definitions.map(({ plural }) => ({ name: plural })) });
      return;
    }
    const [namespace, plural, name] =
      rest[0] === "namespaces" && rest.length > 2 ? [rest[1] ?? "", rest[2], rest[3]] : ["", ...rest];
    const definition = definitions.find((each) => each.plural === plural);
    if (definition === undefined) {
      send(response, 404, status(404, `${plural} not found`));
      return;
    }
    const method = request.method ?? "";
    const prefix = `${api}/${plural}/`;
    if (method === "GET") {
      const found = this.#objects.get(`${prefix}${namespace}/${name}`);
      if (name === undefined) send(response, 200, this.#list(prefix, namespace, url.searchParams));
      else if (found === undefined) send(response, 404, status(404, `${plural} "${name}" not found`));
      else send(response, 200, found);
      return;
    }
    const written: Written = { method, path: url.pathname, body: JSON.parse(await text(request)) };
    this.writes.push(written);
    this.before(written);
    const refused = this.refuse(written);
    if (refused !== undefined) send(response, refused.status, status(refused.status, refused.message));
    else send(response, ...this.#write(written, definition, prefix, namespace, name));
  }

  #write(
    { method, body }: Written,
    { isValid, kind, namespaced }: Definition,
    prefix: string,
    namespace: string,
    name: string | undefined,
  ): readonly [code: number, body: object] {
    if (method === "DELETE") {
      const key = `${prefix}${namespace}/${name}`;
      const found = this.#objects.get(key);
      if (found === undefined) return [404, status(404, "not found")];
      const { preconditions } = body as { preconditions?: { uid?: string; resourceVersion?: string } };
      const { uid, resourceVersion } = found.metadata;
      if (preconditions?.uid === undefined || preconditions.resourceVersion === undefined) {
        throw new Error("a deletion without uid and resourceVersion");
      }
      if (preconditions.uid !== uid || preconditions.resourceVersion !== resourceVersion) {
        return [409, status(409, "the precondition does not hold")];
      }
      this.#objects.delete(key);
      return [200, status(200, "deleted")];
    }
    const object = body as StoredObject;
    if (!isValid(object)) return [422, status(422, JSON.stringify(isValid.errors))];
    const { metadata } = object;
    if (object.kind !== kind) return [400, status(400, `it is no ${kind}`)];
    if ((metadata.namespace ?? "") !== namespace || namespaced !== (namespace !== "")) {
      return [400, status(400, "the namespace of the object is not that of the request")];
    }
    const key = `${prefix}${namespace}/${metadata.name}`;
    const found = this.#objects.get(key);
    if (method === "POST") {
      if (found !== undefined) return [409, status(409, "already exists")];
      return [
        201,
        this.#store(key, { ...object, metadata: { ...metadata, uid: `stored-${this.#version}` } }),
      ];
    }
    if (found === undefined) return [404, status(404, "not found")];
    if (metadata.uid === undefined || metadata.resourceVersion === undefined) {
      throw new Error("a replacement without uid and resourceVersion");
    }
    const { uid, resourceVersion } = found.metadata;
    if (metadata.uid !== uid || metadata.resourceVersion !== resourceVersion) {
      return [409, status(409, "the object has been modified")];
    }
    return [200, this.#store(key, object)];
  }

  #list(prefix: string, namespace: string, query: URLSearchParams): object {
    const [label = "", value] = (query.get("labelSelector") ?? "").split("=");
    const start = Number(query.get("continue") ?? 0);
    const end = start + Number(query.get("limit"));
    const all = [...this.#objects]
      .filter(([key]) => key.startsWith(namespace === "" ? prefix : `${prefix}${namespace}/`))
      .map(([, object]) => object)
      .filter(({ metadata }) => label === "" || metadata.labels?.[label] === value);
    const next = end < all.length ? { continue: String(end) } : {};
    return { kind: "List", metadata: { resourceVersion: "1", ...next }, items: all.slice(start, end) };
  }

  #forward(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method, headers, url } = request;
    const { hostname, port } = this.#behind;
    const onwards = http.request({ hostname, port, path: url, method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    onwards.on("error", () => response.destroy());
    response.on("close", () => onwards.destroy());
    request.pipe(onwards);
  }
}

function definitionsOf(api: string): readonly Definition[] {
  const [, version] = api.split("/");
  return (DEFINITIONS[api] ?? "").split(" ").map((file) => {
    const { spec } = parse(readFileSync(join(SCHEMAS, file), "utf8"));
    const { schema } = spec.versions.find((each: { name: string }) => each.name === version);
    const strictly = strict(schema.openAPIV3Schema) as { properties: Record<string, object> };
    strictly.properties.metadata = { type: "object" };
    const ajv = new Ajv({ strict: false, validateFormats: false });
    return {
      plural: spec.names.plural,
      kind: spec.names.kind,
      namespaced: spec.scope === "Namespaced",
      isValid: ajv.compile(strictly),
    };
  });
}

/** The API server drops what a definition does not know; a test should see it. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  const members = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  return "properties" in members && !("additionalProperties" in members)
    ? { ...members, additionalProperties: false }
    : members;
}

function status(code: number, message: string): object {
  return { kind: "Status", apiVersion: "v1", code, message };
}

function send(response: http.ServerResponse, code: number, body: object): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
