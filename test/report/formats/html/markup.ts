const SELF_MADE = /<(style|script)>[\s\S]*?<\/\1>/g;

/** Every tag with its attributes' names, in order: what a page is made of, whatever its texts are. */
export function tagsOf(page: string): readonly string[] {
  return [...page.replace(SELF_MADE, "<$1>").matchAll(/<[^>]*>/g)].map(([tag]) =>
    tag.replace(/="[^"]*"/g, "="),
  );
}

/** What a person reads of a page, on one line. */
export function escapedText(page: string): string {
  return page
    .replace(SELF_MADE, "")
    .replace(/<div([^>]*)><dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g, "$3 $2 ")
    .replace(/<[^>]*>/g, "")
    .replace(/&quot;/g, '"')
    .replace(/\s+/g, " ");
}
