import { ownValue } from '../../core/own-value.ts'
import { expandHome } from '../home.ts'
import { type ConfigLine, configError } from './lines.ts'

/**
 * A value with its %-tokens replaced (ssh_config(5), TOKENS). Raises UserError with file and line for a token that is not
 * in `tokens`.
 */
export function expandTokens(
  line: ConfigLine,
  tokens: Readonly<Record<string, string>>,
  text = line.words[0] ?? '',
): string {
  return text.replace(/%(.?)/gs, (_whole, token: string) => {
    if (token === '%') return '%'
    const value = ownValue(tokens, token)
    if (value !== undefined) return value
    throw configError(
      line,
      `${line.keyword} has a token that evcctl does not know`,
      ['%%', ...Object.keys(tokens).map(name => `%${name}`)].join(' '),
      text,
    )
  })
}

/** A path with `~`, `${VARIABLE}` and tokens replaced. Raises UserError for an unknown token or a variable that is not set. */
export function expandPath(line: ConfigLine, tokens: Readonly<Record<string, string>>, text?: string): string {
  const whole = expandHome(text ?? line.words[0] ?? '')
  const variables = whole.replace(/\$\{([^}]*)\}/g, (_whole, name: string) => {
    const value = ownValue(process.env, name)
    if (value === undefined)
      throw configError(line, `${line.keyword} names an environment variable that is not set`, `$${name} is set`, whole)
    return value.replaceAll('%', '%%')
  })
  return expandTokens(line, tokens, variables)
}
