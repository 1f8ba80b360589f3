import { z } from 'zod'
import { localPath, text } from './scalars.ts'

const expected = '{ fromEnv: NAME }, { fromFile: path } or { prompt: true }'

/** Where a secret is taken from. The secret itself is never in cluster.yaml. `what` describes the secret in a sentence. */
export function secret(what: string) {
  return z
    .strictObject(
      {
        fromEnv: text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable')
          .describe('Name of the environment variable that holds it.')
          .optional(),
        fromFile: localPath.describe('File that holds it; one line break at its end is not part of it.').optional(),
        prompt: z.literal(true).describe('Ask for it on the terminal.').optional(),
      },
      { error: issue => (issue.code === 'invalid_type' ? expected : undefined) },
    )
    .refine(source => Object.values(source).filter(value => value !== undefined).length === 1, {
      error: `exactly one of ${expected}`,
    })
    .meta({ minProperties: 1, maxProperties: 1 })
    .describe(`${what} Never written here: where to take it from.`)
}

/** A user name for HTTP basic authentication, where a colon would end it (RFC 7617). */
export const loginName = text(/^[^\s\p{Cc}\p{Cs}:][^\p{Cc}\p{Cs}:]*$/u, 'a user name without a colon')
