import { Lexer, Parser } from 'yaml'

/** The most levels: a document of Kubernetes has some 20, of which the document and its innermost value are one each. */
const mostLevels = 100

/**
 * The offset at which the lists and mappings of a YAML text (or of JSON, which is YAML) go deeper than 100 levels; undefined
 * for a text that may be parsed. Ask before any text of a host or a file is given to parseDocument of yaml, which is
 * recursive: at the end of the stack, V8 ends the process where it compiles a regular expression, and no catch helps. The
 * tokens are read here one by one, without recursion, up to the first that is too deep. Brackets in quotes, comments and
 * block texts do not count.
 */
export function nestedTooDeeplyAt(text: string): number | undefined {
  const parser = new Parser()
  for (const token of new Lexer().lex(text)) {
    // What it yields are whole documents, which nobody needs here.
    Array.from(parser.next(token))
    if (parser.stack.length > mostLevels) return parser.offset - token.length
  }
  return undefined
}
