import { Lexer, Parser } from 'yaml'

/** The most levels. A Kubernetes object has some 20; the document and its innermost value count as one each. */
const mostLevels = 100

/**
 * The offset at which the lists and mappings of a YAML text (or of JSON, which is YAML) go deeper than 100 levels; undefined
 * for a text that may be parsed. Call it before parseDocument of yaml gets any text of a host or a file. parseDocument is
 * recursive: if V8 compiles a regular expression when the stack is full, it ends the process, and no catch helps. This function
 * reads the tokens one by one, without recursion, up to the first that is too deep. Brackets in quotes, comments and block
 * texts do not count.
 */
export function nestedTooDeeplyAt(text: string): number | undefined {
  const parser = new Parser()
  for (const token of new Lexer().lex(text)) {
    // The parser yields whole documents, which are not needed here.
    Array.from(parser.next(token))
    if (parser.stack.length > mostLevels) return parser.offset - token.length
  }
  return undefined
}
