import { list, record } from "../../kube/raw.ts";
import { layoutOf } from "./json-layout.ts";
import { LineFinder } from "./line-finder.ts";
import { duplicateKeyMessage, type ParsedFile } from "./parsed-document.ts";

/** Above this size broken JSON is not tried as YAML: that takes minutes and gigabytes. */
const YAML_LIMIT = 4 * 1024 * 1024;

/**
 * The one document of a JSON file. `undefined` where the text is not JSON and may still be YAML (which allows
 * comments, several documents and trailing commas, and names the place of an error better).
 */
export function parseJson(file: string, text: string): ParsedFile | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const single = !/^---/m.test(text);
    return single && text.length > YAML_LIMIT ? brokenJson(file, text, error as SyntaxError) : undefined;
  }
  const layout = layoutOf(text);
  const lines = new LineFinder(file, text);
  const source = lines.positionOf(layout.start);
  const positions = layout.items.map((offset) => lines.positionOf(offset));
  // Entries that are not objects have no position; the two lists then cannot be told apart, and need not be.
  const items = positions.length === list(record(value).items).length ? positions : [];
  const errors = layout.duplicates.map(({ key, offset }) => {
    return { ...lines.positionOf(offset), message: duplicateKeyMessage(key), fatal: false };
  });
  return { documents: [{ value, source, items }], errors };
}

function brokenJson(file: string, text: string, error: SyntaxError): ParsedFile {
  const message = `the file is not valid JSON (${error.message}): nothing in it was judged; collect the dump again`;
  const position = new LineFinder(file, text).positionOf(offsetOf(error, text));
  return { documents: [], errors: [{ ...position, message: message.replace(/\s+/g, " "), fatal: true }] };
}

/** V8 names the offset in some of its messages, and in others a piece of the text. */
function offsetOf({ message }: SyntaxError, text: string): number {
  const named = /position (\d+)/.exec(message);
  if (named !== null) return Number(named[1]);
  return message.includes("Unexpected end") ? text.length : 0;
}
