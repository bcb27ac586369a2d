import { Session } from "node:inspector";

/** The values of an object's `#` fields, as a debugger sees them: for tests of what an object holds on to. */
export function privateFields(object: object): readonly unknown[] {
  const shelf = globalThis as { looked?: { readonly at: object; readonly found: unknown[] } };
  const looked = { at: object, found: [] as unknown[] };
  shelf.looked = looked;
  const session = new Session();
  session.connect();
  try {
    session.post("Runtime.evaluate", { expression: "looked.at" }, (_, { result }) => {
      session.post("Runtime.getProperties", { objectId: result.objectId ?? "" }, (_, properties) => {
        const { privateProperties = [] } = properties as { privateProperties?: readonly Property[] };
        for (const { value } of privateProperties) {
          if (value?.objectId === undefined) continue;
          const functionDeclaration = "function () { looked.found.push(this); }";
          session.post("Runtime.callFunctionOn", { objectId: value.objectId, functionDeclaration });
        }
      });
    });
  } finally {
    session.disconnect();
    delete shelf.looked;
  }
  return looked.found;
}

interface Property {
  readonly value?: { readonly objectId?: string };
}
