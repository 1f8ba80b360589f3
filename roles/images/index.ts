import { type FetchSource, imageArchive, type Role, type RuntimeName, type Task } from '../../src/index.ts'

export interface ImagesParameters {
  readonly archives: readonly {
    /** The name that the plan shows. */
    readonly name: string
    readonly source: FetchSource
    readonly sha256: string
    readonly site: string
  }[]
  /** The runtime that the images are loaded into. */
  readonly store: RuntimeName
  /** Done when the runtime runs. */
  readonly runtime: Task
}

/** Image archives, loaded into the runtime before any container needs them. */
export const images: Role<ImagesParameters, { readonly loaded: readonly Task[] }> = {
  name: 'images',
  declare: (scope, params) => ({
    loaded: params.archives.map(archive =>
      scope.add(imageArchive({ store: params.store, ...archive }), { after: [params.runtime] }),
    ),
  }),
}
