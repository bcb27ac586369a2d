import { isAbsolute, join } from "node:path";
import type { ClosureBuilder } from "./closure-builder.ts";
import type { ClosureRole } from "./closure-model.ts";
import { fieldText, isMapping, parseStrictly, strictDocuments } from "./go-json.ts";
import { KUSTOMIZATION_NAMES } from "./kustomization-names.ts";
import { oneLine } from "./not-rendered.ts";
import { isInside, isRemote } from "./paths.ts";
import { kustomizationReferences, pluginReferences, type Reference, type References } from "./references.ts";

/** Fields of a kustomization that leave its resources as they are written. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set(["apiversion", "kind", "metadata", "resources"]);

/** Where a walk is. */
interface Place {
  /** The real folder of the kustomization. */
  readonly folder: string;
  /** The real folders that led here, this one last. */
  readonly path: readonly string[];
  /** What its resources are: objects, or configurations of plugins for the kustomization in `pluginRoot`. */
  readonly role: "resource" | "plugin";
  readonly pluginRoot: string;
}

/** Collects everything that a kustomization is made of. */
export async function kustomizationClosure(builder: ClosureBuilder, root: string): Promise<void> {
  await new KustomizationWalk(builder).start(root);
}

class KustomizationWalk {
  readonly #builder: ClosureBuilder;
  readonly #visited = new Set<string>();

  constructor(builder: ClosureBuilder) {
    this.#builder = builder;
  }

