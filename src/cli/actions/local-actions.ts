import { UserError } from '../../core/index.ts'
import type * as Local from './local.ts'

/** The optional peer dependency in evcctl's package.json. Its 200 packages are needed by `evcctl local` only. */
const wanted = 'testcontainers@12'

/** Loads the actions of `evcctl local`. Raises UserError if testcontainers, which only they need, is not installed. */
export async function localActions(): Promise<typeof Local> {
  try {
    return await import('./local.ts')
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new UserError(
      {
        where: 'evcctl local',
        problem: 'The library that starts containers is not installed; it does not come with evcctl.',
        expected: wanted,
        next: `npm install -g ${wanted}   (without -g where evcctl was installed without it)`,
      },
      { cause: error },
    )
  }
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes("'testcontainers'")
  )
}
