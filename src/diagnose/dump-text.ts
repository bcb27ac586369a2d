import { AttachguardError } from "../errors.ts";

/**
 * The JSON documents in the text of one dump file, in order: one, or several one after the other (`cat a.json b.json`).
 * A byte order mark is removed. Throws AG_ERR_INPUT for a file that is empty, cut off or not JSON, naming it.
 */
export function documentsIn(file: string, content: string): readonly unknown[] {
  const text = content.charCodeAt(0) === 0xfeff ? content.slice(1) : content;
  if (text.trim() === "")
    throw inputError(file, "is empty: the command that wrote it failed (no permission?); read its error");
  try {
    return [JSON.parse(text)];
  } catch {
    return documentsAfterEachOther(file, text);
  }
}

function documentsAfterEachOther(file: string, text: string): readonly unknown[] {
  const documents: unknown[] = [];
  let start = 0;
  while (start < text.length) {
    const end = endOfDocument(text, start);
    if (end === undefined)
      throw inputError(file, `is cut off: no end of what begins at character ${start + 1}`);
    const part = text.slice(start, end);
    try {
      if (part.trim() !== "") documents.push(JSON.parse(part));
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : "";
      throw inputError(file, `is not JSON (${why}): collect with kubectl get … -o json`);
    }
    start = end;
  }
  return documents;
}

/** The position behind the next object or list; the end of the text where only white space follows. */
function endOfDocument(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth <= 0) return at + 1;
    }
  }
  return depth === 0 && !inString ? text.length : undefined;
}

function inputError(file: string, message: string): AttachguardError {
  return new AttachguardError("AG_ERR_INPUT", `${file} ${message}`);
}
