import { UserError } from '../core/errors.ts'
import type { ImageRecipe } from './recipe.ts'

/** The error for a host image that cannot be built; `actual` is the last output of the builder. */
export function imageError(recipe: ImageRecipe, actual: string, cause?: unknown): UserError {
  return new UserError(
    {
      where: `host image ${recipe.suite}`,
      problem: 'the image of the hosts cannot be built',
      expected: `Debian packages of ${recipe.suite} from a reachable package archive`,
      actual,
      next: 'Check that this machine can install Debian packages (or that Docker can pull debian images), then run this again.',
    },
    { cause },
  )
}
