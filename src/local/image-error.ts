import { UserError } from '../core/errors.ts'
import type { ImageRecipe } from './recipe.ts'

/** The error that a host image could not be built; `came` is what the builder said last. */
export function imageError(recipe: ImageRecipe, came: string, cause?: unknown): UserError {
  return new UserError(
    {
      where: `host image ${recipe.suite}`,
      problem: 'the image of the hosts cannot be built',
      expected: `Debian packages of ${recipe.suite} from a reachable package archive`,
      came,
      next: 'Check that this machine can install Debian packages (or that Docker can pull debian images), then run this again.',
    },
    { cause },
  )
}