  async start(root: string): Promise<void> {
    const kustomization = await this.#visit({
      folder: root,
      path: [root],
      role: "resource",
      pluginRoot: root,
    });
    this.#builder.namespace = fieldText(kustomization, "namespace");
    if (fieldText(kustomization, "kind") === "Component") {
      this.#builder.standalone = false;
      this.#builder.problem("component", `${this.#builder.name(root)} is a Component`);
    }
  }

  /** Reads the kustomization of a folder and all it names; answers with its content. */
  async #visit(place: Place): Promise<unknown> {
    const key = `${place.role}\0${place.pluginRoot}\0${place.folder}`;
    if (this.#visited.has(key) || this.#builder.full) return undefined;
    this.#visited.add(key);
    this.#builder.uses.add(place.folder);
    const kustomization = await this.#read(place.folder);
    if (kustomization === undefined) return undefined;
    const { content, file } = kustomization;
    if (place.role === "plugin" && Object.keys(content).some((key) => !PLAIN_FIELDS.has(key.toLowerCase()))) {
      this.#builder.problem(
        "program",
        `${file} customizes transformers or generators, which could make them another`,
      );
    }
    await this.#follow(kustomizationReferences(content), place, place.folder, file);
    return content;
  }

  async #read(folder: string): Promise<{ readonly content: object; readonly file: string } | undefined> {
    const found: string[] = [];
    for (const name of KUSTOMIZATION_NAMES) {
      const path = join(folder, name);
      if ((await this.#builder.resolve(path)) !== undefined) found.push(path);
    }
    const [path] = found;
    if (path === undefined || found.length > 1) {
      const count = path === undefined ? "no kustomization.yaml" : "more than one kustomization file";
      this.#builder.problem("unreadable", `${this.#builder.name(folder)} holds ${count}`);
      return undefined;
    }
    const file = this.#builder.name(path);
    const real = await this.#file(path, folder, "kustomization", file);
    if (real === undefined) return undefined;
    const parsed = strictDocuments(await this.#builder.files.readFile(real));
    const [content, second] = "problem" in parsed ? [] : parsed.documents;
    if ("problem" in parsed || second !== undefined || !isMapping(content)) {
      const what = "problem" in parsed ? parsed.problem : "is not one YAML mapping";
      this.#builder.problem("unreadable", `${file} ${what}`);
      return undefined;
    }
    return { content, file };
  }

  async #follow(found: References, place: Place, base: string, file: string): Promise<void> {
    for (const { code, what } of found.obstacles) this.#builder.problem(code, `${file} ${what}`);
    for (const reference of found.references) {
      if (this.#builder.full) return;
      await this.#reference(reference, place, base, file);
    }
  }

  async #reference(reference: Reference, place: Place, base: string, file: string): Promise<void> {
    const { value, field, to, inline } = reference;
    if (typeof value !== "string" || value === "") {
      this.#builder.problem("unreadable", `${file} holds something other than a path in ${field}`);
      return;
    }
    const role = reference.role === "resource" ? place.role : reference.role;
    const what = `${file} names ${oneLine(value, 120)} (${field})`;
    // Text of several lines is never an address; a line may be YAML here and an address to the tool.
    if (!value.includes("\n") && isRemote(value)) {
      this.#builder.problem("remote", `${what}, which is not in the tree`);
      return;
    }
    if (inline && (await this.#inline(value, role, place, file))) return;
    if (isAbsolute(value)) {
      this.#builder.problem("outside", `${what} by an absolute path`);
      return;
    }
    const path = join(base, value);
    const real = await this.#builder.resolve(path);
    if (real === "outside") {
      this.#builder.problem("outside", `${what}, which is outside the tree`);
      return;
    }
    const kind = real === undefined ? undefined : (await this.#builder.files.stat(real))?.kind;
    if (real !== undefined && kind === "folder" && to !== "file") {
      await this.#folder(real, role, place, what);
    } else if (kind === "file" && to !== "folder") {
      await this.#leaf(path, role, place, base, what);
    } else {
      this.#builder.problem(
        "unreadable",
        `${what}, which is ${kind === undefined ? "not there" : `a ${kind}`}`,
      );
    }
  }

  /** True where the text is YAML itself; plugins in it are followed. */
  async #inline(text: string, role: ClosureRole, place: Place, file: string): Promise<boolean> {
    const parsed = parseStrictly(text);
    if ("problem" in parsed || !parsed.documents.every(isMapping)) {
      if (text.includes("\n")) this.#builder.problem("unreadable", `${file} holds text that is not YAML`);
      return text.includes("\n");
    }
    if (role === "plugin") await this.#plugins(parsed.documents, place, file);
    return true;
  }

  async #folder(folder: string, role: ClosureRole, place: Place, what: string): Promise<void> {
    // The same test as kustomize's errIfArgEqualOrHigher.
    if (place.path.some((ancestor) => isInside(folder, ancestor))) {
      this.#builder.problem("unreadable", `${what}, which leads back to where it comes from`);
      return;
    }
    await this.#visit({
      folder,
      path: [...place.path, folder],
      role: role === "plugin" ? "plugin" : "resource",
      pluginRoot: place.role === "plugin" ? place.pluginRoot : place.folder,
    });
  }

  async #leaf(path: string, role: ClosureRole, place: Place, base: string, what: string): Promise<void> {
    const real = await this.#file(path, base, role, what);
    if (real === undefined || role !== "plugin") return;
    const file = this.#builder.name(path);
    const parsed = strictDocuments(await this.#builder.files.readFile(real));
    if ("problem" in parsed) this.#builder.problem("unreadable", `${file} ${parsed.problem}`);
    else await this.#plugins(parsed.documents, place, file);
  }

  async #plugins(configs: readonly unknown[], place: Place, file: string): Promise<void> {
    for (const config of configs) {
      if (!isMapping(config)) {
        this.#builder.problem("unreadable", `${file} is not the configuration of a plugin`);
        continue;
      }
      // Whatever folder the configuration lies in, its paths start at the kustomization that uses it.
      const base = place.role === "plugin" ? place.pluginRoot : place.folder;
      await this.#follow(pluginReferences(config), { ...place, role: "resource" }, base, file);
    }
  }

  /** Adds a file; kustomize itself refuses one that is not below the folder of its kustomization. */
  async #file(path: string, folder: string, role: ClosureRole, what: string): Promise<string | undefined> {
    const real = await this.#builder.resolve(path);
    if (real === undefined || real === "outside" || !isInside(folder, real)) {
      this.#builder.problem("outside", `${what} is outside the folder of its kustomization`);
      return undefined;
    }
    const found = await this.#builder.files.stat(real);
    if (found?.kind !== "file") {
      this.#builder.problem("unreadable", `${this.#builder.name(path)} is not a file`);
      return undefined;
    }
    this.#builder.add({ path, real, role, root: folder }, found.size);
    return this.#builder.full ? undefined : real;
  }
}
