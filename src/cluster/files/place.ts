import type { SourcePosition } from "../../policy/model.ts";

/** A file, a rendered stream, or a folder that holds some. */
export interface Area {
  /** The folder around it; `undefined` for the outermost one. */
  readonly around: Area | undefined;
  /** How many folders lie around it. */
  readonly depth: number;
}

/** Where an object stands. */
export interface Place {
  /** The file or the rendered stream. */
  readonly area: Area;
  /** A rendered stream: what it does not hold is not there for it, classes, drivers, volumes and nodes aside. */
  readonly closed: boolean;
  readonly source: SourcePosition;
}

/** Makes one area for each folder and file, by their paths; `/` separates. */
export class Areas {
  readonly #folders = new Map<string, Area>();
  readonly #leaves = new Map<string, Area>();

  /** The area of a file or stream in a folder. */
  leaf(folder: string, name: string): Area {
    const key = `${folder}\n${name}`;
    let area = this.#leaves.get(key);
    if (area === undefined) {
      const around = this.#folder(folder);
      area = { around, depth: around.depth + 1 };
      this.#leaves.set(key, area);
    }
    return area;
  }

  #folder(path: string): Area {
    let area = this.#folders.get(path);
    if (area === undefined) {
      const end = path.lastIndexOf("/");
      const around = path === "" ? undefined : this.#folder(end === -1 ? "" : path.slice(0, end));
      area = { around, depth: around === undefined ? 0 : around.depth + 1 };
      this.#folders.set(path, area);
    }
    return area;
  }
}

/** `a.yaml:3:1` */
export function placeText({ source }: Place): string {
  return `${source.file}:${source.line}:${source.column}`;
}
