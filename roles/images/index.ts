import { z } from 'zod'
import { defineRole, downloadSource, imageArchive, runtimeNames, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  archives: z.array(
    z.strictObject({
      /** As the plan shows it. */
      name: z.string(),
      source: downloadSource,
      sha256: z.string(),
      site: z.string(),
    }),
  ),
  /** Whose images they become. */
  store: z.enum(runtimeNames),
  /** Done when that runs. */
  runtime: z.custom<Task>(),
})

export type ImagesParameters = z.output<typeof parameters>

/** Image archives that are loaded into the runtime before anything wants to run them. */
export const images = defineRole<ImagesParameters, { readonly loaded: readonly Task[] }>({
  name: 'images',
  params: parameters,
  declare: (scope, params) => ({
    loaded: params.archives.map(archive =>
      scope.add(imageArchive({ store: params.store, ...archive }), { after: [params.runtime] }),
    ),
  }),
})
