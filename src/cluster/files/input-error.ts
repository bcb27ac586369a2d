/** Something in the input that a person should know of; lines and columns count from 1. */
export interface InputError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong and what to do about it. */
  readonly message: string;
  /** False for what is only noted: everything in the document was judged nevertheless. */
  readonly fatal: boolean;
  /** True where the document seems to be a template that was not rendered. */
  readonly template?: true;
  /** True where something was left unrendered, so that not all of it was judged as applied. */
  readonly unrendered?: true;
}

/** A problem with a file as a whole. */
export function fileError(file: string, message: string): InputError {
  return { file, line: 1, column: 1, message, fatal: true };
}

/** Something worth knowing about a file as a whole. */
export function fileNote(file: string, message: string): InputError {
  return { ...fileError(file, message), fatal: false };
}
