/** A text to look for. What is searched is its second part: one that begins with a rare letter is found much faster. */
interface Needle {
  readonly before: Buffer;
  readonly searched: Buffer;
}

const OBJECT = needle(',"', 'object":');
const OLD_OBJECT = needle(',"old', 'Object":');
const MANAGED_FIELDS = needle(',"managed', 'Fields":[');
const SPEC = Buffer.from('spec":');
const [QUOTE, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d];

/**
 * The text of a body without the `managedFields` of the objects under review: up to a half of what an API server sends,
 * and no verdict reads them. They are known by how an API server writes them; every other text stays as it is.
 *
 * Nothing but these lists can be meant. A quote after a comma and before a letter opens a text wherever it stands in
 * JSON, so that nothing compared here is within one. An API server sends both objects, be they `null`, and before them
 * nothing that a user can nest; the second one is meant where nothing else is called so, since a user can nest anything
 * in the `managedFields` of a template. Before the first `spec` of an object there is no template, whose own
 * `managedFields` would be a part of what was changed; and what has no bracket between its own is one list.
 * Whether the inside of such a list is JSON is not looked at: an API server sends nothing else.
 *
 * @param bytes UTF-8
 */
export function reviewText(bytes: Buffer): string {
  const object = find(bytes, OBJECT, 0);
  if (object === -1) return bytes.toString();
  const previous = findOnly(bytes, OLD_OBJECT, object);
  let text = "";
  let from = 0;
  for (const beginning of [object, previous]) {
    if (beginning < from || bytes[beginning] !== OPEN_OBJECT) continue;
    const inside = find(bytes, MANAGED_FIELDS, beginning);
    if (inside === -1) continue;
    const end = bytes.indexOf(CLOSE_LIST, inside);
    const nested = bytes.indexOf(OPEN_LIST, inside);
    if ((nested !== -1 && nested < end) || !isFollowedByMember(bytes, end + 1)) continue;
    if (bytes.indexOf(SPEC, beginning) < inside) continue;
    text += bytes.toString("utf8", from, inside);
    from = end;
  }
  return text + bytes.toString("utf8", from);
}

function needle(before: string, searched: string): Needle {
  return { before: Buffer.from(before), searched: Buffer.from(searched) };
}

/** Where what follows the needle begins; -1 where it is not there, or something else is that ends like it. */
function find(bytes: Buffer, { before, searched }: Needle, from: number): number {
  const at = bytes.indexOf(searched, from);
  if (at === -1) return -1;
  for (let back = 1; back <= before.length; back += 1) {
    if (bytes[at - back] !== before[before.length - back]) return -1;
  }
  return at + searched.length;
}

/** The same; -1 also where another one follows. */
function findOnly(bytes: Buffer, sought: Needle, from: number): number {
  const at = find(bytes, sought, from);
  return at === -1 || bytes.indexOf(sought.searched, at) === -1 ? at : -1;
}

/** Whether another member comes next, of the same object or of the one around it. */
function isFollowedByMember(bytes: Buffer, at: number): boolean {
  const comma = bytes[at] === CLOSE_OBJECT ? at + 1 : at;
  const letter = bytes[comma + 2] ?? 0;
  return bytes[comma] === COMMA && bytes[comma + 1] === QUOTE && letter >= 0x61 && letter <= 0x7a;
}
