/** A block of PEM (RFC 7468) as it stands in a text, from its begin to its end. */
export interface PemBlock {
  /** What it is, e.g. `CERTIFICATE`. */
  readonly label: string
  readonly text: string
}

const boundary = /-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----/g

/** The blocks of a text, in order, without the text between them and blocks that have no end. Any text takes one pass. */
export function pemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = []
  let open: { readonly label: string; readonly at: number } | undefined
  for (const { 0: line, 1: word, 2: label = '', index } of text.matchAll(boundary)) {
    if (word === 'BEGIN') open = { label, at: index }
    else {
      if (open?.label === label) blocks.push({ label, text: text.slice(open.at, index + line.length) })
      open = undefined
    }
  }
  return blocks
}
